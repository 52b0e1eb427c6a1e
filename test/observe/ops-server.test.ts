import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { Probes, startOpsServer, type OpsServer } from '../../src/observe/index.ts';

describe('ops server', () => {
  let server: OpsServer;
  let failure: string | undefined;

  beforeEach(async () => {
    failure = undefined;
    const metrics = new Registry();
    new Counter({ name: 'mctunnel_test_total', help: 'test', registers: [metrics] }).inc(3);
    const probes = new Probes();
    probes.add('readyz', 'tunnel-server', () => failure);
    server = await startOpsServer({ host: '127.0.0.1', port: 0, probes, metrics });
  });
  afterEach(() => server.close());

  const get = async (path: string, init?: RequestInit): Promise<{ status: number; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { status: response.status, text: await response.text() };
  };

  it('answers ok while every check holds, and lists them on request', async () => {
    expect(await get('/readyz')).toEqual({ status: 200, text: 'ok' });
    expect(await get('/readyz?verbose')).toEqual({
      status: 200,
      text: '[+]ping ok\n[+]tunnel-server ok\nreadyz check passed\n',
    });
  });

  it('answers 500 with the reason, and only for the probe that fails', async () => {
    failure = 'draining';
    expect(await get('/readyz')).toEqual({
      status: 500,
      text: '[+]ping ok\n[-]tunnel-server failed: draining\nreadyz check failed\n',
    });
    expect(await get('/readyz?exclude=tunnel-server')).toMatchObject({ status: 200 });
    expect(await get('/livez')).toMatchObject({ status: 200 });
    expect(await get('/healthz')).toMatchObject({ status: 200 });
  });

  it('answers for one check alone', async () => {
    expect(await get('/readyz/tunnel-server')).toEqual({ status: 200, text: 'ok' });
    failure = 'draining';
    expect(await get('/readyz/tunnel-server')).toEqual({
      status: 500,
      text: 'internal server error: draining\n',
    });
    expect(await get('/readyz/ping')).toEqual({ status: 200, text: 'ok' });
    expect(await get('/healthz/ping')).toEqual({ status: 200, text: 'ok' });
    for (const path of ['/readyz/nobody', '/livez/tunnel-server', '/readyz/ping/x', '/readyz/constructor']) {
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    }
  });

  it('says which check it could not leave out', async () => {
    expect(await get('/readyz?verbose&exclude=tunel-server')).toEqual({
      status: 200,
      text: '[+]ping ok\n[+]tunnel-server ok\nwarn: some health checks cannot be excluded: no matches for "tunel-server"\nreadyz check passed\n',
    });
  });

  it('serves the metrics', async () => {
    expect((await get('/metrics')).text).toContain('mctunnel_test_total 3');
  });

  it('refuses other paths and methods', async () => {
    expect(await get('/constructor')).toMatchObject({ status: 404 });
    expect(await get('/metrics', { method: 'POST' })).toMatchObject({ status: 405 });
  });

  it('survives garbage', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write('\x00\xff GET\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toContain('400 Bad Request');
    expect(await get('/livez')).toMatchObject({ status: 200 });
  });

  it('says when the address is taken', async () => {
    const options = { host: '127.0.0.1', port: server.port, probes: new Probes(), metrics: new Registry() };
    await expect(startOpsServer(options)).rejects.toThrow('EADDRINUSE');
  });
});
