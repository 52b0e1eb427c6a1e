// Requests that Node's own server would answer by itself, without a body and without a word of who it was: a Status says what is wrong, and the connection ends
// wherever the end of the request is in doubt.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Caller } from '../../src/gateway/ports.ts';
import type { Log } from '../../src/lib/log.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createFixture } from './api/fixture.ts';
import { ALICE, answering, PROXY, RawClient, ScriptedAgent, send, startGateway, until } from './harness.ts';
import type { ScriptedStream, TestGateway } from './harness.ts';

let hub: TestGateway;
afterEach(() => hub.close());

const MASTER: Caller = { ...ALICE, identity: { ...ALICE.identity, groups: ['system:masters'] } };
/** What an API answers that waits for the body of each request. */
const WAITING = { api: (): void => undefined };
const PATHS = [PROXY, '/cluster-a/api', '/apis', '/readyz'] as const;
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

interface Refusal {
  readonly head: string;
  readonly message: string;
  readonly delivered: string;
}

/** The only answer on this connection, which must be a refusal of ours; the connection must be at its end. */
async function refusal(client: RawClient, status = 400): Promise<Refusal> {
  await client.closed();
  const [head = '', body = ''] = client.text.split('\r\n\r\n');
  expect(head.split('\r\n')[0]).toBe(`HTTP/1.1 ${status} ${status === 400 ? 'Bad Request' : ''}`.trim());
  expect(head).toContain('Content-Type: application/json');
  expect(head).toContain('Mctunnel-Hop: hub');
  expect(head).toContain('Connection: close');
  const answer = JSON.parse(body) as {
    kind: string;
    message: string;
    reason: string;
    code: number;
    details: { causes: { reason: string; message: string }[] };
  };
  expect(answer).toMatchObject({ kind: 'Status', code: status, reason: 'BadRequest' });
  const delivered = answer.details.causes.find(({ reason }) => reason === 'Delivered')?.message ?? '';
  return { head, message: answer.message, delivered };
}

describe.each(PATHS)('a request for %s', (path) => {
  it.each([
    ['with an expectation that nobody knows', 'GET', 'HTTP/1.1\r\nHost: h\r\nExpect: foo', /Expect/],
    ['without a Host', 'GET', 'HTTP/1.1', /no Host/],
    ['with two Hosts', 'GET', 'HTTP/1.1\r\nHost: h\r\nHost: i', /more than one Host/],
    ['of HTTP/2.0', 'GET', 'HTTP/2.0\r\nHost: h', /HTTP\/2\.0/],
    ['of HTTP/0.9', 'GET', 'HTTP/0.9\r\nHost: h', /HTTP\/0\.9|HPE_INVALID_VERSION/],
    [
      'with a coding that is not chunked',
      'POST',
      'HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked',
      /Transfer-Encoding/,
    ],
  ])('%s is told so, and its connection closed', async (_what, method, rest, message) => {
    hub = await startGateway();
    const answer = await refusal(new RawClient(hub.port).send(`${method} ${path} ${rest}\r\n\r\n`));
    expect(answer.message).toMatch(message);
    expect(answer.delivered).toBe('no');
    expect(hub.opens).toEqual([]);
  });

  it.each([
    ['without a Host', 'HTTP/1.1\r\n', /no Host/],
    ['with two Hosts', 'HTTP/1.1\r\nHost: h\r\nHost: i\r\n', /more than one Host/],
    ['of HTTP/2.0', 'HTTP/2.0\r\nHost: h\r\n', /HTTP\/2\.0/],
  ])('to upgrade %s is told so', async (_what, rest, message) => {
    hub = await startGateway();
    const client = new RawClient(hub.port).send(`GET ${path} ${rest}${UPGRADE}\r\n`);
    expect((await refusal(client)).message).toMatch(message);
    expect(hub.opens).toEqual([]);
  });

  it('of HTTP/1.0 without a Host is in order', async () => {
    hub = await startGateway();
    const client = new RawClient(hub.port).send(`GET ${path} HTTP/1.0\r\n\r\n`);
    await client.closed();
    expect(client.text).toMatch(/^HTTP\/1\.1 (200 OK|404 Not Found)/);
  });
});

describe('a body whose chunks are malformed', () => {
  const HEAD = 'HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';

  it.each(['zz\r\n', '3\r\nabc\r\nzz\r\n', '3\r\nabcd\r\n'])(
    'is answered, and the request to the cluster taken back: %j',
    async (body) => {
      const agent = new ScriptedAgent();
      hub = await startGateway({ accept: agent.accept });
      const client = new RawClient(hub.port).send(`POST ${PROXY}/api ${HEAD}`);
      const stream = await agent.stream();
      client.send(body);
      const answer = await refusal(client);
      expect(answer.message).toMatch(/chunk/);
      expect(answer.delivered).toBe('unknown');
      await until(() => stream.failure !== undefined);
      expect(stream.trailers).toBeUndefined();
      await until(() => hub.records.length === 1);
      expect(hub.records[0]).toMatchObject({ status: 400, delivered: 'unknown' });
    },
  );

  it('is answered by the API', async () => {
    hub = await startGateway(WAITING);
    const answer = await refusal(new RawClient(hub.port).send(`POST /apis ${HEAD}zz\r\n`));
    expect(answer.message).toMatch(/chunk/);
  });

  it('that goes on is read no further than the answer needs', async () => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const client = new RawClient(hub.port).send(`POST ${PROXY}/api ${HEAD}`);
    await agent.stream();
    client.send('zz\r\n').send(Buffer.alloc(200_000, 'z'));
    expect((await refusal(client)).message).toMatch(/chunk/);
  });

  it('cuts an answer that has begun', async () => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const client = new RawClient(hub.port).send(`POST ${PROXY}/api ${HEAD}3\r\nabc\r\n`);
    const { stream } = await agent.stream();
    stream.sendHead({ status: 200, headers: ['Content-Length', '10'] });
    await client.sees('200 OK');
    client.send('zz\r\n');
    await client.closed();
    expect(client.text).not.toContain('400');
    expect(client.error?.code).toBe('ECONNRESET');
  });

  it('behind a request that waits is answered after it', async () => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const client = new RawClient(hub.port).send(`GET ${PROXY}/first HTTP/1.1\r\nHost: h\r\n\r\n`);
    const first = await agent.stream();
    client.send(`POST ${PROXY}/second ${HEAD}zz\r\n`);
    await until(() => hub.asked.length === 2);
    expect(client.text).toBe('');
    first.stream.sendHead({ status: 200, headers: ['Content-Length', '2'] });
    first.stream.write(Buffer.from('ok'));
    first.stream.end([]);
    await client.closed();
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK[^]*ok(?=HTTP\/1\.1 400 Bad Request)/);
    expect(client.text).toMatch(/"kind":"Status"/);
  });
});

describe('what is no HTTP behind requests that came whole', () => {
  const CLUSTER = `GET ${PROXY}/first HTTP/1.1\r\nHost: h\r\n\r\n`;
  const API = 'GET /apis HTTP/1.1\r\nHost: h\r\n\r\n';
  const NONE = '\u0001\u0002 nothing of HTTP\r\n\r\n';
  const REFUSAL =
    /^HTTP\/1\.1 400 Bad Request\r\n[^]*Mctunnel-Hop: hub\r\nConnection: close\r\n\r\n\{"kind":"Status".*not valid HTTP\/1\.1.*\n$/;

  function answer({ stream, open }: ScriptedStream): void {
    stream.sendHead({ status: 200, headers: ['Content-Length', String(open.path.length)] });
    stream.write(Buffer.from(open.path));
    stream.end([]);
  }

  it('waits for its turn behind an answer of a cluster', async () => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const client = new RawClient(hub.port).send(CLUSTER + NONE);
    const first = await agent.stream();
    client.send(NONE).send(NONE);
    // Its answer shows that all of that was read.
    await send(hub.port, '/apis');
    expect([client.text, client.isClosed]).toEqual(['', false]);
    answer(first);
    await client.closed();
    const [head, rest] = client.text.split('/first');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    expect(rest).toMatch(REFUSAL);
    expect(hub.records).toMatchObject([{ status: 200 }]);
  });

  it('waits for its turn behind answers of a cluster and of the API', async () => {
    const agent = new ScriptedAgent();
    const answers: ServerResponse[] = [];
    hub = await startGateway({ accept: agent.accept, api: (_request, response) => answers.push(response) });
    const client = new RawClient(hub.port).send(CLUSTER + API + CLUSTER + API + NONE);
    const [first, second] = [await agent.stream(0), await agent.stream(1)];
    await until(() => answers.length === 2);
    for (const response of answers.reverse()) response.end('api');
    answer(second);
    answer(first);
    await client.closed();
    const parts = client.text.split(/(?=HTTP\/1\.1 \d)/);
    expect(parts).toHaveLength(5);
    expect(parts.slice(0, 4).map((part) => /api|\/first/.exec(part)?.[0])).toEqual([
      '/first',
      'api',
      '/first',
      'api',
    ]);
    expect(parts[4]).toMatch(REFUSAL);
  });

  it('does not disturb a watch', async () => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const line = `GET ${PROXY}/api/v1/pods?watch=true HTTP/1.1\r\nHost: h\r\n\r\n`;
    const client = new RawClient(hub.port).send(line + NONE);
    const { stream } = await agent.stream();
    stream.sendHead({ status: 200, headers: ['Content-Type', 'application/json'] });
    stream.write(Buffer.from('{"n":1}\n'));
    await client.sees('{"n":1}');
    client.send(NONE);
    stream.write(Buffer.from('{"n":2}\n'));
    await client.sees('{"n":2}');
    expect(client.text).not.toContain('400');
    stream.end([]);
    await client.sees('400 Bad Request');
    await client.closed();
  });

  it('has no answer behind one that closes the connection', async () => {
    hub = await startGateway();
    const closing = CLUSTER.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    const client = new RawClient(hub.port).send(closing + NONE);
    await client.closed();
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*ok$/);
    expect(client.error).toBeUndefined();
  });

  it.each(['close', 'end'] as const)('a client that leaves is missed at once (%s)', async (way) => {
    const agent = new ScriptedAgent();
    hub = await startGateway({ accept: agent.accept });
    const client = new RawClient(hub.port).send(CLUSTER + NONE);
    const first = await agent.stream();
    if (way === 'end') client.socket.end();
    else client.close();
    await until(() => first.failure?.code === 'CANCELLED');
    client.close();
  });

  // An answer was written on a connection that had another one under way. Node throws then, and the hub was gone: for one packet, from anybody.
  it.each([
    [
      'a body that is none, of a path that is refused',
      'POST /a/../b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    [
      'a body that is none, of a request without a Host',
      'POST /apis HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    ['bytes behind a path that is refused', `GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n${NONE}`],
    ['bytes behind a TRACE', `TRACE /apis HTTP/1.1\r\nHost: h\r\n\r\n${NONE}`],
  ])('is answered once: %s', async (_what, text) => {
    hub = await startGateway();
    const client = new RawClient(hub.port).send(text);
    await client.closed();
    expect(client.text.match(/HTTP\/1\.1 4../g)).toHaveLength(1);
    expect(client.text).toMatch(/\}\n$/);
  });

  // Each TLS record is parsed by itself: the second one was refused again while the first refusal was on its way out.
  it.each([
    ['garbage', [Buffer.alloc(200_000, 1)]],
    ['two records of two bytes', ['X\0', 'X\0']],
    ['a header of many records', [`GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`]],
    ['a path of many records', [`GET /${'x'.repeat(200_000)} HTTP/1.1\r\nHost: h\r\n\r\n`]],
    ['requests behind garbage', ['X\0', CLUSTER, API, 'GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n']],
    ['an upgrade behind garbage', ['X\0', `GET ${PROXY} HTTP/1.1\r\nHost: h\r\n${UPGRADE}\r\n`]],
    ['CONNECT behind garbage', ['X\0', 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n']],
  ])('is refused once, in however many records it comes: %s', async (_what, records) => {
    hub = await startGateway({ api: (_request, response) => void response.end('api') });
    const client = new RawClient(hub.port);
    await once(client.socket, 'secureConnect');
    for (const record of records) client.send(record);
    await until(() => client.isClosed || client.isEnded);
    client.close();
    // A reset takes the answer along when the client is still sending.
    expect((client.text.match(/HTTP\/1\.1 \d+/g) ?? ['HTTP/1.1 400']).join()).toBe('HTTP/1.1 400');
    expect([hub.opens, hub.refused]).toEqual([[], ['BAD_REQUEST']]);
    expect((await send(hub.port, '/apis')).status).toBe(200);
  });

  it.each(['CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n', `GET ${PROXY} HTTP/1.1\r\nHost: h\r\n${UPGRADE}\r\n`])(
    'and what takes the connection over ends it: %j',
    async (taker) => {
      const agent = new ScriptedAgent();
      hub = await startGateway({ accept: agent.accept, api: () => undefined });
      for (const before of [CLUSTER, API, 'GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n']) {
        const client = new RawClient(hub.port).send(before + taker);
        await client.closed();
      }
      await until(() => agent.streams.length === 1 && agent.streams[0]?.failure?.code === 'CANCELLED');
    },
  );
});

describe('any order of requests, broken ones and bytes that are none, on one connection', () => {
  const HOST = 'HTTP/1.1\r\nHost: h\r\n';
  const PIECES = [
    `GET ${PROXY}/at-once ${HOST}\r\n`,
    `GET ${PROXY}/never ${HOST}\r\n`,
    `GET ${PROXY}/at-once ${HOST}Connection: close\r\n\r\n`,
    `POST ${PROXY}/never ${HOST}Content-Length: 3\r\n\r\nabc`,
    `POST ${PROXY}/at-once ${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    `POST ${PROXY}/never ${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `POST ${PROXY}/at-once ${HOST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc`,
    `GET ${PROXY}/at-once ${HOST}Expect: more\r\n\r\n`,
    `GET ${PROXY}/never ${HOST}${UPGRADE}\r\n`,
    `GET /apis ${HOST}\r\n`,
    `GET /slow ${HOST}\r\n`,
    `POST /apis ${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `POST /slow ${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n`,
    `GET /apis ${HOST}${UPGRADE}\r\n`,
    `GET /a/../b ${HOST}\r\n`,
    `GET /a/../b ${HOST}${UPGRADE}\r\n`,
    `POST /a/../b ${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    'GET /apis HTTP/1.1\r\n\r\n',
    `TRACE /apis ${HOST}\r\n`,
    `CONNECT h:1 ${HOST}\r\n`,
    '\u0001\u0002\r\n\r\n',
    'GET /apis HT',
    `GET /apis ${HOST}X: ${'x'.repeat(100_000)}\r\n\r\n`,
    '\u0001'.repeat(50_000),
  ];

  it('leaves the gateway whole', async () => {
    const never = new ScriptedAgent();
    const atOnce = answering(200, ['Content-Length', '2'], 'ok');
    hub = await startGateway({
      accept: (open, stream) =>
        open.path.startsWith('/never') ? never.accept(open, stream) : atOnce(open, stream),
      api: (request, response) => {
        if (request.url === '/apis') response.end('api');
      },
    });
    const line = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(line, fc.boolean(), async (pieces, areApart) => {
        const client = new RawClient(hub.port);
        // Before the handshake is over, Node would make one record of all.
        await once(client.socket, 'secureConnect');
        if (areApart) for (const piece of pieces) client.send(piece);
        else client.send(pieces.join(''));
        // What came first is dealt with by then, and what throws there fails this test.
        expect((await send(hub.port, '/apis')).status).toBe(200);
        client.close();
      }),
      { numRuns: 150 },
    );
  });
});

describe('a body whose chunks are malformed, while the API is still busy with its request', () => {
  const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';
  const CHUNKED =
    'HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';

  it.each([
    ['the body is read', `POST ${CLUSTERS}/mine/bootstraptoken`, '2\r\n{}\r\n'],
    ['nobody knows who asks', `POST ${CLUSTERS}/mine/bootstraptoken`, ''],
    ['nobody knows who wants to watch', `GET ${CLUSTERS}?watch=true`, ''],
  ])('is answered once, and the request goes no further: %s', async (what, line, body) => {
    const problems: unknown[] = [];
    const log: Log = { ...silentLog, error: (...args) => problems.push(args) };
    let asks = 0;
    let issued = 0;
    const gate = Promise.withResolvers<Caller>();
    if (what === 'the body is read') gate.resolve(MASTER);
    const { api, store } = await createFixture({
      log,
      authenticator: {
        authenticate: () => {
          asks++;
          return gate.promise;
        },
      },
      tokens: {
        issue: () => {
          issued++;
          return Promise.reject(new Error('it was asked for a token'));
        },
      },
    });
    await store.create({ name: 'mine' });
    const onConsole = jest.spyOn(console, 'error').mockImplementation((...args) => problems.push(args));
    hub = await startGateway({ api: (request, response) => void api.app(request, response) });
    const client = new RawClient(hub.port).send(`${line} ${CHUNKED}${body}`);
    await until(() => asks === 1);
    client.send('zz\r\n');
    expect((await refusal(client)).message).toMatch(/chunk/);
    gate.resolve(MASTER);
    // The request is dealt with by the time that another, which came later, is answered.
    const later = new RawClient(hub.port).send(`GET ${CLUSTERS}/mine HTTP/1.1\r\nHost: h\r\n\r\n`);
    await later.sees('"kind":"Cluster"');
    later.close();
    expect([issued, problems]).toEqual([0, []]);
    onConsole.mockRestore();
  });
});
