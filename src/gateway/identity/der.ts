/**
 * As much of DER (X.690) as reading a certificate takes. OpenSSL has parsed the bytes before; here they must be well-formed or
 * nothing is read from them.
 */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Thrown for anything that is not DER; never shown to a caller. */
export class DerError extends Error {}

/** All elements that stand in `bytes`, one after the other. Throws DerError. */
export function elements(bytes: Buffer): Element[] {
  const list: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at++] ?? 0;
    // Tag numbers above 30 do not occur in certificates.
    if ((tag & 0x1f) === 0x1f) throw new DerError('long tag');
    let length = bytes[at++];
    if (length === undefined) throw new DerError('cut short');
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size === 0 || size > 3 || at + size > bytes.length) throw new DerError('length');
      length = bytes.readUIntBE(at, size);
      at += size;
      if (length < 0x80 || length < 2 ** (8 * (size - 1))) throw new DerError('length is not minimal');
    }
    if (at + length > bytes.length) throw new DerError('cut short');
    list.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return list;
}

/** The elements inside of one with that tag. Throws DerError. */
export function inside(element: Element | undefined, tag: number): Element[] {
  return elements(contentOf(element, tag));
}

/** The bytes of an element with that tag. Throws DerError. */
export function contentOf(element: Element | undefined, tag: number): Buffer {
  if (element?.tag !== tag) throw new DerError(`not a ${tag.toString(16)}`);
  return element.content;
}

/** `2.5.29.19`. Throws DerError. */
export function oidOf(element: Element | undefined): string {
  const bytes = contentOf(element, TAG.oid);
  const arcs: number[] = [];
  let arc = 0;
  for (const [index, byte] of bytes.entries()) {
    if (arc === 0 && byte === 0x80) throw new DerError('oid is not minimal');
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerError('oid is too large');
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    } else if (index === bytes.length - 1) {
      throw new DerError('oid is cut short');
    }
  }
  const [first, ...rest] = arcs;
  if (first === undefined) throw new DerError('empty oid');
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

/** A small number, not negative. Throws DerError. */
export function smallInteger(element: Element | undefined): number {
  const bytes = contentOf(element, TAG.integer);
  if (bytes.length < 1 || bytes.length > 4 || (bytes[0] ?? 0x80) >= 0x80) throw new DerError('integer');
  return bytes.readUIntBE(0, bytes.length);
}

/** A string of a name in whichever of the usual types. Throws DerError. */
export function stringOf(element: Element | undefined): string {
  const content = element?.content ?? Buffer.alloc(0);
  switch (element?.tag) {
    case TAG.utf8String:
      return decodeText('utf-8', content);
    case TAG.printableString:
    case TAG.ia5String:
      if (content.some((byte) => byte > 0x7e)) throw new DerError('string is not ASCII');
      return content.toString('latin1');
    case TAG.teletexString:
      return content.toString('latin1');
    case TAG.bmpString:
      return decodeText('utf-16le', Buffer.from(content).swap16());
    default:
      throw new DerError('not a string');
  }
}

function decodeText(encoding: string, content: Buffer): string {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new DerError('string is not valid');
  }
}
