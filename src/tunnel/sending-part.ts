import { MctunnelError } from '../errors.ts';
import { ChunkQueue } from './chunk-queue.ts';
import type { HeadMessage, OpenMessage } from './frame.ts';
import { headFrameBound } from './frame-size.ts';
import { MAX_LONG_FRAME_BYTES } from './limits.ts';
import { headerListBytes, headFault, NO_HEADERS, trailersFault } from './open-message.ts';
import type { FlatHeaders, Head } from './types.ts';

/** What the sending part needs of its session. */
export interface SendingOwner {
  /** `write` returns false from this many queued bytes on. */
  readonly writeMarkBytes: number;
  queued(deltaBytes: number): void;
}

/** What the sending part needs of its stream. */
export interface SendingStream {
  /** Opened by this side. */
  readonly isOpener: boolean;
  /** Open, Head, trailers or a bare fin are to be sent. */
  headDue(): void;
  /** Payload may be sent. */
  dataDue(): void;
  /** Calls the handler of that name. */
  tell(name: 'stop' | 'drain'): void;
  /** A fault of this side. */
  abort(error: MctunnelError): void;
}

/**
 * The direction of a stream that goes to the peer (RFC 9000, section 3, has the same two parts). The sender shares this state instead of copying it into
 * queues. Order on the wire: openMessage or headMessage, queue, trailers.
 */
export class SendingPart {
  openMessage: OpenMessage | undefined;
  /** At least the encoded size of the Open's frame. */
  openBytes = 0;
  headMessage: HeadMessage | undefined;
  readonly queue = new ChunkQueue();
  /** Bytes that the peer lets us send. */
  sendCredit: number;
  trailers: FlatHeaders = NO_HEADERS;
  /** `end` was called, or the peer said Stop. */
  isEnding = false;
  /** Nothing is added any more: a Reset follows what is queued. */
  isAborting = false;
  /** Over: the fin was encoded, or never will be. */
  isSent = false;
  /** The peer reads no more: writes are ignored. */
  isUnwanted = false;
  /** `write` has returned false. */
  wantsDrain = false;
  /** Bytes or credit moved since the last sweep. */
  hasMoved = true;
  #headBytesSent = 0;
  #headCalled = false;

  readonly #owner: SendingOwner;
  readonly #stream: SendingStream;

  constructor(owner: SendingOwner, stream: SendingStream, sendCredit: number) {
    this.#owner = owner;
    this.#stream = stream;
    this.sendCredit = sendCredit;
  }

  // ---- what users call

  sendHead(head: Head): void {
    const { isOpener } = this.#stream;
    if (isOpener || this.#headCalled) {
      throw new MctunnelError('PROTOCOL', isOpener ? 'only the accepter sends a head' : 'a second head');
    }
    this.#headCalled = true;
    if (this.isSent || this.isUnwanted) return;
    const fault = headFault(head) ?? lengthFault(head);
    if (fault !== undefined) {
      this.#stream.abort(new MctunnelError('PROTOCOL', fault, { delivered: 'unknown' }));
      return;
    }
    this.#headBytesSent = headerListBytes(head.headers);
    this.headMessage = { status: head.status, headers: head.headers as string[] };
    this.#stream.headDue();
  }

  write(chunk: Uint8Array): boolean {
    if (this.isEnding || this.isAborting || this.isSent || chunk.length === 0) return true;
    this.queue.push(chunk);
    this.#owner.queued(chunk.length);
    this.pump();
    if (this.queue.byteLength < this.#owner.writeMarkBytes) return true;
    this.wantsDrain = true;
    return false;
  }

  end(trailers: FlatHeaders): void {
    if (this.isEnding || this.isAborting || this.isSent) return;
    if (trailers.length > 0) {
      const fault = trailersFault(trailers, this.#headBytesSent) ?? lengthFault({ headers: trailers });
      if (fault !== undefined) {
        this.#stream.abort(new MctunnelError('PROTOCOL', `trailers: ${fault}`, { delivered: 'unknown' }));
        return;
      }
    }
    this.isEnding = true;
    this.trailers = trailers;
    this.pump();
  }

  // ---- what the peer says. Throws MctunnelError where the whole connection is at fault.

  receiveCredit(bytes: number, streamId: number): void {
    if (this.isSent) return;
    this.sendCredit += bytes;
    if (this.sendCredit > 0xffff_ffff) {
      throw new MctunnelError('FLOW_CONTROL', `stream ${streamId}: a credit of more than 2³² bytes`);
    }
    this.hasMoved = true;
    this.pump();
  }

  receiveStop(): void {
    if (this.isSent) return;
    this.#dropQueue();
    this.isUnwanted = true;
    this.isEnding = true;
    this.headMessage = undefined;
    this.trailers = NO_HEADERS;
    this.pump();
    this.#stream.tell('stop');
  }

  // ---- what the sender calls

  /** Puts the stream into the queue of what it can send now, if anything. */
  pump(): void {
    if (this.isSent) return;
    if (this.openMessage !== undefined || this.headMessage !== undefined) {
      this.#stream.headDue();
    } else if (this.#awaitsHead) {
      // What was written before the head waits for it.
    } else if (this.queue.byteLength > 0) {
      if (this.sendCredit > 0) this.#stream.dataDue();
    } else if (this.isEnding) {
      this.#stream.headDue();
    }
  }

  /** Everything that can be sent is encoded: not what waits for a head that was never given. */
  get isFlushed(): boolean {
    if (this.isSent || this.#awaitsHead) return true;
    return this.queue.byteLength === 0 && this.openMessage === undefined && this.headMessage === undefined;
  }

  /** After a flush the stream wants to be told. */
  get wantsFlushed(): boolean {
    return this.wantsDrain || this.isAborting;
  }

  /** The Open was encoded. */
  opened(sendCredit: number): void {
    this.openMessage = undefined;
    this.sendCredit = sendCredit;
  }

  /** Payload for one frame. */
  shiftData(maxBytes: number): Uint8Array {
    const chunk = this.queue.shift(Math.min(maxBytes, this.sendCredit));
    this.sendCredit -= chunk.length;
    this.hasMoved = true;
    this.#owner.queued(-chunk.length);
    return chunk;
  }

  /** After a flush: tells the user that the queue is short again. */
  flushed(): void {
    if (!this.wantsDrain || 2 * this.queue.byteLength > this.#owner.writeMarkBytes) return;
    this.wantsDrain = false;
    if (!this.isEnding) this.#stream.tell('drain');
  }

  /** Nothing more is sent. */
  close(): void {
    this.isSent = true;
    this.#dropQueue();
    this.openMessage = this.headMessage = undefined;
  }

  get #awaitsHead(): boolean {
    return !this.#stream.isOpener && !this.#headCalled && !this.isUnwanted;
  }

  #dropQueue(): void {
    this.#owner.queued(-this.queue.clear());
  }
}

/** Headers within their limit may still be too long for a message: every char above U+007F takes two bytes. */
function lengthFault(message: { readonly headers: FlatHeaders }): string | undefined {
  const bytes = headFrameBound({ headers: message.headers as string[] });
  return bytes > MAX_LONG_FRAME_BYTES ? `headers of ${bytes} bytes as encoded` : undefined;
}
