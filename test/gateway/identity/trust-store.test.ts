import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TrustStore } from '../../../src/gateway/identity/trust-store.ts';
import { authority, certify, client, der, newKey, server } from '../../kube/certificates.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;
const root = authority('root');
const store = new TrustStore(root.certificate);

function reason(chain: readonly Buffer[], trust = store, now = NOW): string {
  const verdict = trust.verify(chain, now);
  return verdict.trusted ? 'trusted' : verdict.reason;
}

describe('a trust store', () => {
  it('trusts a client certificate of its authority, directly or by intermediates in any order', () => {
    expect(reason(der(client(root, 'ada')))).toBe('trusted');
    const one = authority('one', { issuer: root });
    const two = authority('two', { issuer: one });
    const leaf = client(two, 'ada');
    expect(reason(der(leaf, two, one))).toBe('trusted');
    expect(reason(der(leaf, one, two))).toBe('trusted');
    expect(reason(der(leaf, authority('noise'), one, two))).toBe('trusted');
    expect(reason(der(leaf, one))).toBe('no trusted authority issued it');
    expect(reason(der(leaf))).toBe('no trusted authority issued it');
  });

  it('reads every certificate of a bundle, with what stands around them', () => {
    const second = authority('second');
    const both = new TrustStore(
      `# my CAs\r\n${second.certificate.replaceAll('\n', '\r\n')}\n\n${root.certificate}trailing`,
    );
    expect(reason(der(client(root, 'ada')), both)).toBe('trusted');
    expect(reason(der(client(second, 'ada')), both)).toBe('trusted');
    expect(() => new TrustStore('')).toThrow('no certificate');
    expect(() => new TrustStore(`${root.certificate}-----BEGIN CERTIFICATE-----\nMIIB`)).toThrow('cut short');
    expect(() => new TrustStore('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toThrow(
      'certificate 1 of the bundle cannot be read',
    );
  });

  it('refuses a certificate of another authority, also of one with the same name or with the same key', () => {
    expect(reason(der(client(authority('stranger'), 'ada')))).toBe('no trusted authority issued it');
    expect(reason(der(client(authority('root'), 'ada')))).toBe('a signature of its chain is wrong');
    const renamed = authority('renamed', { key: root.key });
    expect(reason(der(client(renamed, 'ada')))).toBe('no trusted authority issued it');
    expect(reason(der(certify({ commonName: 'ada' })))).toBe('no trusted authority issued it');
  });

  it('refuses what is not valid at this time, at every place of the chain, and says until when a chain is good', () => {
    const soon = new Date(NOW + DAY_MS);
    const past = new Date(NOW - 1_000);
    expect(
      reason(der(client(root, 'ada', { notBefore: soon, notAfter: new Date(NOW + 2 * DAY_MS) }))),
    ).toMatch(/not valid yet/);
    expect(reason(der(client(root, 'ada', { notAfter: past })))).toMatch(/expired/);
    const stale = authority('stale', { issuer: root, notAfter: past });
    expect(reason(der(client(stale, 'ada'), stale))).toMatch(/expired/);
    const old = authority('old root', { notAfter: past });
    expect(reason(der(client(old, 'ada')), new TrustStore(old.certificate))).toMatch(/expired/);
    const short = authority('short', { issuer: root, notAfter: new Date(NOW + 60_000) });
    const verdict = store.verify(der(client(short, 'ada'), short), NOW);
    if (!verdict.trusted) throw new Error(verdict.reason);
    // Certificates have whole seconds.
    expect(Math.abs(verdict.validUntilMs - (NOW + 60_000))).toBeLessThanOrEqual(1_000);
    expect(reason(der(client(short, 'ada'), short), store, NOW + 61_000)).toMatch(/expired/);
  });

  it('lets only authorities issue, as deep as they allow', () => {
    const user = client(root, 'mallory', { extendedKeyUsage: ['clientAuth'] });
    expect(reason(der(client(user, 'admin'), user))).not.toBe('trusted');
    const pretender = certify({ commonName: 'p', issuer: root, ca: false });
    expect(reason(der(client(pretender, 'admin'), pretender))).not.toBe('trusted');
    const noFlag = certify({ commonName: 'q', issuer: root });
    expect(reason(der(client(noFlag, 'admin'), noFlag))).not.toBe('trusted');
    const cannotSign = authority('r', { issuer: root, keyUsage: ['digitalSignature'] });
    expect(reason(der(client(cannotSign, 'admin'), cannotSign))).not.toBe('trusted');

    const flat = authority('flat', { issuer: root, pathLength: 0 });
    expect(reason(der(client(flat, 'ada'), flat))).toBe('trusted');
    const below = authority('below', { issuer: flat });
    expect(reason(der(client(below, 'ada'), below, flat))).toMatch(/longer than an authority allows/);
    const flatRoot = authority('flat root', { pathLength: 0 });
    const child = authority('child', { issuer: flatRoot });
    expect(reason(der(client(child, 'ada'), child), new TrustStore(flatRoot.certificate))).toMatch(/longer/);
  });

  it('wants certificates for clients: any usage and none at all will do, as in Go', () => {
    expect(reason(der(server(root)))).toMatch(/not meant for clients/);
    expect(reason(der(client(root, 'ada', { extendedKeyUsage: ['2.5.29.37.0'] })))).toBe('trusted');
    const unrestricted = certify({ commonName: 'ada', issuer: root, ca: false });
    expect(reason(der(unrestricted))).toBe('trusted');
    const servers = authority('for servers', { issuer: root, extendedKeyUsage: ['serverAuth'] });
    expect(reason(der(client(servers, 'ada'), servers))).toMatch(/not meant for clients/);
  });

  it('refuses critical extensions that it does not understand', () => {
    expect(reason(der(client(root, 'ada', { criticalExtensions: ['1.2.3.4'] })))).toMatch(/1\.2\.3\.4/);
    const constrained = authority('constrained', { issuer: root, criticalExtensions: ['1.2.3.5'] });
    expect(reason(der(client(constrained, 'ada'), constrained))).toMatch(/1\.2\.3\.5/);
  });

  it('takes a certificate that stands in the bundle itself, and no other of its key', () => {
    const self = certify({ commonName: 'pinned', ca: false });
    const pinned = new TrustStore(self.certificate);
    expect(reason(der(self), pinned)).toBe('trusted');
    expect(reason(der(certify({ commonName: 'pinned', ca: false, key: self.key })), pinned)).not.toBe(
      'trusted',
    );
  });

  it('gives up on chains that are long, circular or full of namesakes', () => {
    const leaf = client(root, 'ada');
    expect(reason(der(leaf, ...Array.from({ length: 10 }, () => root)))).toBe('more than 10 certificates');
    // Two authorities that issued each other.
    const keyA = newKey();
    const keyB = newKey();
    const b = authority('b', {
      key: keyB,
      issuer: { certificate: authority('a', { key: keyA }).certificate, key: keyA },
    });
    const a = authority('a', { key: keyA, issuer: { certificate: b.certificate, key: keyB } });
    expect(reason(der(client(b, 'ada'), b, a))).toBe('no trusted authority issued it');
    // Namesakes of one key: every one of them fits above every other.
    const key = newKey();
    const twin = () =>
      authority('twin', { key, issuer: { certificate: authority('twin', { key }).certificate, key } });
    const twins = Array.from({ length: 8 }, twin);
    const first = twins[0];
    if (first === undefined) throw new Error('none');
    expect(reason(der(client(first, 'ada'), ...twins))).toBe('more than 100 signatures to check');
  });

  it('refuses any change of any byte', () => {
    const [good] = der(client(root, 'ada'));
    if (good === undefined) throw new Error('none');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ change;
        expect(store.verify([bad], NOW).trusted).toBe(false);
      }),
      { numRuns: 500 },
    );
    expect(reason([Buffer.concat([good, Buffer.of(0)])])).toBe('the certificate cannot be read');
    expect(reason([good.subarray(0, -1)])).toBe('the certificate cannot be read');
    expect(reason([Buffer.alloc(0)])).toBe('the certificate cannot be read');
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => !store.verify([Buffer.from(bytes)], NOW).trusted,
      ),
    );
  });
});
