// What an agent sends is not trusted. Were one of these answers passed on, the agent could write into the next answer on the client's
// connection: through the hub's API server that is another user's.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Head } from '../../src/tunnel/index.ts';
import { PROXY, RawClient, ScriptedAgent, startGateway, statusIn, send, until } from './harness.ts';
import type { TestGateway } from './harness.ts';

let hub: TestGateway;
afterEach(() => hub.close());

const SECOND = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nowned';

async function hostile(
  head: Head,
  body: string,
  method = 'GET',
  isEnded = true,
): Promise<{ client: RawClient; agent: ScriptedAgent }> {
  const agent = new ScriptedAgent();
  hub = await startGateway({ accept: agent.accept });
  const client = new RawClient(hub.port).send(`${method} ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
  const { stream } = await agent.stream();
  stream.sendHead(head);
  if (body !== '') stream.write(Buffer.from(body));
  if (isEnded) stream.end();
  return { client, agent };
}

describe('an answer', () => {
  it.each<[string, Head, string]>([
    ['with more body than its length', { status: 200, headers: ['Content-Length', '2'] }, 'ok' + SECOND],
    ['with a body to HEAD', { status: 200, headers: ['Content-Length', '5'] }, SECOND],
    ['with a body and status 204', { status: 204, headers: [] }, SECOND],
    ['with a body and status 304', { status: 304, headers: [] }, SECOND],
    ['with less body than its length', { status: 200, headers: ['Content-Length', '9'] }, 'ok'],
    ['with two lengths', { status: 200, headers: ['Content-Length', '2', 'content-length', '2'] }, 'ok'],
    ['with a list of lengths', { status: 200, headers: ['Content-Length', '2, 2'] }, 'ok'],
    ['with a negative length', { status: 200, headers: ['Content-Length', '-2'] }, 'ok'],
    [
      'with Transfer-Encoding',
      { status: 200, headers: ['Transfer-Encoding', 'chunked'] },
      '0\r\n\r\n' + SECOND,
    ],
    ['with Connection', { status: 200, headers: ['Connection', 'close', 'Content-Length', '2'] }, 'ok'],
    ['that switches protocols unasked', { status: 101, headers: ['Upgrade', 'websocket'] }, SECOND],
    ['with an interim status', { status: 100, headers: [] }, ''],
  ])('%s becomes a 502, and the connection is not used again', async (what, head, body) => {
    const method = what.includes('HEAD') ? 'HEAD' : 'GET';
    const { client } = await hostile(head, body, method);
    await client.closed();
    expect(client.text).toMatch(/^HTTP\/1\.1 502 /);
    expect(client.text).not.toContain('owned');
    expect(client.text).toContain('Connection: close');
    expect(client.text).toContain('Mctunnel-Hop: hub');
    if (method === 'GET') expect(client.text).toContain('"reason":"BadGateway"');
    await until(() => hub.records.length === 1);
    expect(hub.records[0]?.failure?.code).toBe('PROTOCOL');
  });

  it.each([
    ['more', 'ok' + SECOND],
    ['less', 'o'],
  ])('that turns out to have %s body than announced cuts the connection', async (_what, body) => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const client = new RawClient(hub.port).send(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const { stream } = await agent.stream();
    stream.sendHead({ status: 200, headers: ['Content-Length', '3'] });
    await client.sees('\r\n\r\n');
    stream.write(Buffer.from(body));
    stream.end();
    await until(() => client.isClosed);
    expect(client.error?.code).toBe('ECONNRESET');
    expect(client.text).not.toContain('owned');
  });

  it.each(['https://evil/', '//evil/', '/\\evil', 'relative', 'javascript:x', ''])(
    'that redirects to "%s" is a 502',
    async (location) => {
      hub = await startGateway({
        accept: (_open, stream) => {
          stream.sendHead({ status: 302, headers: ['Location', location, 'Content-Length', '0'] });
          stream.end();
          return { data: () => undefined, end: () => undefined, error: () => undefined };
        },
      });
      const answer = await send(hub.port, PROXY);
      expect(answer.status).toBe(502);
      expect(statusIn(answer).message).toContain(JSON.stringify(location));
      expect(answer.headers.location).toBeUndefined();
    },
  );

  it('that redirects inside the cluster is kept below the prefix of the cluster', async () => {
    hub = await startGateway({
      accept: (_open, stream) => {
        stream.sendHead({
          status: 301,
          headers: ['Location', '/x?y#z', 'Content-Length', '0', 'Set-Cookie', 'a=b'],
        });
        stream.end();
        return { data: () => undefined, end: () => undefined, error: () => undefined };
      },
    });
    const answer = await send(hub.port, '/cluster-a/w');
    expect([answer.status, answer.headers.location, answer.headers['set-cookie']]).toEqual([
      301,
      '/cluster-a/x?y#z',
      undefined,
    ]);
  });

  it('cannot claim to be ours', async () => {
    const { client } = await hostile(
      { status: 200, headers: ['Mctunnel-Hop', 'hub', 'Content-Length', '2'] },
      'ok',
    );
    await client.sees('ok');
    expect(client.text).not.toContain('Mctunnel-Hop');
    client.close();
  });
});
