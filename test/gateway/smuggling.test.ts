// Were one of these requests read differently by the hub and by what stands before or behind it, one user could put a request into
// another's mouth. Each must be refused, or mean one thing, and never reach the cluster in two.
import { afterEach, describe, expect, it } from '@jest/globals';
import { PROXY, RawClient, send, startGateway, until } from './harness.ts';
import type { TestGateway } from './harness.ts';

let hub: TestGateway;
afterEach(() => hub.close());

const SECRET = 'GET /cluster-a/smuggled HTTP/1.1\r\nHost: h\r\n\r\n';

describe('a request', () => {
  it.each([
    [
      'with Content-Length and Transfer-Encoding',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECRET}`,
    ],
    [
      'with two Content-Lengths',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 46\r\n\r\n${SECRET}`,
    ],
    [
      'with a list of Content-Lengths',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nContent-Length: 0, 46\r\n\r\n${SECRET}`,
    ],
    [
      'with a signed Content-Length',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nContent-Length: +46\r\n\r\n${SECRET}`,
    ],
    [
      'with another coding before chunked',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'with chunked not last',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    ],
    [
      'with Transfer-Encoding on two lines',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'with a space before the colon',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['with a folded header', `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n folded\r\n\r\n`],
    ['with bare LF', `GET ${PROXY} HTTP/1.1\nHost: h\n\n`],
    ['with a bare CR in a header', `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: a\rb\r\n\r\n`],
    ['with NUL in a header', `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: a\0b\r\n\r\n`],
    ['with two Hosts', `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n`],
    ['without Host', `GET ${PROXY} HTTP/1.1\r\n\r\n`],
    [
      'with a malformed chunk',
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ],
    ['in absolute form', `GET http://evil${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['in asterisk form', `OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['CONNECT', `CONNECT cluster-a:443 HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['TRACE', `TRACE ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`],
    [
      'HTTP/1.0 with chunked',
      `POST ${PROXY} HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['with a header over 64 KiB', `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: ${'a'.repeat(66_000)}\r\n\r\n`],
    ['with a dot segment', `GET ${PROXY}/../secret HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['with an encoded slash', `GET ${PROXY}/a%2Fb HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['with an empty inner segment', `GET ${PROXY}//api HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['with raw UTF-8 in its path', `GET ${PROXY}/\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n`],
    ['that is no HTTP', '\x16\x03\x01\x00\x00garbage\r\n\r\n'],
  ])('%s is refused', async (_what, text) => {
    hub = await startGateway();
    const client = new RawClient(hub.port);
    client.send(text);
    // Node cuts the connection on unread bytes, which may take its 431 along.
    await until(() => client.isClosed || client.isEnded || client.text.includes('HTTP/1.1 4'));
    client.close();
    for (const open of hub.opens) expect(open.path).not.toContain('smuggled');
    expect(client.text).not.toContain('HTTP/1.1 2');
    expect(hub.opens.filter(({ method }) => method !== 'POST')).toEqual([]);
  });

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
