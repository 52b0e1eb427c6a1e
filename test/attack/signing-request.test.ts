// An agent asks for its certificate with a signing request of its own making. Were the names in it taken over, it could ask to be another cluster, or an
// administrator; were the key's owner not asked for proof, it could have another's key certified in its own name.
import { X509Certificate } from 'node:crypto';
import type { KeyPair } from '../../src/pki/keys.ts';
import { attack, without, type Guard } from './attack.ts';

const REQUEST = 'src/pki/signing-request.ts';

attack('a signing request that asks for other names', {
  // What the hub signs is built from the registration alone: the request's names have no way into it that could be opened here.
  attempt: async (after) => {
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const forge = (await import('node-forge')).default;
    const { generateKeyPairSync } = await import('node:crypto');
    const stage = await startTunnelStage();
    after(() => stage.close());
    const uri = `mctunnel://cluster-b/${stage.uidOf('cluster-b')}`;
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const privateKey = forge.pki.privateKeyFromPem(
      pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    );
    const csr = forge.pki.createCertificationRequest();
    csr.publicKey = forge.pki.publicKeyFromPem(
      pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    );
    csr.setSubject([
      { name: 'commonName', value: 'cluster-b' },
      { name: 'organizationName', value: 'system:masters' },
    ]);
    csr.setAttributes([
      {
        name: 'extensionRequest',
        extensions: [
          {
            name: 'subjectAltName',
            altNames: [
              { type: 6, value: uri },
              { type: 2, value: 'localhost' },
            ],
          },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          { name: 'basicConstraints', cA: true },
        ],
      },
    ]);
    csr.sign(privateKey, forge.md.sha256.create());
    const der = Buffer.from(forge.asn1.toDer(forge.pki.certificationRequestToAsn1(csr)).getBytes(), 'binary');
    const enrolled = await stage.enroll(await stage.token('cluster-a'), { csr: der });
    if (!(enrolled instanceof X509Certificate)) throw enrolled;
    const wanted = `URI:mctunnel://cluster-a/${stage.uidOf('cluster-a')}`;
    const isAsItShouldBe =
      enrolled.subjectAltName === wanted &&
      enrolled.subject === 'O=mctunnel:agents\nCN=cluster-a' &&
      !enrolled.ca &&
      enrolled.keyUsage.join() === '1.3.6.1.5.5.7.3.2';
    return isAsItShouldBe
      ? undefined
      : `${enrolled.subject} ${enrolled.subjectAltName ?? ''} ${enrolled.keyUsage.join()}`;
  },
});

/** A request by any key, signed by any other. */
function requested(what: string, weakened: readonly [Guard, ...Guard[]], isWeak: boolean): void {
  attack(`a signing request ${what}`, {
    weakened,
    attempt: async (after) => {
      const { startTunnelStage } = await import('./tunnel-stage.ts');
      const der = await import('../../src/pki/der.ts');
      const { spki } = await import('../../src/pki/certificate.ts');
      const { OID } = await import('../../src/pki/oids.ts');
      const { generateKeyPairSync, sign } = await import('node:crypto');
      const stage = await startTunnelStage();
      after(() => stage.close());
      const ec = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const weak: KeyPair = generateKeyPairSync('rsa', { modulusLength: 1024 });
      const [shown, signer] = isWeak ? [weak, weak] : [ec(), ec()];
      const content = der.sequence(
        der.smallInteger(0),
        der.sequence(),
        der.decode(spki(shown.publicKey), 'key'),
        der.tagged(0),
      );
      const signature = sign('sha256', der.encode(content), signer.privateKey);
      const algorithm = isWeak ? '1.2.840.113549.1.1.11' : OID.ecdsaWithSha256;
      const csr = der.encode(der.sequence(content, der.sequence(der.oid(algorithm)), der.bits(signature)));
      const enrolled = await stage.enroll(await stage.token('cluster-a'), { csr });
      return enrolled instanceof X509Certificate ? 'it was signed' : undefined;
    },
  });
}
requested(
  "for somebody else's key",
  [without(REQUEST, '!isSigned(scheme.digest, der.encode(content), publicKey, bits.subarray(1))', 'false')],
  false,
);
requested(
  'for a key that can be broken',
  [
    without(
      REQUEST,
      "if (weakness !== undefined) throw new MctunnelError('INVALID', `the ${WHAT}: ${weakness}`);",
    ),
  ],
  true,
);
