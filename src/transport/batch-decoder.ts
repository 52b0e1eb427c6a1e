import { mctunnel } from '../gen/tunnel.js';
import { blankBatch, blankFrame } from '../tunnel/index.ts';
import type {
  Batch,
  ExtraMessage,
  Frame,
  HeadMessage,
  IdentityMessage,
  OpenMessage,
} from '../tunnel/index.ts';

const wire = mctunnel.tunnel.v1.Batch;

// Tags of proto/mctunnel/tunnel/v1/tunnel.proto: field number × 8 + wire type.
const ACKNOWLEDGED = 0x38;
const FRAME = 0x42;
const STREAM = 0x08;
const FIN = 0x10;
const DATA = 0x1a;
const CREDIT = 0x20;
const OPEN = 0x2a;
const HEAD = 0x32;

const NON_ASCII = /[^\0-\x7f]/;

/** A member of at most this size becomes one text, and its strings become slices of that; longer ones would be kept in memory by any string of theirs. */
const MAX_SHARED_TEXT_BYTES = 4 * 1024;

/**
 * The Batch in `bytes`; `data` of its frames are slices of them. Throws on malformed bytes.
 *
 * What a busy tunnel consists of is read here, everything else by the generated decoder: it deletes six fields for every member of the oneof that it sets,
 * which makes a slow object of each frame, and turns each of an Open's thirty strings into characters by itself.
 */
export function decodeBatch(bytes: Buffer): Batch {
  return new BatchReader(bytes).batch() ?? wire.decode(bytes);
}

/** Gives up, by `undefined`, wherever a message holds anything but the usual: nothing malformed is accepted here, nor refused. */
class BatchReader {
  readonly #bytes: Buffer;
  #at = 0;
  /** Something came that is not read here. */
  #gaveUp = false;
  /** The Open or Head under way, one character per byte, when it is short; its first one is byte `#textStart`. */
  #text: string | undefined;
  #textStart = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  batch(): Batch | undefined {
    const bytes = this.#bytes;
    const batch = blankBatch();
    const frames: Frame[] = [];
    while (this.#at < bytes.length) {
      const tag = bytes[this.#at++];
      if (tag === FRAME) {
        const end = this.#lengthDelimited(bytes.length);
        const frame = this.#gaveUp ? undefined : this.#frame(end);
        if (frame === undefined) return undefined;
        frames.push(frame);
      } else if (tag === ACKNOWLEDGED) {
        batch.acknowledged = this.#varint(bytes.length);
      } else {
        return undefined;
      }
    }
    if (this.#gaveUp) return undefined;
    batch.frames = frames;
    return batch;
  }

  #frame(end: number): Frame | undefined {
    const bytes = this.#bytes;
    const frame = blankFrame(0, false);
    let members = 0;
    while (this.#at < end) {
      const tag = bytes[this.#at++];
      switch (tag) {
        case STREAM:
          frame.stream = this.#varint(end);
          continue;
        case FIN:
          frame.fin = this.#varint(end) !== 0;
          continue;
        case CREDIT:
          frame.credit = this.#varint(end);
          break;
        case DATA: {
          const dataEnd = this.#lengthDelimited(end);
          if (this.#gaveUp) return undefined;
          frame.data = bytes.subarray(this.#at, dataEnd);
          this.#at = dataEnd;
          break;
        }
        case OPEN:
        case HEAD: {
          const memberEnd = this.#lengthDelimited(end);
          if (this.#gaveUp) return undefined;
          this.#textStart = this.#at;
          this.#text =
            memberEnd - this.#at <= MAX_SHARED_TEXT_BYTES
              ? bytes.toString('latin1', this.#at, memberEnd)
              : undefined;
          if (tag === OPEN) frame.open = this.#open(memberEnd);
          else frame.head = this.#head(memberEnd);
          break;
        }
        default:
          return undefined;
      }
      // Of two members of a oneof the last one counts, and two of the same are merged: nobody sends that.
      if (++members > 1) return undefined;
    }
    return this.#gaveUp ? undefined : frame;
  }

  #open(end: number): OpenMessage {
    const headers: string[] = [];
    const open: OpenMessage = {
      protocol: '',
      target: '',
      method: '',
      path: '',
      headers,
      identity: null,
      window: 0,
      deadlineMs: 0,
      traceparent: '',
      auditId: '',
    };
    while (this.#at < end && !this.#gaveUp) {
      switch (this.#bytes[this.#at++]) {
        case 0x0a:
          open.protocol = this.#string(end);
          break;
        case 0x12:
          open.target = this.#string(end);
          break;
        case 0x1a:
          open.method = this.#string(end);
          break;
        case 0x22:
          open.path = this.#string(end);
          break;
        case 0x2a:
          headers.push(this.#string(end));
          break;
        case 0x32: {
          const identityEnd = this.#lengthDelimited(end);
          if (open.identity !== null) this.#gaveUp = true;
          else open.identity = this.#identity(identityEnd);
          break;
        }
        case 0x38:
          open.window = this.#varint(end);
          break;
        case 0x40:
          open.deadlineMs = this.#varint(end);
          break;
        case 0x4a:
          open.traceparent = this.#string(end);
          break;
        case 0x52:
          open.auditId = this.#string(end);
          break;
        default:
          this.#gaveUp = true;
      }
    }
    return open;
  }

  #identity(end: number): IdentityMessage {
    const groups: string[] = [];
    const extra: ExtraMessage[] = [];
    const identity: IdentityMessage = { user: '', uid: '', groups, extra };
    while (this.#at < end && !this.#gaveUp) {
      switch (this.#bytes[this.#at++]) {
        case 0x0a:
          identity.user = this.#string(end);
          break;
        case 0x12:
          identity.uid = this.#string(end);
          break;
        case 0x1a:
          groups.push(this.#string(end));
          break;
        case 0x22:
          extra.push(this.#extra(this.#lengthDelimited(end)));
          break;
        default:
          this.#gaveUp = true;
      }
    }
    return identity;
  }

  /** Every client certificate and service account has one: `authentication.kubernetes.io/credential-id`. */
  #extra(end: number): ExtraMessage {
    const values: string[] = [];
    const extra: ExtraMessage = { key: '', values };
    while (this.#at < end && !this.#gaveUp) {
      switch (this.#bytes[this.#at++]) {
        case 0x0a:
          extra.key = this.#string(end);
          break;
        case 0x12:
          values.push(this.#string(end));
          break;
        default:
          this.#gaveUp = true;
      }
    }
    return extra;
  }

  #head(end: number): HeadMessage {
    const headers: string[] = [];
    const head: HeadMessage = { status: 0, headers };
    while (this.#at < end && !this.#gaveUp) {
      switch (this.#bytes[this.#at++]) {
        case 0x08:
          head.status = this.#varint(end);
          break;
        case 0x12:
          headers.push(this.#string(end));
          break;
        default:
          this.#gaveUp = true;
      }
    }
    return head;
  }

  #string(limit: number): string {
    const end = this.#lengthDelimited(limit);
    if (this.#gaveUp) return '';
    const text =
      this.#text?.slice(this.#at - this.#textStart, end - this.#textStart) ??
      this.#bytes.toString('latin1', this.#at, end);
    this.#at = end;
    if (NON_ASCII.test(text)) this.#gaveUp = true;
    return text;
  }

  /** Reads a length and returns where what has it ends, at most at `limit`. */
  #lengthDelimited(limit: number): number {
    const length = this.#varint(limit);
    const end = this.#at + length;
    if (end <= limit) return end;
    this.#gaveUp = true;
    return limit;
  }

  /** A uint32 of at most four bytes, which is all of them but the highest. */
  #varint(limit: number): number {
    let value = 0;
    for (let shift = 0; shift < 28 && this.#at < limit; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.#gaveUp = true;
    return 0;
  }
}
