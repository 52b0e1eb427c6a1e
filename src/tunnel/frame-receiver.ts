import { ERRORS, MctunnelError } from '../errors.ts';
import type { Batch, Frame, OpenMessage } from './frame.ts';
import { MAX_BATCH_BYTES, MAX_SINGLE_FRAME_BATCH_BYTES } from './limits.ts';
import { fromOpenMessage, openFault, openMemoryBytes } from './open-message.ts';
import type { Sender } from './sender.ts';
import type { SessionLimits } from './session-options.ts';
import type { StreamTable } from './stream-table.ts';
import { IGNORE_HANDLERS, TunnelStream } from './stream.ts';
import type { StreamOwner } from './stream.ts';
import type { Accept, Open, Role } from './types.ts';

export interface FrameReceiverOptions {
  readonly role: Role;
  /** No stream of our own has a lower id. */
  readonly firstOwnId: number;
  readonly limits: SessionLimits;
  readonly accept: Accept | undefined;
  readonly sender: Sender;
  readonly streams: StreamTable;
  readonly owner: StreamOwner;
  /** The peer has promised to open no more. */
  isDrainAcknowledged(): boolean;
}

/** Gives each frame to its stream, and makes streams of Opens. Throws MctunnelError where the whole connection is at fault. */
export class FrameReceiver {
  readonly #options: FrameReceiverOptions;
  /** Ids modulo 2 of our own streams. */
  readonly #ownParity: number;

  constructor(options: FrameReceiverOptions) {
    this.#options = options;
    this.#ownParity = options.role === 'hub' ? 1 : 0;
  }

  receive(frame: Frame): void {
    const id = frame.stream ?? 0;
    if (frame.open) {
      this.#receiveOpen(id, frame.open, frame.fin === true);
      return;
    }
    const data = frame.data;
    const fin = frame.fin === true;
    if (data) {
      if (data.length === 0 && !fin) throw new MctunnelError('PROTOCOL', `stream ${id}: an empty frame`);
      this.#options.sender.arrived(data.length);
    }
    const stream = this.#options.streams.get(id);
    if (stream === undefined) {
      this.#checkIsOver(id);
      return;
    }
    if (data) {
      if (data.length > 0) stream.receiving.receiveData(data);
    } else if (frame.head) {
      stream.receiving.receiveHead(frame.head);
    } else if (frame.credit !== null && frame.credit !== undefined) {
      stream.sending.receiveCredit(frame.credit, id);
    } else if (frame.trailers) {
      if (!fin) throw new MctunnelError('PROTOCOL', `stream ${id}: trailers without an end`);
      stream.receiving.receiveFin(frame.trailers.headers ?? []);
      return;
    } else if (frame.reset) {
      stream.receiveReset(frame.reset);
      return;
    } else if (frame.stop) {
      stream.sending.receiveStop();
    }
    if (fin) stream.receiving.receiveFin([]);
  }

  /** Ids only rise: at or below the highest, an unknown id is a stream that is over; above it, only an Open may stand. */
  #checkIsOver(id: number): void {
    const isOwn = id % 2 === this.#ownParity;
    const isKnown = isOwn
      ? id < this.#options.sender.nextId && id >= this.#options.firstOwnId
      : id <= this.#options.streams.peerLastId;
    if (id === 0 || !isKnown)
      throw new MctunnelError('PROTOCOL', `a frame of stream ${id}, which is not open`);
  }

  #receiveOpen(id: number, message: OpenMessage, fin: boolean): void {
    const accept = this.#options.accept;
    if (id === 0 || id % 2 === this.#ownParity || id <= this.#options.streams.peerLastId) {
      throw new MctunnelError(
        'PROTOCOL',
        `an Open with the id ${id}, after ${this.#options.streams.peerLastId}`,
      );
    }
    if (this.#options.isDrainAcknowledged()) throw new MctunnelError('PROTOCOL', 'an Open after GoAwayAck');
    if (accept === undefined) throw new MctunnelError('PROTOCOL', 'an Open, but no streams are accepted');
    this.#options.streams.peerLastId = id;
    const open = fromOpenMessage(message);
    const fault = openFault(open);
    if (fault !== undefined) {
      this.#refuse(id, new MctunnelError('BAD_REQUEST', fault));
      return;
    }
    // The opener knows one window only, that of the handshake.
    const window = { bytes: fin ? 0 : this.#options.limits.initialWindowBytes, isSmall: true };
    const memory = openMemoryBytes(open);
    if (
      this.#options.streams.peerCount >= this.#options.limits.maxStreams ||
      !this.#options.owner.budget.reserve(window.bytes + memory)
    ) {
      this.#refuse(id, new MctunnelError('TOO_MANY_REQUESTS', 'too many streams in the tunnel'));
      return;
    }
    const stream = new TunnelStream(this.#options.owner, false, window, memory, message.window ?? 0);
    stream.id = id;
    this.#options.streams.addPeers(stream);
    this.#accept(stream, open);
    if (fin) stream.receiving.receiveFin([]);
  }

  #accept(stream: TunnelStream, open: Open): void {
    const accept = this.#options.accept;
    try {
      const handlers = accept?.(open, stream);
      if (handlers === undefined) {
        stream.reset(new MctunnelError('UNSUPPORTED', `the protocol ${open.protocol} is not known here`));
      } else {
        stream.handlers = handlers;
        if (stream.isOver) handlers.close?.();
      }
    } catch (thrown) {
      stream.handlers = IGNORE_HANDLERS;
      stream.reset(MctunnelError.from(thrown, 'INTERNAL', 'a fault in the handling of the stream'));
    }
  }

  #refuse(id: number, error: MctunnelError): void {
    this.#options.sender.refuse(id, { code: ERRORS[error.code].wire, message: error.message, delivered: 1 });
  }
}

/** Throws MctunnelError PROTOCOL: only an Open, Head or Trailers that stands alone may be long. */
export function checkBatchSize(batch: Batch, byteLength: number): void {
  if (byteLength <= MAX_BATCH_BYTES) return;
  const frames = batch.frames ?? [];
  const only = frames.length === 1 ? frames[0] : undefined;
  const mayBeLong = only?.open ?? only?.head ?? only?.trailers;
  if (byteLength > MAX_SINGLE_FRAME_BATCH_BYTES || !mayBeLong) {
    throw new MctunnelError('PROTOCOL', `a message of ${byteLength} bytes`);
  }
}
