// A signing request comes from anybody who reaches the tunnel port: nothing of it but a strong key, proven to be held, may count.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { join } from 'node:path';
import * as der from '../../src/pki/der.ts';
import { generateKey, type KeyPair } from '../../src/pki/keys.ts';
import { OID } from '../../src/pki/oids.ts';
import { spki } from '../../src/pki/certificate.ts';
import {
  createSigningRequest,
  MAX_SIGNING_REQUEST_BYTES,
  parseSigningRequest,
} from '../../src/pki/signing-request.ts';
import { temporaryFolder, thrown } from './support.ts';

const OPENSSL = 'openssl';
const withOpenSsl = spawnSync(OPENSSL, ['version']).status === 0 ? it : it.skip;

/** A request by any key, signed by any other. */
function request(
  shown: KeyObject,
  signer: KeyObject,
  algorithm: string = OID.ecdsaWithSha256,
  digest = 'sha256',
): Buffer {
  const content = der.sequence(
    der.smallInteger(0),
    der.sequence(),
    der.decode(spki(shown), 'key'),
    der.tagged(0),
  );
  const signature = sign(digest, der.encode(content), signer);
  return der.encode(der.sequence(content, der.sequence(der.oid(algorithm)), der.bits(signature)));
}

const curve = (namedCurve: string): KeyPair => generateKeyPairSync('ec', { namedCurve });
const RSA_SHA256 = '1.2.840.113549.1.1.11';

describe('a signing request', () => {
  it('gives its key back', async () => {
    const key = await generateKey();
    expect(parseSigningRequest(createSigningRequest(key)).equals(key.publicKey)).toBe(true);
  });

  withOpenSsl('is one for OpenSSL, and the names that OpenSSL asks for do not matter', async () => {
    const folder = await temporaryFolder();
    const key = await generateKey();
    const text = execFileSync(OPENSSL, ['req', '-inform', 'der', '-verify', '-noout'], {
      input: createSigningRequest(key),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    expect(text).toBeDefined();
    const file = join(folder, 'csr.der');
    execFileSync(
      OPENSSL,
      [
        ...[
          'req',
          '-new',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-384',
          '-nodes',
          '-outform',
          'der',
        ],
        ...[
          '-subj',
          '/O=mctunnel:hubs/O=system:masters/CN=admin',
          '-addext',
          'subjectAltName=URI:mctunnel://other/uid',
        ],
        ...['-keyout', join(folder, 'key.pem'), '-out', file],
      ],
      { stdio: 'ignore' },
    );
    const parsed = parseSigningRequest(execFileSync('cat', [file]));
    expect(parsed.asymmetricKeyDetails).toEqual({ namedCurve: 'secp384r1' });
  });

  it('may have RSA keys of 2,048 to 8,192 bits and the three NIST curves', () => {
    for (const name of ['P-256', 'P-384', 'P-521']) {
      const key = curve(name);
      expect(parseSigningRequest(request(key.publicKey, key.privateKey)).equals(key.publicKey)).toBe(true);
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(
      parseSigningRequest(request(rsa.publicKey, rsa.privateKey, RSA_SHA256)).equals(rsa.publicKey),
    ).toBe(true);
  });

  it('is refused with a weak or odd key', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    expect(
      thrown(() => parseSigningRequest(request(short.publicKey, short.privateKey, RSA_SHA256))).message,
    ).toContain('1024 bits is not accepted');
    const odd = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    expect(
      thrown(() => parseSigningRequest(request(odd.publicKey, odd.privateKey, RSA_SHA256))).message,
    ).toContain('exponent 3');
    for (const name of ['secp256k1', 'P-224', 'brainpoolP256r1']) {
      const key = curve(name);
      expect(thrown(() => parseSigningRequest(request(key.publicKey, key.privateKey))).message).toContain(
        'is not accepted (P-256',
      );
    }
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    expect(
      thrown(() => parseSigningRequest(request(pss.publicKey, pss.privateKey, RSA_SHA256))).message,
    ).toContain('rsa-pss');
  });

  it("is refused when somebody else's key signed it, or in another way than it says", async () => {
    const mine = await generateKey();
    const theirs = await generateKey();
    expect(thrown(() => parseSigningRequest(request(theirs.publicKey, mine.privateKey))).message).toContain(
      'not signed by its own key',
    );
    expect(
      thrown(() => parseSigningRequest(request(mine.publicKey, mine.privateKey, RSA_SHA256))).message,
    ).toContain('signed in a way');
    expect(
      thrown(() => parseSigningRequest(request(mine.publicKey, mine.privateKey, '1.2.840.10045.4.1', 'sha1')))
        .message,
    ).toContain('signed in a way');
    expect(
      thrown(() =>
        parseSigningRequest(request(mine.publicKey, mine.privateKey, OID.ecdsaWithSha256, 'sha384')),
      ).message,
    ).toContain('not signed');
  });

  it('is bounded in size before it is parsed', () => {
    const large = Buffer.alloc(MAX_SIGNING_REQUEST_BYTES + 1, 0x30);
    expect(thrown(() => parseSigningRequest(large)).message).toContain('larger than 16384 bytes');
  });

  it('is refused when it is BER, cut short, or has bytes behind it', async () => {
    const good = createSigningRequest(await generateKey());
    expect(thrown(() => parseSigningRequest(good.subarray(0, -1))).code).toBe('INVALID');
    expect(thrown(() => parseSigningRequest(Buffer.concat([good, Buffer.of(0)]))).code).toBe('INVALID');
    // The same content with an indefinite length.
    const headerBytes = (good[1] ?? 0) < 0x80 ? 2 : 2 + ((good[1] ?? 0) & 0x7f);
    const indefinite = Buffer.concat([Buffer.of(0x30, 0x80), good.subarray(headerBytes), Buffer.of(0, 0)]);
    expect(thrown(() => parseSigningRequest(indefinite)).message).toContain('not in DER');
  });

  it('never brings anything but INVALID, whatever bytes come', async () => {
    const good = createSigningRequest(await generateKey());
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(thrown(() => parseSigningRequest(bytes)).code).toBe('INVALID');
      }),
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const flipped = Buffer.from(good);
        flipped[index] = (flipped[index] ?? 0) ^ change;
        expect(thrown(() => parseSigningRequest(flipped)).code).toBe('INVALID');
      }),
      { numRuns: 500 },
    );
  });
});
