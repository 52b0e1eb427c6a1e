// An agent that could pass for another cluster would receive that cluster's requests, with the identities in them: every doubt is a refusal.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { X509Certificate } from 'node:crypto';
import { sign } from 'node:crypto';
import { agentUri, parseAgentCertificate } from '../../src/pki/agent-certificate.ts';
import { type CertificateContent, signCertificate } from '../../src/pki/certificate.ts';
import * as der from '../../src/pki/der.ts';
import { generateKey, type KeyPair } from '../../src/pki/keys.ts';
import { OID } from '../../src/pki/oids.ts';
import { newAuthority, thrown, UID_A, UID_B } from './support.ts';

const key: KeyPair = await generateKey();
const GOOD = `mctunnel://cluster-a/${UID_A}`;

function certificate(content: Partial<CertificateContent> = {}): X509Certificate {
  return signCertificate(
    {
      subject: { organizations: ['mctunnel:agents'], commonName: 'cluster-a' },
      publicKey: key.publicKey,
      notBefore: new Date('2027-01-01T00:00:00Z'),
      notAfter: new Date('2027-01-31T00:00:00Z'),
      isAuthority: false,
      usage: 'client',
      uris: [GOOD],
      ...content,
    },
    { ownKey: key.privateKey },
  );
}

/** The same certificate with its To-Be-Signed part changed, signed again. */
function rebuilt(change: (fields: der.Node[]) => der.Node[]): Buffer {
  const [tbs, algorithm] = der.childrenOf(der.decode(certificate().raw, 'it'), 'sequence', 'it');
  const next = der.sequence(...change([...der.childrenOf(tbs, 'sequence', 'it')]));
  return der.encode(
    der.sequence(next, algorithm as der.Node, der.bits(sign('sha256', der.encode(next), key.privateKey))),
  );
}

const refused = (raw: Uint8Array): string => {
  const error = thrown(() => parseAgentCertificate(raw));
  expect(error.code).toBe('UNAUTHENTICATED');
  return error.message;
};

describe('parseAgentCertificate', () => {
  it('reads what the agent CA issues', async () => {
    const agents = await newAuthority('agent-client');
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
        fc.uuid(),
        (cluster, uid) => {
          const leaf = agents.issueAgent({ cluster, uid, publicKey: key.publicKey });
          const parsed = parseAgentCertificate(leaf.raw);
          expect(parsed).toMatchObject({
            cluster,
            uid,
            notBefore: leaf.validFromDate,
            notAfter: leaf.validToDate,
          });
          expect(parsed.serial).toBe(leaf.serialNumber.toLowerCase().replace(/^0+/, ''));
          return Promise.resolve();
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([
    ['no URI', []],
    ['two URIs', [GOOD, `mctunnel://cluster-b/${UID_B}`]],
    ['the same twice', [GOOD, GOOD]],
    ['user information', [`mctunnel://x@cluster-a/${UID_A}`]],
    ['a port', [`mctunnel://cluster-a:443/${UID_A}`]],
    ['a query', [`${GOOD}?x`]],
    ['a fragment', [`${GOOD}#x`]],
    ['a longer path', [`${GOOD}/x`]],
    ['a trailing slash', [`${GOOD}/`]],
    ['a capital letter in the scheme', [`Mctunnel://cluster-a/${UID_A}`]],
    ['a capital letter in the name', [`mctunnel://Cluster-a/${UID_A}`]],
    ['a capital letter in the uid', [`mctunnel://cluster-a/${UID_A.toUpperCase()}`]],
    ['an escape', [`mctunnel://cluster%2da/${UID_A}`]],
    ['a dot', [`mctunnel://cluster.a/${UID_A}`]],
    ['a name of 64 characters', [`mctunnel://${'a'.repeat(64)}/${UID_A}`]],
    ['a hyphen at the end', [`mctunnel://cluster-/${UID_A}`]],
    ['no name', [`mctunnel:///${UID_A}`]],
    ['no uid', ['mctunnel://cluster-a/']],
    ['a uid that is none', ['mctunnel://cluster-a/1']],
    ['a newline at the end', [`${GOOD}\n`]],
    ['NUL inside', [`mctunnel://cluster-a\0.b/${UID_A}`]],
    ['another scheme', [`https://cluster-a/${UID_A}`]],
    ['a SPIFFE id', ['spiffe://cluster-a/agent']],
  ])('refuses a URI SAN with %s', (_what, uris) => {
    refused(certificate({ uris }).raw);
  });

  it('refuses a SAN of another kind, alone or besides', () => {
    expect(refused(certificate({ dnsNames: ['cluster-a'] }).raw)).toContain('more than one SAN');
    expect(refused(certificate({ ipAddresses: ['127.0.0.1'] }).raw)).toContain('more than one SAN');
    expect(refused(certificate({ uris: [], dnsNames: [GOOD] }).raw)).toContain('not a URI');
  });

  it.each([
    ['none', []],
    ['two', ['mctunnel:agents', 'mctunnel:hubs']],
    ['ours twice', ['mctunnel:agents', 'mctunnel:agents']],
    ['ours second', ['system:masters', 'mctunnel:agents']],
    ['another', ['mctunnel:hubs']],
    ['other case', ['Mctunnel:Agents']],
    ['a space behind', ['mctunnel:agents ']],
    ['NUL behind', ['mctunnel:agents\0']],
    ['both in one', ['mctunnel:agents,O=system:masters']],
  ])('refuses the O: %s', (_what, organizations) => {
    refused(certificate({ subject: { organizations, commonName: 'cluster-a' } }).raw);
  });

  it('refuses an O that hides in a multi-valued RDN, and attributes that we never issue', () => {
    const attribute = (id: string, value: string): der.Node => der.sequence(der.oid(id), der.utf8(value));
    const withSubject = (...rdns: der.Node[]): Buffer =>
      rebuilt((fields) => fields.with(5, der.sequence(...rdns)));
    const ours = attribute(OID.organization, 'mctunnel:agents');
    expect(refused(withSubject(der.set(ours, attribute(OID.organization, 'mctunnel:hubs'))))).toContain(
      'several values',
    );
    expect(refused(withSubject(der.set(ours), der.set(attribute('2.5.4.11', 'unit'))))).toContain('2.5.4.11');
    expect(refused(withSubject(der.set()))).toContain('several values');
    expect(parseAgentCertificate(withSubject(der.set(ours))).cluster).toBe('cluster-a');
  });

  it('refuses a second SAN extension, and fields behind the extensions', () => {
    const extensionsOf = (fields: der.Node[]): der.Node[] => [
      ...der.childrenOf((fields[7]?.value as der.Node[])[0], 'sequence', 'it'),
    ];
    const doubled = rebuilt((fields) => {
      const extensions = extensionsOf(fields);
      return fields.with(7, der.tagged(3, der.sequence(...extensions, extensions.at(-1) as der.Node)));
    });
    expect(refused(doubled)).toContain('twice');
    expect(refused(rebuilt((fields) => [...fields, der.tagged(3, der.sequence())]))).toContain('malformed');
    expect(refused(rebuilt((fields) => fields.slice(0, 7)))).toContain('malformed');
  });

  it('refuses a CA, a server certificate, and one without a purpose', () => {
    expect(refused(certificate({ isAuthority: true }).raw)).toContain('CA');
    expect(refused(certificate({ usage: 'server' }).raw)).toContain('client authentication');
    const withoutUsage = rebuilt((fields) => {
      const extensions = der
        .childrenOf((fields[7]?.value as der.Node[])[0], 'sequence', 'it')
        .filter((extension) => der.oidOf((extension.value as der.Node[])[0], 'it') !== OID.extendedKeyUsage);
      return fields.with(7, der.tagged(3, der.sequence(...extensions)));
    });
    expect(refused(withoutUsage)).toContain('client authentication');
  });

  it('never throws anything but UNAUTHENTICATED, whatever bytes come', () => {
    const good = certificate().raw;
    expect(parseAgentCertificate(good).uid).toBe(UID_A);
    refused(Buffer.alloc(20_000, 0x30));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void refused(bytes)));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const flipped = Buffer.from(good);
        flipped[index] = (flipped[index] ?? 0) ^ change;
        try {
          // A flipped bit in the key, the dates or the signature is the signature's to find.
          expect(parseAgentCertificate(flipped).cluster).toMatch(/^[a-z0-9-]+$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('agentUri', () => {
  it.each([
    ['', UID_A],
    ['a/b', UID_A],
    ['A', UID_A],
    ['a', ''],
    ['a', `${UID_A}/x`],
    ['a@b', UID_A],
  ])('issues nothing for %j, %j', (cluster, uid) => {
    expect(thrown(() => agentUri(cluster, uid)).code).toBe('INVALID');
  });
});
