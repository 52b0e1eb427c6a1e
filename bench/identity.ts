/**
 * What it costs to name a caller and to authorise it when the answers are known: microseconds per request, on one thread.
 *
 *     npx node bench/identity.ts
 */
import { createReviewingAuthorizer } from '../src/gateway/access/index.ts';
import {
  chainAuthenticators,
  createClientCertificateAuthenticator,
  createFrontProxyAuthenticator,
  createTokenReviewAuthenticator,
  withImpersonation,
} from '../src/gateway/identity/index.ts';
import type { RequestFacts } from '../src/gateway/ports.ts';
import { systemClock } from '../src/lib/clock.ts';
import { authority, client, der } from '../test/kube/certificates.ts';

const ROUNDS = 200_000;
/** Stands still: nothing that is known expires. */
const clock = { ...systemClock, now: () => 0 };
const proxyCa = authority('front-proxy');
const clientCa = authority('clients');
const token = `Bearer ${'eyJ'.padEnd(1_000, 'x')}`;
const identity = {
  user: 'system:serviceaccount:team:bot',
  uid: '',
  groups: ['system:serviceaccounts', 'system:authenticated'],
  extra: [],
};

const authorizer = createReviewingAuthorizer({
  clock,
  reviewer: { review: () => Promise.resolve({ allowed: true, reason: '' }) },
});
const authenticator = withImpersonation({
  authorizer,
  authenticator: chainAuthenticators([
    createFrontProxyAuthenticator({
      source: {
        requestHeader: {
          caPem: proxyCa.certificate,
          allowedNames: ['front-proxy-client'],
          usernameHeaders: ['X-Remote-User'],
          uidHeaders: [],
          groupHeaders: ['X-Remote-Group'],
          extraHeaderPrefixes: ['X-Remote-Extra-'],
        },
      },
    }),
    createClientCertificateAuthenticator({ source: { clientCaPem: clientCa.certificate } }),
    createTokenReviewAuthenticator({
      clock,
      reviewer: { review: () => Promise.resolve({ authenticated: true, identity }) },
    }),
  ]),
});

/** Lines that every request of client-go carries, as kube-aggregator forwards them. */
const common = [
  ...[
    'Host',
    '10.0.0.1:8080',
    'User-Agent',
    'kubectl/v1.36.3 (linux/amd64) kubernetes/0000000',
    'Accept',
    'application/json',
  ],
  ...[
    'Accept-Encoding',
    'gzip',
    'Audit-Id',
    '9a4b6f0e-5a33-4c1e-9d8e-0d5e6f7a8b9c',
    'X-Forwarded-For',
    '192.0.2.1',
  ],
  ...[
    'X-Forwarded-Host',
    'mctunnel-hub.mctunnel-system.svc',
    'X-Forwarded-Proto',
    'https',
    'Kubectl-Command',
    'kubectl get',
  ],
];

function request(headers: readonly string[], clientCertificates: readonly Buffer[] = []): RequestFacts {
  return {
    method: 'GET',
    target: '/',
    headers: [...common, ...headers],
    isUpgrade: false,
    remoteAddress: '192.0.2.1',
    clientCertificates,
    connection: {},
  };
}

const remote = [
  ...[
    'X-Remote-User',
    'ada@example.org',
    'X-Remote-Group',
    'developers',
    'X-Remote-Group',
    'system:authenticated',
  ],
  ...['X-Remote-Extra-Authentication.kubernetes.io%2fcredential-id', 'X509SHA256=0123456789abcdef'],
];
const attributes = {
  ...{ verb: 'get', group: 'gateway.mctunnel.io', version: 'v1', resource: 'clusters', subresource: 'proxy' },
  ...{ name: 'cluster-a', namespace: '' },
};

async function measure(name: string, facts: (round: number) => RequestFacts): Promise<void> {
  const once = async (round: number): Promise<void> => {
    const caller = await authenticator.authenticate(facts(round));
    await authorizer.authorize(caller.identity, attributes);
  };
  for (let round = 0; round < 1_000; round++) await once(round);
  let authenticationMs = 0;
  let bothMs = 0;
  for (const withAuthorization of [false, true, false, true]) {
    const begin = performance.now();
    for (let round = 0; round < ROUNDS; round++) {
      const caller = authenticator.authenticate(facts(round));
      if (caller instanceof Promise) throw new Error('the cache is cold');
      if (!withAuthorization) continue;
      if (authorizer.authorize(caller.identity, attributes) instanceof Promise)
        throw new Error('the cache is cold');
    }
    if (withAuthorization) bothMs += performance.now() - begin;
    else authenticationMs += performance.now() - begin;
  }
  const us = (ms: number): string => ((ms * 1_000) / (2 * ROUNDS)).toFixed(2).padStart(6);
  console.log(`${name.padEnd(36)} authenticate ${us(authenticationMs)} µs, and authorize ${us(bothMs)} µs`);
}

const proxy = request(remote, der(client(proxyCa, 'front-proxy-client')));
await measure('front proxy', () => proxy);
const users = Array.from({ length: 100 }, (_, i) => ({
  ...proxy,
  headers: [...common, 'X-Remote-User', `user-${i}`, ...remote.slice(2)],
}));
await measure('front proxy, 100 users on it', (round) => users[round % 100] ?? proxy);
const certificate = request([], der(client(clientCa, 'ada', { organizations: ['developers'] })));
await measure('client certificate', () => certificate);
const bearer = request(['Authorization', token]);
await measure('token, the connection known', () => bearer);
const connections = Array.from({ length: 100 }, () => ({ ...bearer }));
await measure('token, a new connection each time', (round) => ({
  ...(connections[round % 100] ?? bearer),
  connection: {},
}));
