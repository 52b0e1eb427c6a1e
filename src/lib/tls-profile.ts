import { constants } from 'node:crypto';
import type { SecureContextOptions, TlsOptions } from 'node:tls';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** Forward secrecy and authenticated encryption, for either kind of key; of TLS 1.3 all that there is. Mozilla's "intermediate" without DHE. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * What each of our servers and each of our clients towards the hub speaks: nothing below TLS 1.2, no CBC, no static RSA. Never a resumed session (whose
 * certificates nobody would verify again), never a renegotiation (RFC 9113, 9.2.1).
 */
export function tlsProfile(
  minVersion: TlsVersion,
): Pick<SecureContextOptions, 'minVersion' | 'ciphers' | 'honorCipherOrder' | 'secureOptions'> {
  return {
    minVersion,
    ciphers: CIPHERS,
    // The strong ones are alike: a client without AES in hardware may prefer ChaCha20.
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/**
 * A server that takes this protocol of those that ALPN offers, or none. Not `ALPNProtocols`: of those Node keeps a copy with each connection, a few bytes
 * of a shared 64 KiB, which live as long.
 */
export function takesProtocol(name: string): Required<Pick<TlsOptions, 'ALPNCallback'>> {
  return { ALPNCallback: ({ protocols }) => protocols.find((protocol) => protocol === name) };
}
