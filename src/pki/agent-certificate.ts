import { X509Certificate } from 'node:crypto';
import { MctunnelError } from '../errors.ts';
import * as der from './der.ts';
import { OID } from './oids.ts';

/** `O` of every agent certificate. */
export const AGENTS_ORGANIZATION = 'mctunnel:agents';

/** What an agent's certificate says. */
export interface AgentCertificate {
  readonly cluster: string;
  /** uid of the registration that it was issued for. */
  readonly uid: string;
  /** Hexadecimal, lower case, without leading zeros. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A DNS-1123 label and a UUID as Kubernetes writes them: no user, port, query, escape or capital letter can hide in the URI. */
const AGENT_URI =
  /^mctunnel:\/\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** The URI SAN of an agent. Throws MctunnelError INVALID when name or uid cannot stand in one. */
export function agentUri(cluster: string, uid: string): string {
  const uri = `mctunnel://${cluster}/${uid}`;
  if (!AGENT_URI.test(uri)) {
    throw new MctunnelError(
      'INVALID',
      `no certificate can be issued for cluster ${JSON.stringify(cluster)}, uid ${JSON.stringify(uid)}`,
    );
  }
  return uri;
}

/** Bound of a certificate that is looked at; ours have under 700 bytes. */
const MAX_CERTIFICATE_BYTES = 16_384;
const WHAT = 'agent certificate';

/**
 * Reads a certificate (DER) as an agent's, or refuses it: exactly one O, exactly one SAN and that one our URI, for client authentication,
 * not a CA, nothing twice. The signature and the dates are not checked here. `known`: the same, as Node has read it already. Throws MctunnelError UNAUTHENTICATED.
 */
export function parseAgentCertificate(raw: Uint8Array, known?: X509Certificate): AgentCertificate {
  try {
    return parse(raw, known);
  } catch (error) {
    const why = error instanceof MctunnelError ? error.message : `${WHAT} is malformed`;
    throw new MctunnelError('UNAUTHENTICATED', why, { cause: error });
  }
}

function parse(raw: Uint8Array, known?: X509Certificate): AgentCertificate {
  if (raw.length > MAX_CERTIFICATE_BYTES) refuse(`is larger than ${MAX_CERTIFICATE_BYTES} bytes`);
  const [tbs] = der.childrenOf(der.decode(raw, WHAT), 'sequence', WHAT);
  // version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, extensions
  const fields = der.childrenOf(tbs, 'sequence', WHAT);
  const [version, serial, , , , subject, , wrapped, ...rest] = fields;
  if (version === undefined || !der.isTagged(version, 0)) refuse('is not of version 3');
  if (
    wrapped === undefined ||
    !der.isTagged(wrapped, 3) ||
    typeof wrapped.value === 'string' ||
    rest.length > 0
  ) {
    refuse('is malformed');
  }
  checkSubject(subject);
  const extensions = extensionsOf(wrapped.value[0]);
  checkUsage(extensions);
  const [, cluster = '', uid = ''] = AGENT_URI.exec(soleUri(extensions)) ?? refuse('has an odd URI');
  // Dates by Node: it knows both of X.509's time formats.
  const certificate = known ?? new X509Certificate(raw);
  return {
    cluster,
    uid,
    serial: der
      .contentOf(serial, 'integer', WHAT)
      .toString('hex')
      .replace(/^0+(?=.)/, ''),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
  };
}

function refuse(why: string): never {
  throw new MctunnelError('UNAUTHENTICATED', `${WHAT} ${why}`);
}

/** Exactly one O, ours; at most one CN, which means nothing; no attribute of another kind, none twice, none hidden in a multi-valued RDN. */
function checkSubject(subject: der.Node | undefined): void {
  const seen = new Map<string, string>();
  for (const rdn of der.childrenOf(subject, 'sequence', `subject of the ${WHAT}`)) {
    const attributes = der.childrenOf(rdn, 'set', `subject of the ${WHAT}`);
    const [attribute] = attributes;
    if (attributes.length !== 1) refuse('has a subject with several values in one place');
    const [type, value] = der.childrenOf(attribute, 'sequence', `subject of the ${WHAT}`);
    const id = der.oidOf(type, `subject of the ${WHAT}`);
    if (id !== OID.organization && id !== OID.commonName) refuse(`has a subject with the attribute ${id}`);
    if (seen.has(id)) refuse(`has more than one ${id === OID.organization ? 'O' : 'CN'}`);
    const text = der.contentOf(
      value,
      der.isType(value, 'utf8') ? 'utf8' : 'printable',
      `subject of the ${WHAT}`,
    );
    seen.set(id, text.toString('utf8'));
  }
  if (seen.get(OID.organization) !== AGENTS_ORGANIZATION)
    refuse(`is not one of an agent (O=${AGENTS_ORGANIZATION})`);
}

/** Value (DER inside the OCTET STRING) by OID. */
function extensionsOf(node: der.Node | undefined): ReadonlyMap<string, Buffer> {
  const extensions = new Map<string, Buffer>();
  for (const extension of der.childrenOf(node, 'sequence', `extensions of the ${WHAT}`)) {
    const parts = der.childrenOf(extension, 'sequence', `extensions of the ${WHAT}`);
    const id = der.oidOf(parts[0], `extensions of the ${WHAT}`);
    if (extensions.has(id)) refuse(`has the extension ${id} twice`);
    extensions.set(id, der.contentOf(parts.at(-1), 'octets', `extensions of the ${WHAT}`));
  }
  return extensions;
}

function checkUsage(extensions: ReadonlyMap<string, Buffer>): void {
  const constraints = extensions.get(OID.basicConstraints);
  if (
    constraints !== undefined &&
    der.childrenOf(der.decode(constraints, WHAT), 'sequence', WHAT).length > 0
  ) {
    refuse('is one of a CA');
  }
  const usage = extensions.get(OID.extendedKeyUsage);
  const purposes =
    usage === undefined
      ? []
      : der.childrenOf(der.decode(usage, WHAT), 'sequence', WHAT).map((node) => der.oidOf(node, WHAT));
  if (purposes.length !== 1 || purposes[0] !== OID.clientAuth)
    refuse('is not for client authentication alone');
}

function soleUri(extensions: ReadonlyMap<string, Buffer>): string {
  const value = extensions.get(OID.subjectAltName);
  if (value === undefined) refuse('names no cluster (it has no SAN)');
  const names = der.childrenOf(der.decode(value, WHAT), 'sequence', WHAT);
  const [name] = names;
  if (names.length !== 1 || name === undefined) refuse('has more than one SAN');
  if (!der.isTagged(name, 6) || typeof name.value !== 'string') refuse('has a SAN that is not a URI');
  return name.value;
}
