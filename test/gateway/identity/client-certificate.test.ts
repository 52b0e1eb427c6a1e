import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createClientCertificateAuthenticator } from '../../../src/gateway/identity/index.ts';
import type { Caller, RequestFacts } from '../../../src/gateway/ports.ts';
import { authenticatorSuite } from '../../contract/authenticator-suite.ts';
import { authority, certify, client, der } from '../../kube/certificates.ts';
import { request } from './facts.ts';

const ca = authority('client-ca');
const proxyCa = authority('front-proxy-ca');

function authenticator() {
  const source = { clientCaPem: ca.certificate as string | undefined };
  let nowMs = Date.now();
  const made = createClientCertificateAuthenticator({ source, wallNow: () => nowMs });
  return {
    source,
    authenticator: made,
    ask: (chain: readonly Buffer[]) =>
      made.authenticate(request({ clientCertificates: chain })) as Caller | undefined,
    sleep: (ms: number) => void (nowMs += ms),
  };
}

function callerOf(chain: readonly Buffer[], user: string, groups: readonly string[]): Caller {
  const fingerprint = createHash('sha256')
    .update(chain[0] ?? '')
    .digest('hex');
  const extra = [
    { key: 'authentication.kubernetes.io/credential-id', values: [`X509SHA256=${fingerprint}`] },
  ];
  return { method: 'client-certificate', identity: { user, uid: '', groups, extra } };
}

const ada = der(client(ca, 'ada', { organizations: ['dev', 'ops, eu'] }));
const bob = der(client(ca, 'bob'));

authenticatorSuite('a client certificate', () => {
  const { authenticator: made, sleep } = authenticator();
  const with_ = (chain: readonly Buffer[]) => (more?: Partial<RequestFacts>) =>
    request({ clientCertificates: chain, ...more });
  return Promise.resolve({
    authenticator: made,
    known: with_(ada),
    caller: callerOf(ada, 'ada', ['dev', 'ops, eu']),
    other: with_(bob),
    otherCaller: callerOf(bob, 'bob', []),
    foreign: [request(), request({ headers: ['Authorization', 'Bearer x'] })],
    forged: [
      ['another authority', with_(der(client(proxyCa, 'root')))()],
      ['self-signed', with_(der(certify({ commonName: 'root' })))()],
      ['expired', with_(der(client(ca, 'root', { notAfter: new Date(0) })))()],
      ['for servers', with_(der(client(ca, 'root', { extendedKeyUsage: ['serverAuth'] })))()],
      ['no name', with_(der(certify({ issuer: ca, organizations: ['system:masters'] })))()],
      ['an empty name', with_(der(client(ca, '', { organizations: ['system:masters'] })))()],
      ['garbage', with_([Buffer.from('x')])()],
    ],
    end: () => sleep(2 * 86_400_000),
  });
});

describe('a client certificate', () => {
  it('tells its groups by every O, not by what a CN pretends', () => {
    const { ask } = authenticator();
    const strange = 'ada/O=system:masters\nO=system:masters, O=system:masters';
    expect(ask(der(client(ca, strange)))?.identity).toMatchObject({ user: strange, groups: [] });
    const comma = ask(der(client(ca, 'zoë', { organizations: ['a,O=system:masters', 'ü'] })));
    expect(comma?.identity).toMatchObject({ user: 'zoë', groups: ['a,O=system:masters', 'ü'] });
  });

  it('means nobody once its CA is no longer trusted, also on a connection that stands', () => {
    const { source, authenticator: made } = authenticator();
    const standing = request({ clientCertificates: ada });
    expect(made.authenticate(standing)).toMatchObject({ identity: { user: 'ada' } });
    source.clientCaPem = proxyCa.certificate;
    expect(made.authenticate(standing)).toBeUndefined();
    source.clientCaPem = undefined;
    expect(made.authenticate(standing)).toBeUndefined();
    source.clientCaPem = proxyCa.certificate + ca.certificate;
    expect(made.authenticate(standing)).toMatchObject({ identity: { user: 'ada' } });
  });

  it('is looked at again when it was not valid yet', () => {
    const { authenticator: made, sleep } = authenticator();
    const early = request({
      clientCertificates: der(client(ca, 'ada', { notBefore: new Date(Date.now() + 60_000) })),
    });
    expect(made.authenticate(early)).toBeUndefined();
    sleep(61_000);
    expect(made.authenticate(early)).toMatchObject({ identity: { user: 'ada' } });
  });
});
