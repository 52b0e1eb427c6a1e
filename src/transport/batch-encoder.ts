import protobuf from 'protobufjs/minimal.js';
import { mctunnel } from '../gen/tunnel.js';
import type { Batch, Frame } from '../tunnel/index.ts';

const wire = mctunnel.tunnel.v1.Batch;

/** Payload from this size on is laid into the message here: protobufjs grows its buffer around it, shifts it behind its length, and copies it out again. */
const MIN_PLACED_BYTES = 2 * 1024;

// Tags of proto/mctunnel/tunnel/v1/tunnel.proto: field number × 8 + wire type.
const FRAMES_TAG = 0x42;
const STREAM_TAG = 0x08;
const FIN_TAG = 0x10;
const DATA_TAG = 0x1a;

/** Keeps its buffer from one message to the next. */
let writer = protobuf.Writer.create();

type Part = Uint8Array | Frame;

/** A Batch as bytes that nobody else holds. */
export function encodeBatch(batch: Batch): Buffer {
  const { frames } = batch;
  if (frames?.some(isPlaced) !== true) return encodeWhole(batch);
  // A repeated field may stand in pieces, so pieces in their order are the whole message.
  const parts: Part[] = [encodeWhole({ ...batch, frames: [] })];
  let byteLength = (parts[0] as Uint8Array).length;
  let others: Frame[] = [];
  const flushOthers = (): void => {
    if (others.length === 0) return;
    const bytes = encodeWhole({ frames: others });
    others = [];
    parts.push(bytes);
    byteLength += bytes.length;
  };
  for (const frame of frames) {
    if (!isPlaced(frame)) {
      others.push(frame);
      continue;
    }
    flushOthers();
    parts.push(frame);
    const bodyBytes = frameBytes(frame);
    byteLength += 1 + varintBytes(bodyBytes) + bodyBytes;
  }
  flushOthers();

  const message = Buffer.allocUnsafe(byteLength);
  let at = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      message.set(part, at);
      at += part.length;
    } else {
      at = placeFrame(message, at, part);
    }
  }
  return message;
}

function encodeWhole(batch: Batch): Buffer {
  try {
    const bytes = wire.encode(batch, writer.reset()).finish();
    // Under Node the writer makes Buffers; this only tells the compiler, without a copy.
    return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    // It may be in the middle of a nested message.
    writer = protobuf.Writer.create();
    throw error;
  }
}

/** A frame of payload only, and much of it. */
function isPlaced({ data }: Frame): boolean {
  return data !== null && data !== undefined && data.length >= MIN_PLACED_BYTES;
}

function frameBytes({ stream, fin, data }: Frame): number {
  const id = stream ?? 0;
  const length = data?.length ?? 0;
  return (id === 0 ? 0 : 1 + varintBytes(id)) + (fin === true ? 2 : 0) + 1 + varintBytes(length) + length;
}

function placeFrame(message: Buffer, start: number, frame: Frame): number {
  const { stream, fin, data } = frame;
  const id = stream ?? 0;
  let at = start;
  message[at++] = FRAMES_TAG;
  at = placeVarint(message, at, frameBytes(frame));
  if (id !== 0) {
    message[at++] = STREAM_TAG;
    at = placeVarint(message, at, id);
  }
  if (fin === true) {
    message[at++] = FIN_TAG;
    message[at++] = 1;
  }
  if (data === null || data === undefined) return at;
  message[at++] = DATA_TAG;
  at = placeVarint(message, at, data.length);
  message.set(data, at);
  return at + data.length;
}

function placeVarint(message: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value >>> 0;
  while (rest > 0x7f) {
    message[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  message[at++] = rest;
  return at;
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}
