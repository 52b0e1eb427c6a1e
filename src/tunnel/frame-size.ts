import type {
  Frame,
  HeadMessage,
  IdentityMessage,
  OpenMessage,
  ResetMessage,
  TrailersMessage,
} from './frame.ts';

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
/** At most what a frame with only a credit, Stop or fin costs. */
export const MAX_SMALL_FRAME_BYTES = 18;

export function creditFrameBytes(stream: number, credit: number): number {
  // A member of a oneof is written even when 0.
  return framedBytes(stream, false, 1 + varintBytes(credit));
}

/** A frame with an empty message or with fin only. */
export function emptyFrameBytes(stream: number, fin: boolean, hasBody: boolean): number {
  return framedBytes(stream, fin, hasBody ? 2 : 0);
}

export function openFrameBytes(stream: number, fin: boolean, open: OpenMessage): number {
  return framedBytes(stream, fin, fieldBytes(openBytes(open)));
}

export function headFrameBytes(stream: number, fin: boolean, head: HeadMessage): number {
  return framedBytes(stream, fin, fieldBytes(uintBytes(head.status) + stringsBytes(head.headers)));
}

export function trailersFrameBytes(stream: number, trailers: TrailersMessage): number {
  return framedBytes(stream, true, fieldBytes(stringsBytes(trailers.headers)));
}

export function resetFrameBytes(stream: number, reset: ResetMessage): number {
  const bytes = uintBytes(reset.code) + stringBytes(reset.message) + uintBytes(reset.delivered);
  return framedBytes(stream, false, fieldBytes(bytes));
}

export function openBytes(open: OpenMessage): number {
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

export function headersBytes(headers: readonly string[]): number {
  return stringsBytes(headers);
}

function identityBytes(identity: IdentityMessage): number {
  let bytes = stringBytes(identity.user) + stringBytes(identity.uid) + stringsBytes(identity.groups);
  for (const extra of identity.extra ?? []) {
    bytes += fieldBytes(stringBytes(extra.key) + stringsBytes(extra.values));
  }
  return bytes;
}

/** Encoded size of one frame within a Batch. */
export function frameBytes(frame: Frame): number {
  const stream = frame.stream ?? 0;
  const fin = frame.fin === true;
  if (frame.data) return dataFrameBytes(stream, fin, frame.data.length);
  if (frame.open) return openFrameBytes(stream, fin, frame.open);
  if (frame.head) return headFrameBytes(stream, fin, frame.head);
  if (frame.trailers) return framedBytes(stream, fin, fieldBytes(stringsBytes(frame.trailers.headers)));
  if (frame.reset) return resetFrameBytes(stream, frame.reset);
  if (frame.credit !== null && frame.credit !== undefined)
    return framedBytes(stream, fin, 1 + varintBytes(frame.credit));
  return emptyFrameBytes(stream, fin, Boolean(frame.stop));
}
