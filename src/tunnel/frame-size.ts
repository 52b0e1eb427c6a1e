import type { HeadMessage, IdentityMessage, OpenMessage, ResetMessage, TrailersMessage } from './frame.ts';

/** Bytes of a protobuf varint (uint32). */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** A length-delimited field with a tag of one byte. */
function fieldBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

/** A scalar field, left out when 0. */
function uintBytes(value: number | null | undefined): number {
  return value === null || value === undefined || value === 0 ? 0 : 1 + varintBytes(value);
}

/** A string field, left out when empty. */
function stringBytes(value: string | null | undefined): number {
  return value === null || value === undefined || value === '' ? 0 : fieldBytes(Buffer.byteLength(value));
}

function stringsBytes(values: readonly string[] | null | undefined): number {
  if (values === null || values === undefined) return 0;
  let bytes = 0;
  for (const value of values) bytes += fieldBytes(Buffer.byteLength(value));
  return bytes;
}

/** What a frame costs in a Batch besides its body: its own tag and length, the stream id, fin. `bodyBytes` with the body's tag and length. */
function framedBytes(stream: number, fin: boolean, bodyBytes: number): number {
  return fieldBytes(uintBytes(stream) + (fin ? 2 : 0) + bodyBytes);
}

/** Encoded size of a data frame within a Batch. */
export function dataFrameBytes(stream: number, fin: boolean, length: number): number {
  return framedBytes(stream, fin, fieldBytes(length));
}

/** At most what a data frame costs besides its payload: tags, a length of 3 bytes (twice), an id of 5, fin. */
export const MAX_DATA_FRAME_OVERHEAD_BYTES = 16;
export function creditFrameBytes(stream: number, credit: number): number {
  // A member of a oneof is written even when 0.
  return framedBytes(stream, false, 1 + varintBytes(credit));
}

/** A frame with an empty message or with fin only. */
export function emptyFrameBytes(stream: number, fin: boolean, hasBody: boolean): number {
  return framedBytes(stream, fin, hasBody ? 2 : 0);
}

/** Tags, lengths, id, fin and numbers of a frame around an Open, Head or Trailers. */
const MAX_HEAD_FRAME_OVERHEAD_BYTES = 64;
/** Below this a bound will do: counting a string's UTF-8 bytes costs more than the room that a loose bound wastes. */
const COUNTED_FROM_BYTES = 4 * 1024;

/** At least the size of the frame of this Open, whatever its id; exact but for some bytes when it is long. */
export function openFrameBound(open: OpenMessage): number {
  let chars = 3 * stringChars(open.protocol, open.target, open.method, open.path);
  chars += 3 * stringChars(open.traceparent, open.auditId) + 6 * 4 + headersBound(open.headers);
  const identity = open.identity;
  if (identity) {
    chars += 3 * stringChars(identity.user, identity.uid) + 2 * 4 + listBound(identity.groups);
    for (const extra of identity.extra ?? []) {
      chars += 3 * stringChars(extra.key) + 2 * 4 + listBound(extra.values);
    }
  }
  const bound = chars + MAX_HEAD_FRAME_OVERHEAD_BYTES;
  return bound <= COUNTED_FROM_BYTES ? bound : openBytes(open) + MAX_HEAD_FRAME_OVERHEAD_BYTES;
}

export function headFrameBound(head: HeadMessage | TrailersMessage): number {
  const bound = headersBound(head.headers) + MAX_HEAD_FRAME_OVERHEAD_BYTES;
  return bound <= COUNTED_FROM_BYTES ? bound : stringsBytes(head.headers) + MAX_HEAD_FRAME_OVERHEAD_BYTES;
}

function stringChars(...texts: (string | null | undefined)[]): number {
  let chars = 0;
  for (const text of texts) chars += text?.length ?? 0;
  return chars;
}

/** Latin1: at most two bytes a char; tag and length are at most 4. */
function headersBound(headers: readonly string[] | null | undefined): number {
  if (headers === null || headers === undefined) return 0;
  let bytes = 4 * headers.length;
  for (const text of headers) bytes += 2 * text.length;
  return bytes;
}

/** Unicode: at most three bytes a UTF-16 unit. */
function listBound(texts: readonly string[] | null | undefined): number {
  if (texts === null || texts === undefined) return 0;
  let bytes = 4 * texts.length;
  for (const text of texts) bytes += 3 * text.length;
  return bytes;
}

export function resetFrameBytes(stream: number, reset: ResetMessage): number {
  const bytes = uintBytes(reset.code) + stringBytes(reset.message) + uintBytes(reset.delivered);
  return framedBytes(stream, false, fieldBytes(bytes));
}

function openBytes(open: OpenMessage): number {
  return (
    stringBytes(open.protocol) +
    stringBytes(open.target) +
    stringBytes(open.method) +
    stringBytes(open.path) +
    stringsBytes(open.headers) +
    (open.identity ? fieldBytes(identityBytes(open.identity)) : 0) +
    uintBytes(open.window) +
    uintBytes(open.deadlineMs) +
    stringBytes(open.traceparent) +
    stringBytes(open.auditId)
  );
}

function identityBytes(identity: IdentityMessage): number {
  let bytes = stringBytes(identity.user) + stringBytes(identity.uid) + stringsBytes(identity.groups);
  for (const extra of identity.extra ?? []) {
    bytes += fieldBytes(stringBytes(extra.key) + stringsBytes(extra.values));
  }
  return bytes;
}
