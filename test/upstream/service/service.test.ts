import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MctunnelError } from '../../../src/errors.ts';
import type { Upstream } from '../../../src/upstream/index.ts';
import { TestCa } from '../../pki.ts';
import type { HubStream } from '../hub-stream.ts';
import { until } from '../member.ts';
import { ADDRESS, ask, NODES, ServiceBench, SERVICES, SLICES } from './fixture.ts';

const WEB = 'services: [{namespace: default, name: web, port: http, scheme: http}]';

let bench: ServiceBench;
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(() => bench.close());

/** A bodiless request, and all of its answer. */
const get = async (upstream: Upstream, path = '/', options = {}): Promise<HubStream> =>
  ask(upstream, 'GET', path, options).finish().ended();
const error = (stream: HubStream): object | undefined => {
  const { code, message, delivered, hop } = stream.resetError ?? {};
  return code === undefined ? undefined : { code, message, delivered, hop };
};
const ok = (_request: IncomingMessage, response: ServerResponse): void => void response.end('ok');

describe('a request to a service', () => {
  it('goes to an endpoint with path, query and body as they are, under the name of the Service', async () => {
    const seen: { method: string; url: string; host: string; body: string }[] = [];
    const server = await bench.http((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push({
          method: request.method ?? '',
          url: request.url ?? '',
          host: request.headers.host ?? '',
          body,
        });
        response.setHeader('set-cookie', ['a=1', 'b=2']).writeHead(201).end('made');
      });
    });
    bench.web([server.port]);
    const { upstream } = bench.upstream({ policy: WEB });
    const stream = ask(upstream, 'POST', '/a//b%20c?x=1;y&z', { headers: ['Content-Length', '5'] });
    // All of it comes before anybody was asked.
    stream.send('hel').send('lo', { end: true });
    await stream.ended();
    expect(error(stream)).toBeUndefined();
    expect([stream.head?.status, stream.text, stream.headerLines('set-cookie')]).toEqual([
      201,
      'made',
      ['a=1', 'b=2'],
    ]);
    expect(seen).toEqual([
      { method: 'POST', url: '/a//b%20c?x=1;y&z', host: 'web.default.svc', body: 'hello' },
    ]);
    expect(stream.takenBytes).toBe(5);
    await until(() => upstream.inFlight.services === 0);
    await new Promise((resolve) => setImmediate(resolve));
    // The second one finds everything known, and its connection open.
    const again = ask(upstream, 'POST', '/', { headers: ['Content-Length', '1'] }).send('x', { end: true });
    await again.ended();
    expect([again.head?.status, server.sockets.size, bench.asked.length]).toEqual([201, 1, 1]);
    await until(() => upstream.inFlight.services === 0);
  });

  it('carries nobody’s credential and nobody’s name', async () => {
    let raw: readonly string[] = [];
    const server = await bench.http((request, response) => {
      raw = request.rawHeaders;
      response.end();
    });
    bench.web([server.port]);
    const { upstream } = bench.upstream({ policy: WEB });
    const passed = ['Accept', '*/*', 'Cookie', 'session=1', 'X-Forwarded-For', '192.0.2.1'];
    await get(upstream, '/', { headers: passed, auditId: 'audit-1', traceparent: '00-1-2-01' });
    expect(raw.map((part, at) => (at % 2 === 0 ? part.toLowerCase() : part))).toEqual([
      ...['host', 'web.default.svc'],
      ...['accept', '*/*', 'cookie', 'session=1', 'x-forwarded-for', '192.0.2.1'],
      ...['traceparent', '00-1-2-01', 'audit-id', 'audit-1'],
    ]);
    // Nor the words of an authenticating proxy, which only the caller can have written.
    const claimed = [
      ...[
        'Remote-User',
        'remote_groups',
        'X-Forwarded-User',
        'X_Forwarded_Email',
        'X-Forwarded-Preferred-Username',
      ],
      ...['X-Auth-Request-User', 'X-WEBAUTH-USER', 'Remote-Name', 'X-Forwarded-Access-Token'],
    ].flatMap((name) => [name, 'admin']);
    const ordinary = [
      'X-Forwarded-Proto',
      'https',
      'X-Scope-OrgID',
      'a',
      'Remote-Users',
      'b',
      'X-Real-Ip',
      '192.0.2.1',
    ];
    await get(upstream, '/', { headers: [...claimed, ...ordinary] });
    expect(raw.slice(2)).toEqual(ordinary);
    // A hub that is broken into cannot send one along either.
    for (const name of [
      'Authorization',
      'Impersonate-User',
      'X-Remote-User',
      'x_remote_group',
      'Proxy-Authorization',
    ]) {
      expect(error(await get(upstream, '/', { headers: [name, 'x'] }))).toMatchObject({
        code: 'BAD_REQUEST',
        delivered: 'no',
      });
    }
  });

  it('is refused by the policy before anybody is asked, and by its last good state after it has changed', async () => {
    bench.web([1]);
    const { upstream, use } = bench.upstream({ policy: '{}' });
    expect(error(await get(upstream))).toEqual({
      ...{ code: 'POLICY_DENIED', delivered: 'no', hop: 'agent' },
      message:
        'forbidden by the policy of cluster east: the service "http:web:http" in the namespace "default" is not listed (services)',
    });
    expect([bench.asked, bench.api.followed]).toEqual([[], []]);
    const server = await bench.http(ok);
    bench.web([server.port]);
    use(WEB);
    expect((await get(upstream)).head?.status).toBe(200);
    use('{}');
    expect(error(await get(upstream))).toMatchObject({ code: 'POLICY_DENIED' });
    expect(error(await get(upstream, '/', { identity: undefined }))).toMatchObject({ code: 'POLICY_DENIED' });
    use('users: [bob]\n' + WEB);
    expect(error(await get(upstream))).toMatchObject({ message: expect.stringContaining('may not come') });
    for (const target of ['default/web', 'default/tcp:web:http', 'apiserver', '']) {
      expect(error(await get(upstream, '/', { target }))).toMatchObject({ code: 'BAD_REQUEST' });
    }
  });

  it('is what the cluster’s own rules allow the mapped caller: asked once, remembered for ten seconds', async () => {
    const server = await bench.http(ok);
    bench.web([server.port]);
    const { upstream } = bench.upstream({
      policy: WEB + '\npassExtras: [team]',
      review: async ({ verb }) =>
        Promise.resolve(
          verb === 'get' ? { allowed: true, reason: '' } : { allowed: false, reason: 'RBAC says no' },
        ),
    });
    const identity = {
      user: 'alice',
      uid: 'u',
      groups: ['dev'],
      extra: [
        { key: 'team', values: ['a'] },
        { key: 'x', values: ['y'] },
      ],
    };
    const [first, second] = await Promise.all([
      get(upstream, '/', { identity }),
      get(upstream, '/', { identity }),
    ]);
    expect([first.head?.status, second.head?.status]).toEqual([200, 200]);
    expect((await get(upstream, '/', { identity })).head?.status).toBe(200);
    expect(bench.asked).toEqual([
      {
        identity: {
          user: 'hub:alice',
          uid: '',
          groups: ['hub:dev', 'system:authenticated'],
          extra: [{ key: 'team', values: ['a'] }],
        },
        question: {
          verb: 'get',
          group: '',
          version: 'v1',
          resource: 'services',
          subresource: 'proxy',
          name: 'http:web:http',
          namespace: 'default',
        },
      },
    ]);
    const denied = {
      ...{ code: 'FORBIDDEN', delivered: 'no', hop: 'agent' },
      message:
        'services "http:web:http" is forbidden: User "hub:alice" cannot create resource "services/proxy" in API group "" in the namespace "default": RBAC says no',
    };
    const post = ask(upstream, 'POST', '/', { identity, headers: ['Content-Length', '1'] }).send('x', {
      end: true,
    });
    expect(error(await post.ended())).toEqual(denied);
    expect(error(await ask(upstream, 'POST', '/', { identity }).finish().ended())).toEqual(denied);
    // Somebody else is somebody else, and so is another method.
    await get(upstream);
    await ask(upstream, 'OPTIONS', '/', { identity }).finish().ended();
    expect(bench.asked.map(({ question }) => question.verb)).toEqual(['get', 'create', 'get', '']);
  });

  it('is a failure, never a yes and never remembered, when nobody can be asked', async () => {
    const server = await bench.http(ok);
    bench.web([server.port]);
    let isDown = true;
    const failure = new MctunnelError('REVIEW_FAILED', 'the API server could not be asked', { hop: 'agent' });
    const { upstream } = bench.upstream({
      policy: WEB,
      review: () => (isDown ? Promise.reject(failure) : Promise.resolve({ allowed: true, reason: '' })),
    });
    expect(error(await get(upstream))).toMatchObject({
      code: 'REVIEW_FAILED',
      delivered: 'no',
      hop: 'agent',
    });
    isDown = false;
    expect((await get(upstream)).head?.status).toBe(200);
  });

  it('given up while its questions are open leaves nothing behind, and reaches nobody', async () => {
    let isReached = false;
    const server = await bench.http((request, response) => {
      isReached = true;
      ok(request, response);
    });
    bench.web([server.port]);
    const review = Promise.withResolvers<{ allowed: boolean; reason: string }>();
    const { upstream } = bench.upstream({ policy: WEB, review: () => review.promise });
    const streams = [
      ask(upstream, 'GET', '/').finish(),
      ask(upstream, 'POST', '/').send('x'),
      ask(upstream, 'GET', '/').finish(),
    ];
    const [gone, lost, stopped] = streams;
    gone?.abort(new MctunnelError('CANCELLED', 'the client went away'));
    lost?.abort(new MctunnelError('TUNNEL_LOST', 'lost'));
    stopped?.handlers?.stop?.();
    review.resolve({ allowed: true, reason: '' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([isReached, upstream.inFlight.services, streams.map(({ head }) => head)]).toEqual([
      false,
      0,
      [undefined, undefined, undefined],
    ]);
  });
});

describe('the endpoints of a service', () => {
  it('share its requests: in turn while all are idle, around one that is busy, not to one that is gone', async () => {
    const hits = [0, 0];
    const held: ServerResponse[] = [];
    const serve =
      (at: number) =>
      (request: IncomingMessage, response: ServerResponse): void => {
        hits[at] = (hits[at] ?? 0) + 1;
        if (request.url === '/hold') held.push(response);
        else response.end(String(at));
      };
    const [a, b] = await Promise.all([bench.http(serve(0)), bench.http(serve(1))]);
    bench.web([a.port, b.port]);
    const { upstream } = bench.upstream({ policy: WEB });
    for (let i = 0; i < 10; i++) await get(upstream);
    expect(hits).toEqual([5, 5]);
    const holding = ask(upstream, 'GET', '/hold').finish();
    await until(() => held.length === 1);
    const busy = hits[0] === 6 ? 0 : 1;
    for (let i = 0; i < 6; i++) expect((await get(upstream)).text).toBe(String(1 - busy));
    held[0]?.end('held');
    expect((await holding.ended()).text).toBe('held');
    // One of them is stopped but still listed: at most one request meets it, the others go around it.
    await a.stop();
    const failed = [];
    for (let i = 0; i < 10; i++) failed.push((await get(upstream)).resetError);
    const met = failed.filter((problem) => problem !== undefined);
    expect(met.length).toBeLessThanOrEqual(1);
    for (const problem of met) {
      expect(problem).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', delivered: 'no', hop: 'agent' });
      expect(problem.message).toBe(
        'the service default/http:web:http of cluster east cannot be reached: connection refused',
      );
    }
    // Now it is not listed any more.
    bench.web([b.port]);
    for (let i = 0; i < 4; i++) expect((await get(upstream)).text).toBe('1');
  });

  it('may vanish while a request is open: it goes on, the next one is told', async () => {
    let response: ServerResponse | undefined;
    const server = await bench.http((_request, answer) => {
      answer.write('first,');
      response = answer;
    });
    bench.web([server.port]);
    const { upstream } = bench.upstream({ policy: WEB });
    const open = ask(upstream, 'GET', '/').finish();
    await open.when(() => open.text === 'first,');
    bench.api.set(SLICES, {});
    expect(error(await get(upstream))).toEqual({
      ...{ code: 'NO_ENDPOINTS', delivered: 'no', hop: 'agent' },
      message:
        'the service default/http:web:http of cluster east cannot be reached: none of its endpoints is ready',
    });
    bench.api.set(SERVICES, {});
    expect(error(await get(upstream))).toMatchObject({
      message: expect.stringContaining('there is no such Service'),
    });
    response?.end('last');
    expect([(await open.ended()).text, error(open)]).toEqual(['first,last', undefined]);
    bench.web([server.port]);
    const next = ask(upstream, 'GET', '/').finish();
    await next.when(() => next.text !== '');
    next.abort(new MctunnelError('CANCELLED', 'the client went away'));
  });

  it('that are never connected to are refused: by type, by address, by node', async () => {
    let isReached = false;
    const server = await bench.http((request, response) => {
      isReached = true;
      ok(request, response);
    });
    bench.web([server.port], { type: 'ExternalName', externalName: 'example.com' });
    const { upstream, use } = bench.upstream({ policy: WEB });
    expect(error(await get(upstream))).toMatchObject({
      code: 'POLICY_DENIED',
      message: expect.stringContaining('ExternalName'),
    });
    const at = (address: string): void =>
      bench.api.set(SLICES, {
        x: {
          addressType: 'IPv4',
          ports: [{ name: 'http', port: server.port }],
          endpoints: [{ addresses: [address] }],
        },
      });
    bench.web([server.port]);
    for (const address of ['127.0.0.1', '169.254.169.254', 'localhost']) {
      at(address);
      expect(error(await get(upstream))).toMatchObject({
        code: 'POLICY_DENIED',
        delivered: 'no',
        message: expect.stringContaining(address),
      });
    }
    at(ADDRESS);
    bench.api.set(NODES, { node: { status: { addresses: [{ type: 'InternalIP', address: ADDRESS }] } } });
    expect(error(await get(upstream))).toMatchObject({
      code: 'POLICY_DENIED',
      message: expect.stringContaining('an address of a node'),
    });
    expect(isReached).toBe(false);
    use('services: [{namespace: default, name: web, port: http, scheme: http, nodeAddresses: true}]');
    expect((await get(upstream)).text).toBe('ok');
  });

  it('that cannot be looked up are no endpoints, and are found once they can', async () => {
    const server = await bench.http(ok);
    bench.api.fail(new Error('endpointslices.discovery.k8s.io is forbidden'));
    const { upstream } = bench.upstream({ policy: WEB });
    expect(error(await get(upstream))).toMatchObject({
      code: 'NO_ENDPOINTS',
      message: expect.stringContaining('cannot be read: endpointslices.discovery.k8s.io is forbidden'),
    });
    bench.api.fail(undefined);
    bench.web([server.port]);
    expect((await get(upstream)).text).toBe('ok');
    // What is known holds while the API server is away.
    bench.api.fail(new Error('away'));
    expect((await get(upstream)).text).toBe('ok');
    expect([...bench.api.open].sort()).toEqual([NODES, SERVICES, SLICES].sort());
    await upstream.close();
    expect(bench.api.open).toEqual([]);
  });
});

describe('TLS of a service', () => {
  const ca = new TestCa('service CA');
  const leaf = (dns: string) => {
    const { certificate: cert, privateKey: key } = ca.issue({ dns: [dns], usages: ['serverAuth'] });
    return { cert, key };
  };
  const policy = (keys: object): string =>
    JSON.stringify({
      services: [{ namespace: 'default', name: 'web', port: 'http', scheme: 'https', ...keys }],
    });
  const target = { target: 'default/https:web:http' };
  const refusal = (words: string): object => ({
    ...{ code: 'UPSTREAM_UNREACHABLE', delivered: 'no', hop: 'agent' },
    message: `the service default/https:web:http of cluster east cannot be reached: ${words}`,
  });

  it('is verified with the CA of its entry and the name of the Service, or the name that the entry gives', async () => {
    let hosts = 0;
    const server = await bench.http((request, response) => {
      if (request.headers.host === 'web.default.svc:80') hosts++;
      response.end('ok');
    }, leaf('web.default.svc'));
    bench.web([server.port]);
    const { upstream, use } = bench.upstream({ policy: policy({ ca: ca.certificate }) });
    expect((await get(upstream, '/', target)).text).toBe('ok');
    use(policy({ ca: ca.certificate, serverName: 'other.example.com' }));
    expect(error(await get(upstream, '/', target))).toEqual(refusal('its certificate is for another name'));
    use(policy({ ca: new TestCa('service CA').certificate }));
    expect(error(await get(upstream, '/', target))).toEqual(
      refusal('its certificate is not of the CA that the agent was given'),
    );
    use(policy({ insecureSkipTLSVerify: true }));
    expect((await get(upstream, '/', target)).text).toBe('ok');
    use(policy({ ca: ca.certificate }));
    expect((await get(upstream, '/', target)).text).toBe('ok');
    expect(hosts).toBe(3);
  });

  it('goes by the server name that the entry gives, whatever the Host', async () => {
    const server = await bench.http(ok, leaf('api.example.com'));
    bench.web([server.port]);
    const { upstream, use } = bench.upstream({
      policy: policy({ ca: ca.certificate, serverName: 'api.example.com' }),
    });
    expect((await get(upstream, '/', target)).text).toBe('ok');
    use(policy({ ca: ca.certificate }));
    expect(error(await get(upstream, '/', target))).toEqual(refusal('its certificate is for another name'));
    const upgrade = ask(upstream, 'GET', '/', {
      ...target,
      headers: ['Upgrade', 'websocket', 'Connection', 'Upgrade'],
    });
    expect(error(await upgrade.ended())).toEqual(refusal('its certificate is for another name'));
  });

  it('is TLS: a service that speaks plain HTTP there is not reached', async () => {
    const server = await bench.http(ok);
    bench.web([server.port]);
    const { upstream } = bench.upstream({ policy: policy({ insecureSkipTLSVerify: true }) });
    expect(error(await get(upstream, '/', target))).toMatchObject({
      code: 'UPSTREAM_UNREACHABLE',
      delivered: 'no',
    });
  });
});

describe('a hostile answer of a service', () => {
  const answering = async (text: string): Promise<Upstream> => {
    const server = await bench.tcp((socket) => {
      socket.on('end', () => socket.end());
      socket.once('data', () => socket.write(text, 'latin1'));
    });
    bench.web([server.port]);
    return bench.upstream({ policy: WEB }).upstream;
  };

  it('redirects nobody out of it, and the agent follows no redirect of its', async () => {
    let requests = 0;
    const locations = [
      'https://127.0.0.1/',
      '//evil.example.com/',
      'http://web.default.svc:81/',
      'https://web.default.svc/',
      `http://${ADDRESS}/`,
    ];
    const server = await bench.http((request, response) => {
      requests++;
      const at = Number(new URL(request.url ?? '', 'http://x').searchParams.get('at'));
      response.writeHead(302, { location: locations[at] ?? '/openapi/v3/other?x#y' }).end();
    });
    bench.web([server.port]);
    const { upstream } = bench.upstream({ policy: WEB });
    for (const at of locations.keys()) {
      expect(error(await get(upstream, `/?at=${at}`))).toMatchObject({
        code: 'REDIRECT_REFUSED',
        delivered: 'unknown',
        hop: 'agent',
      });
    }
    const inside = await get(upstream, '/openapi/v3/doc?at=99');
    expect([inside.head?.status, inside.header('location')]).toEqual([302, '/openapi/v3/other?x#y']);
    expect(requests).toBe(locations.length + 1);
    locations[0] = 'http://web.default.svc/login';
    expect((await get(upstream, '/?at=0')).header('location')).toBe('/login');
  });

  it.each([
    [
      'headers of more than 64 KiB',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\nContent-Length: 0\r\n\r\n`,
      /its head is too large/,
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx', /is refused/],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', /not valid HTTP/],
  ])('with %s is a fault of its own', async (_what, text, words) => {
    const stream = await get(await answering(text));
    expect(error(stream)).toMatchObject({ code: 'PROTOCOL', delivered: 'unknown', hop: 'agent' });
    expect(stream.resetError?.message).toMatch(words);
    expect(stream.resetError?.message).toContain('the service default/http:web:http of cluster east');
  });

  it('cannot speak in our name', async () => {
    const stream = await get(
      await answering(
        'HTTP/1.1 403 Forbidden\r\nMctunnel-Hop: hub\r\nmctunnel-mapped-user: root\r\nContent-Length: 0\r\n\r\n',
      ),
    );
    expect(stream.head).toEqual({
      status: 403,
      headers: ['Content-Length', '0', 'Mctunnel-Mapped-User', 'hub:alice'],
    });
  });
});

describe('an upgrade to a service', () => {
  const headers = [
    'Connection',
    'Upgrade',
    'Upgrade',
    'websocket',
    'Sec-WebSocket-Key',
    'x',
    'Cookie',
    'a=1',
  ];
  const echo = (request: IncomingMessage, socket: Socket): void => {
    const accept = createHash('sha1')
      .update(request.headers['sec-websocket-key'] ?? '')
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSet-Cookie: b=2\r\n\r\n`,
    );
    socket.pipe(socket);
  };

  it('needs create as well, then carries bytes both ways', async () => {
    let cookie: string | undefined;
    const server = await bench.http(ok);
    server.server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
      cookie = request.headers.cookie;
      echo(request, socket);
    });
    bench.web([server.port]);
    const { upstream } = bench.upstream({ policy: WEB });
    const stream = ask(upstream, 'GET', '/ws', { headers, deadlineMs: 0 });
    await stream.when(() => stream.head !== undefined || stream.resetError !== undefined);
    expect([stream.head?.status, stream.header('upgrade'), stream.header('set-cookie'), cookie]).toEqual([
      101,
      'websocket',
      'b=2',
      'a=1',
    ]);
    expect(bench.asked.map(({ question }) => question.verb)).toEqual(['get', 'create']);
    stream.send('hello').send(' there');
    await stream.when(() => stream.text === 'hello there');
    expect(upstream.inFlight.services).toBe(1);
    stream.finish();
    await stream.ended();
    await until(() => upstream.inFlight.services === 0);
    // What is known already makes no difference.
    const second = ask(upstream, 'GET', '/ws', { headers, deadlineMs: 0 }).send('early');
    await second.when(() => second.text === 'early');
    await upstream.close();
    await until(() => server.sockets.size === 0);
  });

  it('is refused to who may only read', async () => {
    bench.web([1]);
    const { upstream } = bench.upstream({
      policy: WEB,
      review: ({ verb }) => Promise.resolve({ allowed: verb === 'get', reason: '' }),
    });
    expect(error(await ask(upstream, 'GET', '/ws', { headers, deadlineMs: 0 }).ended())).toMatchObject({
      ...{ code: 'FORBIDDEN', message: expect.stringContaining('cannot create resource "services/proxy"') },
    });
  });
});
