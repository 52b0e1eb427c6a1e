import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { issueServing, openServingFiles, type ServingPairSource } from '../../src/cli/serving.ts';
import { Closer } from '../../src/lib/closer.ts';
import { silentLog } from '../../src/lib/log.ts';
import { authorityHashes, findHubAuthority } from '../../src/pki/index.ts';
import { peekChain } from '../../src/transport/index.ts';
import { newAuthority } from '../pki/support.ts';
import { TestCa, type TestCertificate } from '../pki.ts';
import { CA, TestHub } from '../transport/fixture.ts';

let folder: string;
let closer: Closer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-serving-'));
  closer = new Closer((_name, error) => {
    throw error;
  });
});
afterEach(async () => {
  await closer.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serving(
  certificate: string,
  privateKey: string,
  port: 'gateway' | 'tunnel' = 'tunnel',
): Promise<ServingPairSource> {
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, privateKey);
  const source = await openServingFiles({ port, certFile, keyFile, log: silentLog, closer });
  if (source === undefined) throw new Error('no files');
  return source;
}

describe('a serving certificate that the administrator gave', () => {
  it.each([
    ['a root', (): [TestCa, TestCertificate] => [CA, CA.server()]],
    [
      'an intermediate CA, whose root is not in the file',
      (): [TestCa, TestCertificate] => {
        const middle = new TestCa('middle', new TestCa('root'));
        const leaf = middle.server();
        return [middle, { ...leaf, chain: leaf.certificate + middle.certificate }];
      },
    ],
  ])('vouched for by %s: agents find it by its hash, and trust it from then on', async (_what, make) => {
    const [ca, leaf] = make();
    const { caBundle, current } = await serving(leaf.chain, leaf.privateKey);
    expect(caBundle).toBe(ca.certificate.replaceAll('\r', ''));
    const hub = await TestHub.start({ credentials: { ...current, clientCa: CA.certificate } });
    try {
      const [hash = ''] = authorityHashes(caBundle);
      expect(findHubAuthority(await peekChain(hub.address), hash).trim()).toBe(caBundle.trim());
      const { session } = await hub.dial({ hub: { address: hub.address, caBundle } });
      expect(session.state).toBe('open');
    } finally {
      await hub.server.close();
    }
  });

  it('that has expired, or begins tomorrow, is refused: no client would take it', async () => {
    const dayMs = 24 * 3_600_000;
    const at = (days: number): Date => new Date(Date.now() + days * dayMs);
    for (const port of ['gateway', 'tunnel'] as const) {
      const old = CA.server({ notBefore: at(-2), notAfter: at(-1) });
      await expect(serving(old.chain, old.privateKey, port)).rejects.toThrow(
        /expired on \S+Z; put a new one/,
      );
      const early = CA.server({ notBefore: at(1), notAfter: at(2) });
      await expect(serving(early.chain, early.privateKey, port)).rejects.toThrow(/is valid from \S+Z only/);
    }
  });

  it('with the key of another is refused in words, naming both files', async () => {
    for (const port of ['gateway', 'tunnel'] as const) {
      await expect(serving(CA.server().chain, CA.server().privateKey, port)).rejects.toThrow(
        `--${port}-cert-file and --${port}-key-file: the key in ${folder}/tls.key does not belong to the certificate in ${folder}/tls.crt; give the two that were made together`,
      );
    }
  });

  it('that signed itself vouches for itself', async () => {
    const { certificate, privateKey } = new TestCa('its own');
    expect((await serving(certificate, privateKey)).caBundle).toBe(certificate.replaceAll('\r', ''));
  });

  it('alone says nothing of its CA: of the tunnel, whose CA agents are told, it is refused', async () => {
    const { certificate, privateKey } = CA.server();
    expect((await serving(certificate, privateKey, 'gateway')).caBundle).toBe('');
    await expect(serving(certificate, privateKey)).rejects.toThrow(
      /--tunnel-cert-file and --tunnel-key-file: .* does not hold the certificate of the CA/,
    );
  });
});

it("without files it is the hub's own CA that vouches, and each new certificate is told", async () => {
  const authority = await newAuthority('gateway-serving');
  const none = { port: 'gateway', certFile: undefined, keyFile: undefined, log: silentLog, closer } as const;
  expect(await openServingFiles(none)).toBeUndefined();
  const source = await issueServing({
    ...{ port: 'gateway', authority, log: silentLog, closer },
    hosts: ['localhost'],
  });
  expect(source.caBundle).toBe(authority.bundle);
});
