import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import {
  impersonationRights,
  noCredential,
  Policy,
  probeMember,
  staticToken,
  watchTokenFile,
  type MemberEndpoint,
} from '../../src/upstream/index.ts';
import { resolveMember } from '../../src/upstream/member.ts';
import { TestCa } from '../pki.ts';
import { begin, Bench, CA, get, policyOf, TOKEN, until } from './member.ts';

const UPGRADE = { headers: ['Upgrade', 'websocket', 'Connection', 'Upgrade'], deadlineMs: 0 };
/** The server is an https one. */
const asTls = (socket: unknown): TLSSocket => socket as TLSSocket;

/** Answers when all of a request has come. */
function withText(
  answer: (request: IncomingMessage, response: ServerResponse, text: string) => void,
): RequestListener {
  return (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => answer(request, response, text));
  };
}

let bench: Bench;
let cleanup: (() => void | Promise<void>)[] = [];
beforeEach(() => {
  bench = new Bench();
});
afterEach(async () => {
  await bench.close();
  for (const step of cleanup.reverse()) await step();
  cleanup = [];
});

describe("the member's certificate", () => {
  const other = new TestCa('another CA');
  it.each<[string, (endpoint: MemberEndpoint) => MemberEndpoint, string]>([
    ['of another CA', (endpoint) => ({ ...endpoint, caPem: other.certificate }), 'not of the CA'],
    ['for another name', (endpoint) => ({ ...endpoint, tlsServerName: 'elsewhere.example' }), 'another name'],
    ['that no system trusts', (endpoint) => ({ ...endpoint, caPem: undefined }), 'not of the CA'],
  ])('%s is refused before anything is sent', async (_what, change, words) => {
    const member = await bench.member((_request, response) => response.end());
    const upstream = bench.upstream(change(member.endpoint));
    for (const stream of [get(upstream, '/'), begin(upstream, 'GET', '/', UPGRADE)]) {
      await stream.ended();
      expect(stream.resetError).toMatchObject({
        code: 'UPSTREAM_UNREACHABLE',
        hop: 'agent',
        delivered: 'no',
      });
      expect(stream.resetError?.message).toContain(words);
    }
    expect(member.requests).toHaveLength(0);
    await until(() => member.sockets.size === 0);
  });

  it('is refused whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const member = await bench.member((_request, response) => response.end());
    const upstream = bench.upstream({ ...member.endpoint, caPem: other.certificate });
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    cleanup.push(() => {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    });
    expect((await get(upstream, '/').ended()).resetError?.code).toBe('UPSTREAM_UNREACHABLE');
    expect((await begin(upstream, 'GET', '/', UPGRADE).ended()).resetError?.code).toBe(
      'UPSTREAM_UNREACHABLE',
    );
  });

  it('is checked for tls-server-name when that is given', async () => {
    const member = await bench.member((_request, response) => response.end('ok'));
    const upstream = bench.upstream({ ...member.endpoint, tlsServerName: 'kubernetes' });
    expect((await get(upstream, '/').ended()).text).toBe('ok');
  });
});

describe('a member that is not there', () => {
  it('is unreachable, delivered no', async () => {
    const member = await bench.member(() => undefined);
    await member.close();
    const upstream = bench.upstream(member.endpoint);
    const streams = [
      get(upstream, '/'),
      begin(upstream, 'POST', '/').send('x', { end: true }),
      get(upstream, '/?watch=1'),
    ];
    for (const stream of streams) {
      await stream.ended();
      expect(stream.resetError).toMatchObject({
        code: 'UPSTREAM_UNREACHABLE',
        hop: 'agent',
        delivered: 'no',
      });
      expect(stream.resetError?.message).toContain('connection refused');
    }
    await until(() => Object.values(upstream.inFlight).every((count) => count === 0));
  });
});

describe('the credential', () => {
  it('is a client certificate where the kubeconfig has one, and then no token', async () => {
    const client = CA.issue({ commonName: 'agent', usages: ['clientAuth'] });
    const names: unknown[] = [];
    const member = await bench.member(
      (request, response) => {
        const socket: TLSSocket = asTls(request.socket);
        names.push(socket.authorized, socket.getPeerCertificate().subject.CN, request.headers.authorization);
        response.end();
      },
      undefined,
      { requestCert: true, ca: CA.certificate },
    );
    const upstream = bench.upstream({
      ...member.endpoint,
      clientCertificate: { certPem: client.certificate, keyPem: client.privateKey },
      credential: noCredential,
    });
    expect((await get(upstream, '/').ended()).head?.status).toBe(200);
    expect(names).toEqual([true, 'agent', undefined]);
  });

  it('is the token that the file holds now', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mctunnel-token-'));
    cleanup.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'token');
    await writeFile(path, 'first\n');
    const problems: unknown[] = [];
    const file = await watchTokenFile({ path, onError: (problem) => problems.push(problem) });
    cleanup.push(() => file.close());
    const member = await bench.member((request, response) => {
      response.statusCode = request.headers.authorization === 'Bearer first' ? 200 : 401;
      response.end();
    });
    const upstream = bench.upstream({ ...member.endpoint, credential: file });
    expect((await get(upstream, '/').ended()).head?.status).toBe(200);
    await writeFile(path, 'second');
    await file.reload();
    expect((await get(upstream, '/').ended()).head?.status).toBe(401);
    expect(member.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer second',
    ]);
    await writeFile(path, 'not a\r\ntoken');
    await file.reload();
    await until(() => problems.length > 0);
    expect(file.authorization()).toBe('Bearer second');
    expect(JSON.stringify(problems)).not.toContain('not a');
  });

  it('is looked for again when the member answers 401', async () => {
    let asked = 0;
    const member = await bench.member((_request, response) => {
      response.statusCode = 401;
      response.end();
    });
    const credential = {
      authorization: () => undefined,
      rejected: (): void => {
        asked++;
      },
    };
    const upstream = bench.upstream({ ...member.endpoint, credential });
    expect((await get(upstream, '/').ended()).head?.status).toBe(401);
    expect(asked).toBe(1);
  });

  it.each(['', 'a b', 'a\nb', 'ä'])('refuses the token %j without showing it', (token) => {
    expect(() => staticToken(token)).toThrow(/^the token for the managed cluster's API server [a-z ]+$/);
  });
});

describe('an endpoint', () => {
  it.each([
    'http://127.0.0.1:8080',
    '127.0.0.1:6443',
    'https://user:secret@host',
    'https://host/?x=1',
    'https://host/a//b',
    'ftp://host',
    '',
  ])('%j is refused', (server) => {
    expect(() => resolveMember('east', { server, credential: noCredential })).toThrow(
      expect.objectContaining({ code: 'INVALID' }),
    );
  });

  it('with a broken CA or key is refused in words', () => {
    const endpoint = { server: 'https://host', credential: noCredential };
    expect(() =>
      resolveMember('east', { ...endpoint, caPem: 'x', clientCertificate: { certPem: 'x', keyPem: 'y' } }),
    ).toThrow(expect.objectContaining({ code: 'INVALID' }));
  });

  it('is replaced for new requests, while those that run end where they are', async () => {
    let finish: (() => void) | undefined;
    const one = await bench.member((_request, response) => {
      response.write('1');
      finish = () => response.end('!');
    });
    const two = await bench.member((_request, response) => response.end('2'));
    const upstream = bench.upstream(one.endpoint);
    const old = get(upstream, '/');
    await old.when(() => old.text === '1');
    upstream.replaceMember(two.endpoint);
    expect((await get(upstream, '/').ended()).text).toBe('2');
    finish?.();
    expect((await old.ended()).text).toBe('1!');
    await until(() => one.sockets.size === 0);
  });
});

describe('a redirect', () => {
  const redirecting = async (
    status: number,
    location: string,
    path = '/api',
  ): Promise<ReturnType<typeof get>> => {
    const member = await bench.member((request, response) => {
      if (request.url === path) {
        response.writeHead(status, {
          Location: location.replace('ORIGIN', `https://127.0.0.1:${member.port}`),
        });
      }
      response.end(`body of ${request.url ?? ''}`);
    });
    return get(bench.upstream(member.endpoint), path).ended();
  };

  it.each([
    ['ORIGIN/a/b?c=d#e', '/a/b?c=d#e'],
    ['/a/', '/a/'],
    ['b', '/b'],
    ['?x=y', '/api?x=y'],
    ['../../x', '/x'],
  ])('to %s inside the member passes in path form', async (location, expected) => {
    const stream = await redirecting(301, location);
    expect(stream.head?.status).toBe(301);
    expect(stream.header('location')).toBe(expected);
    expect(stream.text).toBe('body of /api');
  });

  it.each([
    'https://evil.example/',
    '//evil.example/x',
    '/\\evil.example/x',
    'http://127.0.0.1/',
    'https://127.0.0.1:1/',
    'https://user@127.0.0.1/',
    'javascript:alert(1)',
    'https://',
    '/a//b',
    '/a%2Fb',
    '/%2e%2e/%2fevil',
  ])('to %s is refused by name', async (location) => {
    const stream = await redirecting(307, location);
    expect(stream.head).toBeUndefined();
    expect(stream.resetError).toMatchObject({ code: 'REDIRECT_REFUSED', hop: 'agent', delivered: 'unknown' });
    expect(stream.resetError?.message).toContain(JSON.stringify(location));
  });

  it('under /openapi/v3/ is followed once', async () => {
    const stream = await redirecting(
      301,
      '/openapi/v3/apis/apps/v1?hash=NEW',
      '/openapi/v3/apis/apps/v1?hash=OLD',
    );
    expect(stream.head?.status).toBe(200);
    expect(stream.text).toBe('body of /openapi/v3/apis/apps/v1?hash=NEW');
  });

  it('in a circle is passed on, not followed again', async () => {
    const member = await bench.member((_request, response) => {
      response.writeHead(301, { Location: '/openapi/v3/a' }).end();
    });
    const stream = await get(bench.upstream(member.endpoint), '/openapi/v3/a').ended();
    expect(stream.head?.status).toBe(301);
    expect(member.requests).toHaveLength(2);
  });

  it('out of /openapi/v3/ is not followed', async () => {
    const stream = await redirecting(301, '/api/v1/secrets', '/openapi/v3/a');
    expect(stream.head?.status).toBe(301);
  });

  it('loses the base path of the server, and may not leave it', async () => {
    const member = await bench.member((request, response) => {
      response.writeHead(302, { Location: request.url === '/base/in' ? '/base/x' : '/basement/x' }).end();
    });
    const upstream = bench.upstream({ ...member.endpoint, server: `${member.endpoint.server}/base` });
    expect((await get(upstream, '/in').ended()).header('location')).toBe('/x');
    expect((await get(upstream, '/out').ended()).resetError?.code).toBe('REDIRECT_REFUSED');
  });
});

describe('the probe', () => {
  const policy = new Policy('east');

  it("finds version, uid and missing rights with the agent's own account", async () => {
    const bodies: { spec: { resourceAttributes: Record<string, string> } }[] = [];
    const member = await bench.member(
      withText((request, response, text) => {
        expect(request.headers.authorization).toBe(`Bearer ${TOKEN}`);
        expect(Object.keys(request.headers).some((name) => name.startsWith('impersonate'))).toBe(false);
        expect(request.headers['user-agent']).toBe('me/v1');
        if (request.url === '/version') response.end('{"gitVersion":"v1.36.3"}');
        else if (request.url === '/api/v1/namespaces/kube-system') response.end('{"metadata":{"uid":"u-1"}}');
        else {
          const body = JSON.parse(text) as (typeof bodies)[number];
          bodies.push(body);
          const { resource } = body.spec.resourceAttributes;
          response.writeHead(201).end(JSON.stringify({ status: { allowed: resource === 'users' } }));
        }
      }),
    );
    const own = policyOf({ passExtras: ['scopes'] }).current;
    const state = await probeMember('east', member.endpoint, own, { userAgent: 'me/v1' });
    expect(state.apiServer).toMatchObject({ reachable: true, version: 'v1.36.3' });
    expect(state.clusterUid).toBe('u-1');
    expect(state.missingRights).toEqual([
      { group: '', resource: 'groups', subresource: '', name: '' },
      { group: 'authentication.k8s.io', resource: 'userextras', subresource: 'scopes', name: '' },
    ]);
    expect(bodies[0]?.spec.resourceAttributes).toMatchObject({ verb: 'impersonate', resource: 'users' });
    await until(() => member.sockets.size === 0);
  });

  it.each<[string, number, string, readonly string[] | undefined]>([
    ['it says who that is', 201, '{}', []],
    ['it lacks what the trial does', 403, 'cannot impersonate:on … impersonate-on:user-info:create', []],
    ['it lets that user ask for nothing', 403, 'User "hub:mctunnel-probe" cannot create resource', []],
    [
      'it does not know the verbs',
      403,
      'User "agent" cannot impersonate resource "users" in API group ""',
      ['users', 'groups', 'userextras'],
    ],
    ['it cannot say', 500, 'oh', undefined],
  ])(
    'takes constrained impersonation for a right where the member shows, by a trial, that it does: %s',
    async (_what, trialStatus, trialBody, missing) => {
      const asked: unknown[] = [];
      const trials: IncomingHttpHeaders[] = [];
      const member = await bench.member(
        withText((request, response, text) => {
          if (request.method === 'GET') {
            response.end(JSON.stringify({ gitVersion: 'v1.30.0', metadata: { uid: 'u-1' } }));
            return;
          }
          if (request.url?.endsWith('/selfsubjectreviews') === true) {
            trials.push(request.headers);
            response.writeHead(trialStatus).end(trialBody);
            return;
          }
          const { spec } = JSON.parse(text) as { spec: { resourceAttributes: { verb: string } } };
          asked.push(spec.resourceAttributes);
          const allowed = spec.resourceAttributes.verb === 'impersonate:user-info';
          response.writeHead(201).end(JSON.stringify({ status: { allowed } }));
        }),
      );
      const own = policyOf({ passExtras: ['scopes'] }).current;
      const { missingRights } = await probeMember('east', member.endpoint, own);
      expect(missingRights?.map(({ resource }) => resource)).toEqual(missing);
      expect(asked.slice(0, 4)).toMatchObject([
        { verb: 'impersonate', group: '', resource: 'users' },
        { verb: 'impersonate:user-info', group: 'authentication.k8s.io', resource: 'users' },
        { verb: 'impersonate', group: '', resource: 'groups' },
        { verb: 'impersonate:user-info', group: 'authentication.k8s.io', resource: 'groups' },
      ]);
      expect(trials).toMatchObject([
        {
          authorization: `Bearer ${TOKEN}`,
          'impersonate-user': 'hub:mctunnel-probe',
          'impersonate-group': 'hub:mctunnel-probe',
          'impersonate-extra-scopes': 'mctunnel-probe',
        },
      ]);
    },
  );

  it('says what is wrong with a member that does not answer, or not as it should', async () => {
    const gone = await bench.member(() => undefined);
    await gone.close();
    const none = await probeMember('east', gone.endpoint, policy);
    expect(none).toMatchObject({
      apiServer: { reachable: false, problem: { code: 'UPSTREAM_UNREACHABLE' } },
      clusterUid: undefined,
      missingRights: undefined,
    });
    const html = await bench.member((_request, response) => response.end('<html>'));
    expect((await probeMember('east', html.endpoint, policy)).apiServer).toMatchObject({
      problem: { code: 'PROTOCOL' },
    });
    const denied = await bench.member((request, response) => {
      response.statusCode = request.url === '/version' ? 200 : 403;
      response.end('{}');
    });
    expect(await probeMember('east', denied.endpoint, policy)).toMatchObject({
      apiServer: { reachable: true, version: '' },
      clusterUid: undefined,
      missingRights: undefined,
    });
  });

  it('needs rights by name where the policy lists nothing but names', () => {
    const names = (rules: Parameters<typeof policyOf>[0]): string[] =>
      impersonationRights(policyOf(rules).current).map(({ resource, name }) => `${resource}/${name}`);
    expect(names({})).toEqual(['users/', 'groups/']);
    expect(names({ users: ['alice', 'bob'], passUsers: ['bob'] })).toEqual([
      'users/hub:alice',
      'users/bob',
      'groups/',
    ]);
    expect(names({ users: ['alice', 'oidc:'] })).toEqual(['users/', 'groups/']);
    expect(names({ users: ['alice'], groups: ['dev'] })).toEqual(['users/', 'groups/']);
  });

  // It is asked in the background: what it threw ended the agent, with everything that ran.
  it('needs none for a name that the mapping refuses', async () => {
    const refused = policyOf({ users: ['alice', 'system:admin', 'a\nb'], passUsers: ['s*'] }).current;
    const rights = impersonationRights(refused).map(({ resource, name }) => `${resource}/${name}`);
    expect(rights).toEqual(['users/hub:alice', 'groups/']);
    const member = await bench.member((_request, response) => response.end('{"status":{"allowed":true}}'));
    expect(await probeMember('east', member.endpoint, refused)).toMatchObject({ missingRights: [] });
  });

  it.each([
    ['once where the agent may be any user', '', ['users/', 'groups/'], []],
    [
      'one by one where it may be some',
      'hub:bob',
      [
        'users/',
        'users/hub:alice',
        'users/hub:alice',
        'users/hub:bob',
        'users/hub:eve',
        'users/hub:eve',
        'groups/',
      ],
      ['hub:alice', 'hub:eve'],
    ],
  ])('asks for the users that a policy names %s', async (_how, allowed, questions, missing) => {
    const asked: string[] = [];
    const member = await bench.member(
      withText((request, response, text) => {
        if (request.method === 'GET') {
          response.end('{}');
          return;
        }
        const { resource, name } = (
          JSON.parse(text) as { spec: { resourceAttributes: { resource: string; name: string } } }
        ).spec.resourceAttributes;
        asked.push(`${resource}/${name}`);
        const isAllowed = resource === 'groups' || name === allowed;
        response.end(JSON.stringify({ status: { allowed: isAllowed } }));
      }),
    );
    const own = policyOf({ users: ['alice', 'bob', 'eve'] }).current;
    const { missingRights } = await probeMember('east', member.endpoint, own);
    expect(asked).toEqual(questions);
    expect(missingRights?.map(({ name }) => name)).toEqual(missing);
  });

  it('tries names and extras as requests carry them, also those that are not ASCII', async () => {
    const trials: string[][] = [];
    const member = await bench.member(
      withText((request, response, text) => {
        if (request.url?.endsWith('/selfsubjectreviews') === true) trials.push(request.rawHeaders);
        response.end(JSON.stringify({ status: { allowed: text.includes('impersonate:user-info') } }));
      }),
    );
    const own = policyOf({ users: ['Zoë-名'], passExtras: ['acme.com/(ü)'] }).current;
    expect(await probeMember('east', member.endpoint, own)).toMatchObject({ missingRights: [] });
    const [trial = []] = trials;
    const value = (name: string): string | undefined => trial[trial.indexOf(name) + 1];
    expect(Buffer.from(value('impersonate-user') ?? '', 'latin1').toString()).toBe('hub:Zoë-名');
    expect(value('impersonate-extra-acme.com%2F%28%C3%BC%29')).toBe('mctunnel-probe');
  });
});
