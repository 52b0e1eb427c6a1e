// Where a request leads, by its decoded segments alone.
import { afterEach, describe, expect, it } from '@jest/globals';
import { PROXY, RawClient, send, startGateway } from './harness.ts';
import type { TestGateway } from './harness.ts';

let hub: TestGateway;
afterEach(() => hub.close());

describe('a request', () => {
  it('of HTTP/1.0 is answered, and its connection closed', async () => {
    hub = await startGateway();
    const client = new RawClient(hub.port).send(`GET ${PROXY} HTTP/1.0\r\nHost: h\r\n\r\n`);
    await client.closed();
    expect(client.text).toContain('200 OK');
    expect(client.text).toMatch(/ok$/);
  });

  it.each([
    '/apis/gateway.mctunnel.io/v1/namespaces/x/clusters/cluster-a/proxy/api',
    '/apis/gateway.mctunnel.io/v1/clusters//proxy',
    '/apis/gateway.mctunnel.io/v2/clusters/cluster-a/proxy',
    '/apis/gateway.mctunnel.io/v1/clusters/cluster-a/proxyx',
    '/apis/gateway.mctunnel.io/v1/clusters/cluster-a',
    '/api/v1/pods',
    '/healthz',
    '/Cluster-A/api',
    '/favicon.ico',
  ])("for %s is the API's, not the proxy's", async (path) => {
    hub = await startGateway();
    expect((await send(hub.port, path)).body.toString()).toBe('api');
    expect(hub.opens).toEqual([]);
  });

  it('with an encoded route leads where its decoded segments say', async () => {
    hub = await startGateway();
    await send(hub.port, '/apis/gateway.mctunnel.io/v1/clusters/cluster%2Da/pro%78y/api');
    expect(hub.opens[0]?.path).toBe('/api');
    expect(hub.asked[0]?.name).toBe('cluster-a');
  });
});
