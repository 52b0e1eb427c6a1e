import { connect, type Socket } from 'node:net';
import type { MctunnelError } from '../../errors.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { resetSocket } from '../../lib/reset-socket.ts';
import type { Stream, StreamHandlers } from '../../tunnel/index.ts';
import { CONNECT_TIMEOUT_MS, TCP_KEEPALIVE_MS } from '../destination.ts';
import { CANCELLED, CLOSED_EARLY, CONNECT_TIMEOUT, lost, unreachable } from '../failure.ts';
import { RawPipe } from '../raw-pipe.ts';
import { MAPPED_USER_HEADER } from '../request.ts';
import type { Endpoint } from './endpoints.ts';

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
  readonly #pipe: RawPipe;
  #phase: 'connecting' | 'open' | 'over' = 'connecting';
  #timer: Timer | undefined;

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
    this.#pipe = new RawPipe(context.clock, stream, socket, socket);
    this.#timer = context.clock.after(CONNECT_TIMEOUT_MS, () => this.#unreachable(CONNECT_TIMEOUT));
    socket.once('connect', () => this.#onConnect());
    socket.on('data', (chunk: Buffer) => this.#pipe.received(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error: Error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
  }

  // The stream's side.

  data(chunk: Uint8Array): void {
    this.#pipe.data(chunk);
  }

  end(): void {
    this.#pipe.end();
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
    if (this.#phase === 'open') this.#pipe.peerEnded();
  }

  #onError(error: Error): void {
    if (this.#phase === 'connecting') this.#unreachable(error);
    else if (!this.#pipe.broke())
      this.#fail(lost(this.#destination.description, 'the connection broke', error));
  }

  #onClose(): void {
    if (this.#phase === 'open' && this.#pipe.hasEnded) this.#over();
    else if (this.#phase !== 'over') this.#onError(CLOSED_EARLY);
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
    const wasOpen = this.#phase === 'open';
    if (wasOpen && this.#pipe.isFlushing) return;
    this.#over();
    if (wasOpen) resetSocket(this.#socket, this.#socket);
    this.#socket.destroy();
  }

  #over(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#clearTimer();
    this.#pipe.close();
    this.#context.onOver(this);
  }

  #clearTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
