import { X509Certificate } from 'node:crypto';
import type { RequestHeaderConfig } from '../gateway/ports.ts';
import type { KubeObject } from './object-watch.ts';

/** What the ConfigMap kube-system/extension-apiserver-authentication says. */
export interface AuthenticationConfig {
  /** undefined: the hub's kube-apiserver has no front proxy (no --requestheader-client-ca-file). */
  readonly requestHeader: RequestHeaderConfig | undefined;
  readonly clientCaPem: string | undefined;
}

/** Throws Error, with `where`, for a bundle that whoever verifies by it cannot read. */
export type RequireReadable = (pem: string, where: string) => void;

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g;

/** Throws Error with what is wrong: a key that cannot be read, or a combination that would let users name themselves. */
export function readAuthenticationConfig(
  object: KubeObject,
  requireReadable: RequireReadable = () => undefined,
): AuthenticationConfig {
  if (object === undefined) throw new Error('it does not exist');
  const entries = (object['data'] ?? {}) as Readonly<Record<string, unknown>>;
  const clientCaPem = bundle(entries, 'client-ca-file', requireReadable);
  const caPem = bundle(entries, 'requestheader-client-ca-file', requireReadable);
  if (caPem === undefined) return { requestHeader: undefined, clientCaPem };
  const requestHeader = {
    caPem,
    allowedNames: list(entries, 'requestheader-allowed-names'),
    usernameHeaders: headerNames(entries, 'requestheader-username-headers'),
    uidHeaders: headerNames(entries, 'requestheader-uid-headers'),
    groupHeaders: headerNames(entries, 'requestheader-group-headers'),
    extraHeaderPrefixes: headerNames(entries, 'requestheader-extra-headers-prefix'),
  };
  if (requestHeader.usernameHeaders.length === 0) throw new Error('requestheader-username-headers is empty');
  const danger = dangerOf(requestHeader, clientCaPem);
  if (danger !== undefined) throw new Error(danger);
  return { requestHeader, clientCaPem };
}

const ADVICE =
  'and requestheader-allowed-names is empty: every user with a client certificate could pass for anybody. ' +
  'Give kube-apiserver --requestheader-allowed-names, or a CA of its own for the front proxy';

/**
 * Why these two must not be trusted together: when a certificate of the client CA may pass for the front proxy, every user can be
 * anybody by sending X-Remote-User. undefined: they may. It may when both are one CA, and when one is, over any number of certificates of the two
 * bundles, an intermediate of the other: what the lower one signs is then a certificate of both.
 */
export function dangerOf(
  requestHeader: RequestHeaderConfig | undefined,
  clientCaPem: string | undefined,
): string | undefined {
  if (requestHeader === undefined || clientCaPem === undefined) return undefined;
  // An empty name in the list allows nothing that a certificate can have, so the list as a whole is what counts.
  if (requestHeader.allowedNames.length > 0) return undefined;
  const proxyCas = certificates(requestHeader.caPem);
  const clientCas = certificates(clientCaPem);
  const proxyKeys = new Set(proxyCas.map(keyOf));
  const clientKeys = new Set(clientCas.map(keyOf));
  if (clientCas.some((ca) => proxyKeys.has(keyOf(ca)))) {
    return `the requestheader CA is also a client CA ${ADVICE}`;
  }
  const known = [...proxyCas, ...clientCas];
  if (clientCas.some((ca) => issuersOf(ca, known).some((issuer) => proxyKeys.has(keyOf(issuer))))) {
    return `a client CA is an intermediate of the requestheader CA ${ADVICE}`;
  }
  if (proxyCas.some((ca) => issuersOf(ca, known).some((issuer) => clientKeys.has(keyOf(issuer))))) {
    return `the requestheader CA is an intermediate of a client CA ${ADVICE}`;
  }
  return undefined;
}

/** Of those that are known: who signed it, who signed these, and so on. */
function issuersOf(certificate: X509Certificate, known: readonly X509Certificate[]): X509Certificate[] {
  const found = new Set([certificate]);
  // A Set goes on over what is added meanwhile.
  for (const lower of found) {
    for (const issuer of known) if (!found.has(issuer) && isSignedBy(lower, issuer)) found.add(issuer);
  }
  found.delete(certificate);
  return [...found];
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  if (certificate.issuer !== issuer.subject) return false;
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    // A key that OpenSSL cannot verify with: neither can the gateway.
    return false;
  }
}

function keyOf(certificate: X509Certificate): string {
  return certificate.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

function certificates(pem: string): X509Certificate[] {
  return (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
}

function bundle(
  entries: Readonly<Record<string, unknown>>,
  key: string,
  requireReadable: RequireReadable,
): string | undefined {
  const pem = entries[key];
  if (pem === undefined || pem === '') return undefined;
  if (typeof pem !== 'string') throw new Error(`${key} is not text`);
  let count: number;
  try {
    count = certificates(pem).length;
  } catch {
    throw new Error(`${key} holds a certificate that cannot be read`);
  }
  if (count === 0) throw new Error(`${key} holds no certificate`);
  if (count !== pem.split('-----BEGIN CERTIFICATE-----').length - 1) throw new Error(`${key} is cut short`);
  requireReadable(pem, key);
  return pem;
}

/** A JSON array of strings; absent is empty. */
function list(entries: Readonly<Record<string, unknown>>, key: string): string[] {
  const json = entries[key];
  if (json === undefined || json === '') return [];
  let parsed: unknown;
  try {
    parsed = typeof json === 'string' ? (JSON.parse(json) as unknown) : undefined;
  } catch {
    parsed = undefined;
  }
  if (!Array.isArray(parsed) || parsed.some((item) => typeof item !== 'string')) {
    throw new Error(`${key} is not a JSON array of strings`);
  }
  return parsed as string[];
}

function headerNames(entries: Readonly<Record<string, unknown>>, key: string): string[] {
  const names = list(entries, key);
  const bad = names.find((name) => !HEADER_NAME.test(name));
  if (bad !== undefined) throw new Error(`${key}: ${JSON.stringify(bad)} is not a header name`);
  return names;
}
