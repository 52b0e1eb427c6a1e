import type { Socket } from 'node:net';
import type { Clock, Timer } from '../lib/clock.ts';
import { resetSocket } from '../lib/reset-socket.ts';
import type { Stream } from '../tunnel/index.ts';

/** For what was written last, when both directions have ended; then a peer that does not read it is cut off. */
const LINGER_MS = 30_000;

/** Bytes both ways between a stream and a connected socket, each direction ending by itself. Whose events these are, its owner says. */
export class RawPipe {
  readonly #clock: Clock;
  readonly #stream: Stream;
  readonly #socket: Socket;
  /** Kept, because only its reset is a TCP RST; the end of a destroyed TLSSocket looks like a clean one. */
  readonly #raw: Socket;
  /** Of this turn of the event loop, for the socket. */
  #gathered: Uint8Array[] = [];
  /** Gathered, or written while the socket was full. */
  #untakenBytes = 0;
  #hasPeerEnded = false;
  #hasStreamEnded = false;
  /** Its connection broke after its end, with ours still open: it reads no more. */
  #isPeerGone = false;
  #linger: Timer | undefined;

  /** `raw`: the connection below `socket`; without TLS `socket` itself. Of the socket's events it listens to `drain` alone. */
  constructor(clock: Clock, stream: Stream, socket: Socket, raw: Socket) {
    this.#clock = clock;
    this.#stream = stream;
    this.#socket = socket;
    this.#raw = raw;
    socket.on('drain', () => this.#giveBack());
  }

  /** From the stream. */
  data(chunk: Uint8Array): void {
    if (this.#isPeerGone) {
      this.#stream.take(chunk.length);
      return;
    }
    this.#untakenBytes += chunk.length;
    // Node forgets what a socket has received and not yet read when a write to it fails: what came in this turn is read first.
    if (this.#gathered.push(chunk) === 1) this.#clock.soon(this.#writeGathered);
  }

  /** Of the stream. */
  end(): void {
    this.#hasStreamEnded = true;
    if (this.#isPeerGone) return;
    this.#writeGathered();
    this.#socket.end();
    this.#lingerWhenBothEnded();
  }

  /** From the socket. */
  received(chunk: Buffer): void {
    if (!this.#stream.write(chunk)) this.#socket.pause();
  }

  /** Of the socket's other side. */
  peerEnded(): void {
    this.#hasPeerEnded = true;
    this.#stream.end();
    this.#lingerWhenBothEnded();
  }

  /**
   * The connection broke. False: bytes of the peer may be lost. True: it had ended its direction, so nothing is; what the stream still
   * sends is of no use to anybody.
   */
  broke(): boolean {
    if (!this.#hasPeerEnded) return false;
    if (!this.#isPeerGone) {
      this.#isPeerGone = true;
      this.#giveBack();
      this.#stream.stop();
    }
    return true;
  }

  /** Both directions have ended. */
  get hasEnded(): boolean {
    return this.#hasPeerEnded && this.#hasStreamEnded;
  }

  /** Both directions have ended, and what was written last may still be on its way. */
  get isFlushing(): boolean {
    return this.hasEnded && !this.#isPeerGone && !this.#socket.destroyed;
  }

  /** Nothing more goes either way. */
  close(): void {
    this.#linger?.cancel();
    this.#isPeerGone = true;
    this.#gathered = [];
    // A socket that is being ended does not tell when it has drained.
    this.#giveBack();
  }

  readonly #writeGathered = (): void => {
    const chunks = this.#gathered;
    if (chunks.length === 0) return;
    this.#gathered = [];
    if (!this.#isPeerGone) {
      this.#socket.cork();
      for (const chunk of chunks) this.#socket.write(chunk);
      this.#socket.uncork();
      if (this.#socket.writableNeedDrain) return;
    }
    this.#giveBack();
  };

  #giveBack(): void {
    const bytes = this.#untakenBytes;
    if (bytes === 0) return;
    this.#untakenBytes = 0;
    this.#stream.take(bytes);
  }

  #lingerWhenBothEnded(): void {
    if (!this.hasEnded) return;
    this.#linger = this.#clock.after(LINGER_MS, () => {
      resetSocket(this.#socket, this.#raw);
      this.#socket.destroy();
    });
  }
}
