import { afterEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:tls';
import { CA, PROXY, RawClient, ScriptedAgent, send, startGateway, statusIn, TLS, until } from './harness.ts';
import type { ScriptedStream, TestGateway } from './harness.ts';
import { TestCa } from '../pki.ts';

let hub: TestGateway;
afterEach(() => hub.close());

const EVENT = '{"type":"ADDED","object":{}}\n';
const JSON_HEAD = { status: 200, headers: ['Content-Type', 'application/json'] };

async function watching(query = '', head = JSON_HEAD): Promise<{ client: RawClient; far: ScriptedStream }> {
  const agent = new ScriptedAgent();
  hub = await startGateway({ accept: agent.accept });
  const client = new RawClient(hub.port).send(
    `GET ${PROXY}/api/v1/pods?watch=1${query} HTTP/1.1\r\nHost: h\r\n\r\n`,
  );
  const far = await agent.stream();
  far.stream.sendHead(head);
  far.stream.write(Buffer.from(EVENT + '{"type":"MOD'));
  await client.sees(head.headers.includes('gzip') || query !== '' ? 'ADDED' : EVENT);
  return { client, far };
}

describe('a watch', () => {
  it('ends cleanly after its last whole event when the tunnel is lost', async () => {
    const { client } = await watching();
    hub.pair.kill();
    await client.sees('\r\n0\r\n\r\n');
    expect(client.text).not.toContain('MOD');
    client.close();
    await until(() => hub.records.length === 1);
    expect(hub.records[0]).toMatchObject({ status: 200, failure: { code: 'TUNNEL_LOST' } });
  });

  it.each([
    [
      'compressed',
      '',
      { status: 200, headers: ['Content-Type', 'application/json', 'Content-Encoding', 'gzip'] },
    ],
    ['a WatchList before its bookmark', '&sendInitialEvents=true', JSON_HEAD],
  ])('is aborted where it is not known what is whole: %s', async (_what, query, head) => {
    const { client } = await watching(query, head);
    hub.pair.kill();
    await until(() => client.isClosed);
    expect(client.error?.code).toBe('ECONNRESET');
    expect(client.text).not.toContain('\r\n0\r\n\r\n');
  });

  it('passes what is left when the cluster itself ends it', async () => {
    const { client, far } = await watching();
    far.stream.end();
    await client.sees('MOD\r\n0\r\n\r\n');
    client.close();
  });

  it('ends cleanly on drain, as soon as only watches are left', async () => {
    const { client } = await watching();
    const drained = hub.gateway.drain(60_000);
    await client.sees('\r\n0\r\n\r\n');
    await drained;
    expect(client.text).not.toContain('MOD');
    client.close();
  });
});

describe('a drain', () => {
  it('refuses new requests, lets open ones end, and then closes every socket', async () => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const open = new RawClient(hub.port).send(`GET ${PROXY}/slow HTTP/1.1\r\nHost: h\r\n\r\n`);
    const far = await agent.stream();
    const drained = hub.gateway.drain(60_000);
    const refused = await send(hub.port, PROXY);
    expect([refused.status, refused.headers['retry-after'], refused.headers.connection]).toEqual([
      503,
      '1',
      'close',
    ]);
    expect(statusIn(refused).causes).toMatchObject({ Draining: 'the hub is shutting down', Delivered: 'no' });
    far.stream.sendHead({ status: 200, headers: ['Content-Length', '4'] });
    far.stream.write(Buffer.from('late'));
    far.stream.end();
    await open.sees('late');
    await open.closed();
    await drained;
    expect(hub.gateway.address).toBeUndefined();
  });

  it('cuts what is open when its time is over', async () => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const unanswered = new RawClient(hub.port).send(`GET ${PROXY}/1 HTTP/1.1\r\nHost: h\r\n\r\n`);
    const halfway = new RawClient(hub.port).send(`GET ${PROXY}/2 HTTP/1.1\r\nHost: h\r\n\r\n`);
    await agent.stream(1);
    agent.streams.find(({ open }) => open.path === '/2')?.stream.sendHead({ status: 200, headers: [] });
    await halfway.sees('200');
    await hub.gateway.drain(50);
    await unanswered.sees('HTTP/1.1 503');
    expect(halfway.text).not.toContain('0\r\n\r\n');
    await until(() => agent.streams.every(({ failure }) => failure !== undefined));
  });

  it.each([
    ['of the API', '/apis/gateway.mctunnel.io/v1/clusters?watch=1'],
    ['of a cluster', `${PROXY}/api/v1/pods?watch=1`],
  ])('lets a slow client of a watch %s read to its end', async (_what, path) => {
    const backlog = Buffer.from(EVENT.repeat(600_000));
    const agent = new ScriptedAgent();
    let ended = false;
    hub = await startGateway({
      accept: agent.accept,
      api: (_request, response) => {
        response.write(backlog);
        response.end(EVENT);
        ended = true;
      },
    });
    const client = new RawClient(hub.port).send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    client.socket.pause();
    if (path.startsWith(PROXY)) {
      const far = await agent.stream();
      far.stream.sendHead(JSON_HEAD);
      for (let at = 0; at < backlog.length; at += 65_536) far.stream.write(backlog.subarray(at, at + 65_536));
      await until(() => client.socket.bytesRead > 0);
    } else {
      await until(() => ended);
    }
    const drained = hub.gateway.drain(60_000);
    client.socket.resume();
    await client.sees('\r\n0\r\n\r\n');
    await drained;
    expect(client.error).toBeUndefined();
  });

  it('does not wait for idle connections', async () => {
    hub = await startGateway();
    const idle = new RawClient(hub.port).send(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await idle.sees('ok');
    await hub.gateway.drain(60_000);
    await idle.closed();
  });
});

describe('TLS', () => {
  it('takes a new certificate for new connections', async () => {
    hub = await startGateway();
    const before = new RawClient(hub.port).send(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await before.sees('ok');
    const ca = new TestCa('next');
    const leaf = ca.issue({ dns: ['localhost'], usages: ['serverAuth'] });
    hub.gateway.setTls({ cert: leaf.certificate, key: leaf.privateKey });
    const issuer = await new Promise((resolve, reject) => {
      const socket = connect(
        { host: '127.0.0.1', port: hub.port, ca: ca.certificate, servername: 'localhost' },
        () => {
          resolve(socket.getPeerCertificate().issuer.CN);
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
    expect(issuer).toBe('next');
    before.send(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await until(() => before.text.split('HTTP/1.1 200').length === 3);
    before.close();
    expect(() => hub.gateway.setTls({ cert: TLS.cert, key: leaf.privateKey })).toThrow();
  });

  it('shows the certificates that a client presents to the authenticator, whoever issued them', async () => {
    const presented: string[][] = [];
    const intermediate = new TestCa('intermediate', CA);
    const leaf = intermediate.issue({ commonName: 'proxy', usages: ['clientAuth'] });
    hub = await startGateway({
      authenticator: {
        authenticate: (facts) => {
          presented.push(facts.clientCertificates.map((der) => der.toString('base64')));
          return undefined;
        },
      },
    });
    const client = connect({
      host: '127.0.0.1',
      port: hub.port,
      ca: CA.certificate,
      servername: 'localhost',
      cert: leaf.chain,
      key: leaf.privateKey,
    });
    client.on('error', () => undefined);
    let text = '';
    client.on('data', (chunk: Buffer) => (text += chunk.toString()));
    client.write(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await until(() => text.includes('401'));
    const sent = leaf.chain.match(/[^-]+(?=-----END)/g)?.map((base64) => base64.replaceAll(/\s/g, ''));
    expect(sent?.length).toBe(3);
    expect(presented[0]).toEqual(sent);
    client.destroy();
  });

  it('does not resume sessions', async () => {
    hub = await startGateway();
    const sessions: Buffer[] = [];
    const first = connect({ host: '127.0.0.1', port: hub.port, ca: CA.certificate, servername: 'localhost' });
    first.on('session', (session) => sessions.push(session));
    first.on('error', () => undefined);
    first.write(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await new Promise((resolve) => first.once('data', resolve));
    first.destroy();
    for (const session of sessions) {
      const again = connect({
        host: '127.0.0.1',
        port: hub.port,
        ca: CA.certificate,
        servername: 'localhost',
        session,
      });
      await new Promise((resolve) => again.once('secureConnect', resolve));
      expect(again.isSessionReused()).toBe(false);
      again.destroy();
    }
  });
});
