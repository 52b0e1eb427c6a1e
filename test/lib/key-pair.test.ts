import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { keyPairFault } from '../../src/lib/key-pair.ts';
import { TestCa } from '../pki.ts';

const CA = new TestCa('a CA');
const ONE = CA.server();
const OTHER = CA.server();
const NAMES = { certificate: 'the certificate in tls.crt', key: 'the key in tls.key' };
const ENCRYPTED = createPrivateKey(ONE.privateKey)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const PUBLIC = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();

describe('a key and a certificate', () => {
  it.each([
    ['that belong together', ONE.certificate, ONE.privateKey],
    ['with a chain', ONE.chain, ONE.privateKey],
    ['in one file', ONE.privateKey + ONE.certificate, ONE.certificate + ONE.privateKey],
  ])('%s are in order', (_what, certificate, key) => {
    expect(keyPairFault(certificate, key, NAMES)).toBeUndefined();
    expect(keyPairFault(Buffer.from(certificate), Buffer.from(key), NAMES)).toBeUndefined();
  });

  it.each([
    [
      'of two pairs',
      ONE.certificate,
      OTHER.privateKey,
      /^the key in tls\.key does not belong to the certificate in tls\.crt; give/,
    ],
    ['exchanged', ONE.privateKey, ONE.certificate, /^the certificate in tls\.crt is no certificate in PEM/],
    [
      'of which the key is a certificate',
      ONE.certificate,
      ONE.certificate,
      /^the key in tls\.key is no private key in PEM/,
    ],
    ['of which the key is public', ONE.certificate, PUBLIC, /^the key in tls\.key is no private key in PEM/],
    [
      'of which the key has a passphrase',
      ONE.certificate,
      ENCRYPTED,
      /^the key in tls\.key is encrypted; .*openssl pkey/,
    ],
    ['that are empty', '', '', /^the certificate in tls\.crt is no certificate/],
    [
      'of which the certificate is cut short',
      ONE.certificate.slice(0, 300),
      ONE.privateKey,
      /is no certificate in PEM, or is damaged$/,
    ],
    [
      'whose chain is damaged',
      `${ONE.certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      ONE.privateKey,
      /the chain behind it is damaged$/,
    ],
  ])('%s: in one line, without a word of OpenSSL', (_what, certificate, key, words) => {
    const fault = keyPairFault(certificate, key, NAMES) ?? '';
    expect(fault).toMatch(words);
    expect(fault).not.toMatch(/routines|error:|\n/);
  });
});
