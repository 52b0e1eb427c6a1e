import forge from 'node-forge';
import { MctunnelError } from '../errors.ts';

// ASN.1 in DER by node-forge; keys and signatures are node:crypto's, because forge signs with RSA only.

const { asn1 } = forge;
const { Class, Type } = asn1;
// Its types have no number for context-specific tags.
const create: (tagClass: number, type: number, constructed: boolean, value: string | Node[]) => Node =
  asn1.create;

export type Node = forge.asn1.Asn1;

const primitive = (type: forge.asn1.Type, value: string): Node => create(Class.UNIVERSAL, type, false, value);
const bytes = (buffer: Uint8Array): string => Buffer.from(buffer).toString('latin1');

export const sequence = (...children: Node[]): Node => create(Class.UNIVERSAL, Type.SEQUENCE, true, children);
export const set = (...children: Node[]): Node => create(Class.UNIVERSAL, Type.SET, true, children);
export const oid = (dotted: string): Node => primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
export const utf8 = (text: string): Node => primitive(Type.UTF8, bytes(Buffer.from(text, 'utf8')));
export const octets = (buffer: Uint8Array): Node => primitive(Type.OCTETSTRING, bytes(buffer));
export const booleanTrue = (): Node => primitive(Type.BOOLEAN, '\xff');
export const smallInteger = (value: number): Node =>
  primitive(Type.INTEGER, asn1.integerToDer(value).getBytes());

/** BIT STRING; `unusedBits` of the last byte. */
export const bits = (buffer: Uint8Array, unusedBits = 0): Node =>
  primitive(Type.BITSTRING, String.fromCharCode(unusedBits) + bytes(buffer));

/** An unsigned big-endian number as an INTEGER in its shortest form. */
export function unsignedInteger(buffer: Uint8Array): Node {
  let start = 0;
  while (start < buffer.length - 1 && buffer[start] === 0) start++;
  const shortest = buffer.subarray(start);
  return primitive(Type.INTEGER, ((shortest[0] ?? 0) >= 0x80 ? '\0' : '') + bytes(shortest));
}

/** RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
export const time = (date: Date): Node =>
  date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));

/** `[tag] EXPLICIT` and constructed implicit tags. */
export const tagged = (tag: number, ...children: Node[]): Node =>
  create(Class.CONTEXT_SPECIFIC, tag, true, children);
/** `[tag] IMPLICIT` of a string type. */
export const taggedBytes = (tag: number, value: Uint8Array): Node =>
  create(Class.CONTEXT_SPECIFIC, tag, false, bytes(value));

export function encode(node: Node): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

/**
 * Parses DER, and nothing else: what does not encode back to the very same bytes (BER's indefinite lengths, long forms, bytes after
 * the end) is refused, so that no other parser can read it differently. Throws MctunnelError INVALID.
 */
export function decode(der: Uint8Array, what: string): Node {
  let node: Node;
  try {
    // decodeBitStrings off: a signature that happens to look like ASN.1 stays bytes.
    const options = { strict: true, parseAllBytes: true, decodeBitStrings: false, maxDepth: 32 };
    node = asn1.fromDer(bytes(der), options as never);
  } catch (error) {
    throw new MctunnelError('INVALID', `${what} is not valid DER`, { cause: error });
  }
  if (!encode(node).equals(der)) throw new MctunnelError('INVALID', `${what} is not in DER`);
  return node;
}

/** The children of a SEQUENCE or SET; throws MctunnelError INVALID when it is something else. */
export function childrenOf(node: Node | undefined, type: 'sequence' | 'set', what: string): readonly Node[] {
  const wanted = type === 'sequence' ? Type.SEQUENCE : Type.SET;
  if (node?.tagClass !== Class.UNIVERSAL || node.type !== wanted || typeof node.value === 'string') {
    throw new MctunnelError('INVALID', `${what} is malformed`);
  }
  return node.value;
}

/** The bytes of a primitive of that type; throws MctunnelError INVALID when it is something else. */
export function contentOf(
  node: Node | undefined,
  type: 'oid' | 'bits' | 'octets' | 'integer' | 'utf8' | 'printable' | 'boolean',
  what: string,
): Buffer {
  const wanted = {
    oid: Type.OID,
    bits: Type.BITSTRING,
    octets: Type.OCTETSTRING,
    integer: Type.INTEGER,
    utf8: Type.UTF8,
    printable: Type.PRINTABLESTRING,
    boolean: Type.BOOLEAN,
  }[type];
  if (node?.tagClass !== Class.UNIVERSAL || node.type !== wanted || node.constructed) {
    throw new MctunnelError('INVALID', `${what} is malformed`);
  }
  // forge keeps a bit string's bytes here when it was parsed, and elsewhere when it was created.
  const value = type === 'bits' ? bitStringContents(node) : node.value;
  if (typeof value !== 'string') throw new MctunnelError('INVALID', `${what} is malformed`);
  return Buffer.from(value, 'latin1');
}

function bitStringContents(node: Node): unknown {
  return (node as { readonly bitStringContents?: unknown }).bitStringContents ?? node.value;
}

export function oidOf(node: Node | undefined, what: string): string {
  return asn1.derToOid(contentOf(node, 'oid', what).toString('latin1'));
}

/** Is this `[tag]`? */
export function isTagged(node: Node, tag: number): boolean {
  return node.tagClass === Class.CONTEXT_SPECIFIC && (node.type as number) === tag;
}

export const isType = (node: Node | undefined, type: 'utf8' | 'printable' | 'boolean'): boolean =>
  node?.tagClass === Class.UNIVERSAL &&
  node.type === { utf8: Type.UTF8, printable: Type.PRINTABLESTRING, boolean: Type.BOOLEAN }[type];
