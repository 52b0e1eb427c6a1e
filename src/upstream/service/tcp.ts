import { connect, type Socket } from 'node:net';
import type { MctunnelError } from '../../errors.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { resetSocket } from '../../lib/reset-socket.ts';
import type { Stream, StreamHandlers } from '../../tunnel/index.ts';
import { CONNECT_TIMEOUT_MS, TCP_KEEPALIVE_MS } from '../destination.ts';
import { CANCELLED, CLOSED_EARLY, CONNECT_TIMEOUT, lost, unreachable } from '../failure.ts';
import { MAPPED_USER_HEADER } from '../request.ts';
import type { Endpoint } from './endpoints.ts';

/** For what was written last, when both directions have ended; then a service that does not read it is cut off. */
const LINGER_MS = 30_000;

export interface TcpDestination extends Endpoint {
  /** `the service default/tcp:db:5432 of cluster east` */
  readonly description: string;
  readonly mappedUser: string;
}

export interface TcpContext {
  readonly clock: Clock;
  readonly onOver: (exchange: TcpExchange) => void;
  readonly onUnreachable: () => void;
}

/**
 * One raw TCP connection: its Head (status 0) says that it is up, then bytes both ways, each direction ending by itself. A server that speaks first is
 * heard; what the client sends before the Head waits in the stream, in its window.
 *
 *     connecting ──► open ──► over
 */
export class TcpExchange implements StreamHandlers {
  readonly #context: TcpContext;
  readonly #destination: TcpDestination;
  readonly #stream: Stream;
  readonly #socket: Socket;
  #phase: 'connecting' | 'open' | 'over' = 'connecting';
  #timer: Timer | undefined;
  /** Written to the service while its socket was full. */
  #untakenBytes = 0;
  #hasServiceEnded = false;
  #hasStreamEnded = false;

  constructor(context: TcpContext, destination: TcpDestination, stream: Stream) {
    this.#context = context;
    this.#destination = destination;
    this.#stream = stream;
    stream.pause();
    const { address: host, port } = destination;
    const socket = connect({
      ...{ host, port, allowHalfOpen: true, noDelay: true },
      ...{ keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS },
    });
    this.#socket = socket;
    this.#timer = context.clock.after(CONNECT_TIMEOUT_MS, () => this.#unreachable(CONNECT_TIMEOUT));
    socket.once('connect', () => this.#onConnect());
    socket.on('data', (chunk: Buffer) => {
      if (!stream.write(chunk)) socket.pause();
    });
    socket.on('drain', () => this.#giveBack());
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: Error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
  }

  // The stream's side.

  data(chunk: Uint8Array): void {
    if (this.#phase !== 'open') {
      this.#stream.take(chunk.length);
      return;
    }
    this.#untakenBytes += chunk.length;
    if (this.#socket.write(chunk)) this.#giveBack();
  }

  end(): void {
    this.#hasStreamEnded = true;
    if (this.#phase !== 'open') return;
    this.#socket.end();
    this.#lingerWhenBothEnded();
  }

  drain(): void {
    this.#socket.resume();
  }

  stop(): void {
    if (this.#phase === 'over') return;
    this.#stream.reset(CANCELLED);
    this.#destroy();
  }

  error(): void {
    this.#destroy();
  }

  close(): void {
    this.#destroy();
  }

  // The service's side.

  #onConnect(): void {
    if (this.#phase !== 'connecting') return;
    this.#clearTimer();
    this.#phase = 'open';
    this.#stream.sendHead({ status: 0, headers: [MAPPED_USER_HEADER, this.#destination.mappedUser] });
    this.#stream.resume();
  }

  #onEnd(): void {
    this.#hasServiceEnded = true;
    if (this.#phase !== 'open') return;
    this.#stream.end();
    this.#lingerWhenBothEnded();
  }

  #onError(error: Error): void {
    if (this.#phase === 'connecting') {
      this.#unreachable(error);
    } else if (this.#phase === 'open' && this.#hasServiceEnded) {
      // Nothing of it is lost; what the client still sends is of no use to anybody.
      this.#giveBack();
      this.#stream.stop();
    } else {
      this.#fail(lost(this.#destination.description, 'the connection broke', error));
    }
  }

  #onClose(): void {
    if (this.#phase === 'open' && this.#hasServiceEnded) this.#over();
    else if (this.#phase !== 'over') this.#onError(CLOSED_EARLY);
  }

  #giveBack(): void {
    const bytes = this.#untakenBytes;
    if (bytes === 0) return;
    this.#untakenBytes = 0;
    this.#stream.take(bytes);
  }

  /** What was written last may still be in the socket: it closes by itself. */
  #lingerWhenBothEnded(): void {
    if (!this.#hasServiceEnded || !this.#hasStreamEnded) return;
    this.#timer = this.#context.clock.after(LINGER_MS, () => {
      resetSocket(this.#socket, this.#socket);
      this.#socket.destroy();
    });
  }

  #unreachable(error: unknown): void {
    if (this.#phase !== 'connecting') return;
    this.#context.onUnreachable();
    this.#fail(unreachable(this.#destination.description, error));
  }

  #fail(error: MctunnelError): void {
    if (this.#phase === 'over') return;
    this.#stream.resetAtEnd(error);
    this.#destroy();
  }

  /** Ends the connection with an RST, unless both directions have ended and are being flushed. */
  #destroy(): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'open' && this.#hasServiceEnded && this.#hasStreamEnded && !this.#socket.destroyed)
      return;
    const wasOpen = this.#phase === 'open';
    this.#over();
    if (wasOpen) resetSocket(this.#socket, this.#socket);
    this.#socket.destroy();
  }

  #over(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#clearTimer();
    // A socket that is being ended does not tell when it has drained.
    this.#giveBack();
    this.#context.onOver(this);
  }

  #clearTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
