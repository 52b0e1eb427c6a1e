import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { MctunnelError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { framing, headerValue } from '../lib/headers.ts';
import { resetSocket } from '../lib/reset-socket.ts';
import type { Stream, StreamHandlers } from '../tunnel/index.ts';
import { BodyDecoder } from './body-decoder.ts';
import {
  broken,
  CANCELLED,
  CLOSED_EARLY,
  CONNECT_TIMEOUT,
  headTimeout,
  lost,
  protocolFault,
  redirectRefused,
  unreachable,
} from './failure.ts';
import { RawPipe } from './raw-pipe.ts';
import { requestHeadLines, ResponseHeadReader, type ResponseHead } from './http1-head.ts';
import { CONNECT_TIMEOUT_MS, TCP_KEEPALIVE_MS, type Destination } from './destination.ts';
import { isRedirect, resolveRedirect, withLocation } from './redirect.ts';
import { MAPPED_USER_HEADER, type OutboundRequest } from './request.ts';
import { mayHaveBody, passedResponseHeaders, passedUpgradeHeaders } from './response.ts';

/** Informational answers before the final one. */
const MAX_INFORMATIONAL = 16;

export interface UpgradeContext {
  readonly clock: Clock;
  readonly onOver: (exchange: UpgradeExchange) => void;
}

type Phase =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'waiting'; readonly head: ResponseHeadReader }
  /** After the 101: bytes both ways. */
  | { readonly kind: 'raw' }
  /** Another answer than 101. */
  | { readonly kind: 'answer'; readonly body: BodyDecoder }
  | { readonly kind: 'over' };

/**
 * One upgrade (WebSocket, SPDY) on a connection of its own. Nothing of the client goes to the member before its 101: what
 * follows the head could be read as another request, one without an identity. Until then it waits in the stream, in its window.
 */
export class UpgradeExchange implements StreamHandlers {
  readonly #context: UpgradeContext;
  readonly #stream: Stream;
  readonly #request: OutboundRequest;
  readonly #destination: Destination;
  readonly #deadlineMs: number;
  /** Kept, because only its reset is a TCP RST; the end of a destroyed TLSSocket looks like a clean one. */
  readonly #raw: Socket;
  /** The same without TLS. */
  readonly #socket: Socket;
  /** In use from the 101 on. */
  readonly #pipe: RawPipe;
  #phase: Phase = { kind: 'connecting' };
  #timer: Timer | undefined;
  #informational = 0;

  constructor(
    context: UpgradeContext,
    destination: Destination,
    request: OutboundRequest,
    deadlineMs: number,
    stream: Stream,
  ) {
    this.#context = context;
    this.#destination = destination;
    this.#request = request;
    this.#deadlineMs = deadlineMs;
    this.#stream = stream;
    stream.pause();
    this.#raw = connectTcp({
      host: destination.host,
      port: destination.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    });
    const { tls } = destination;
    this.#socket =
      tls === undefined
        ? this.#raw
        : connectTls({
            socket: this.#raw,
            host: destination.host,
            servername: tls.serverName,
            secureContext: tls.secureContext,
            ALPNProtocols: ['http/1.1'],
            rejectUnauthorized: tls.isVerified,
          });
    this.#pipe = new RawPipe(context.clock, stream, this.#socket, this.#raw);
    this.#timer = context.clock.after(CONNECT_TIMEOUT_MS, () => {
      this.#unreachable(CONNECT_TIMEOUT);
    });
    if (this.#socket !== this.#raw) this.#raw.on('error', (error: Error) => this.#onError(error));
    this.#socket.on('error', (error: Error) => this.#onError(error));
    this.#socket.once(tls === undefined ? 'connect' : 'secureConnect', () => this.#onConnect());
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('close', () => this.#onClose());
  }

  // The stream's side.

  data(chunk: Uint8Array): void {
    if (this.#phase.kind !== 'raw') {
      this.#stream.take(chunk.length);
      return;
    }
    this.#pipe.data(chunk);
  }

  end(): void {
    if (this.#phase.kind === 'raw') this.#pipe.end();
  }

  drain(): void {
    this.#socket.resume();
  }

  stop(): void {
    if (this.#phase.kind === 'over') return;
    this.#stream.reset(CANCELLED);
    this.#destroy();
  }

  error(): void {
    this.#destroy();
  }

  close(): void {
    this.#destroy();
  }

  // The member's side.

  #onConnect(): void {
    if (this.#phase.kind !== 'connecting') return;
    this.#clearTimer();
    this.#phase = { kind: 'waiting', head: new ResponseHeadReader() };
    if (this.#deadlineMs > 0) {
      this.#timer = this.#context.clock.after(this.#deadlineMs, () => {
        this.#fail(headTimeout(this.#destination.description, this.#deadlineMs, 'unknown'));
      });
    }
    const { method, target, headers } = this.#request;
    const lines = requestHeadLines(
      method,
      this.#destination.basePath + target,
      this.#destination.authority,
      headers,
    );
    this.#socket.write(`${lines}\r\n`, 'latin1');
  }

  #onData(chunk: Buffer): void {
    switch (this.#phase.kind) {
      case 'waiting':
        this.#onHeadBytes(this.#phase.head, chunk);
        break;
      case 'raw':
        this.#pipe.received(chunk);
        break;
      case 'answer':
        this.#onBodyBytes(this.#phase.body, chunk);
        break;
      case 'connecting':
      case 'over':
        break;
    }
  }

  #onHeadBytes(reader: ResponseHeadReader, chunk: Buffer): void {
    let bytes = chunk;
    for (;;) {
      const progress = reader.push(bytes);
      if (progress.kind === 'more') return;
      if (progress.kind === 'fault') {
        this.#refuse(progress.reason);
        return;
      }
      const { head, rest } = progress;
      if (head.status >= 200 || head.status === 101) {
        this.#clearTimer();
        if (head.status === 101) this.#onUpgraded(head, rest);
        else this.#onAnswer(head, rest);
        return;
      }
      if (++this.#informational > MAX_INFORMATIONAL) {
        this.#refuse('it has too many informational heads');
        return;
      }
      bytes = rest;
    }
  }

  #onUpgraded(head: ResponseHead, rest: Buffer): void {
    const asked = headerValue(this.#request.headers, 'upgrade') ?? '';
    const got = headerValue(head.headers, 'upgrade') ?? '';
    if (got.toLowerCase() !== asked.toLowerCase()) {
      this.#refuse(`it switches to ${JSON.stringify(got.slice(0, 80))} instead of ${JSON.stringify(asked)}`);
      return;
    }
    if (!this.#sendHead(head.status, passedUpgradeHeaders(head.headers, this.#destination.keepsCookies)))
      return;
    this.#phase = { kind: 'raw' };
    if (rest.length > 0) this.#pipe.received(rest);
    // What the client sent with its head comes now, and perhaps its end.
    this.#stream.resume();
  }

  #onAnswer(head: ResponseHead, rest: Buffer): void {
    const { status } = head;
    const body = framing(head.headers);
    if (body.kind === 'fault' || status > 599) {
      this.#refuse(body.kind === 'fault' ? `it has ${body.reason}` : `its status ${status} is none of HTTP`);
      return;
    }
    let headers = passedResponseHeaders(head.headers, this.#destination.keepsCookies);
    const location = headerValue(headers, 'location');
    if (location !== undefined && isRedirect(status)) {
      const redirect = resolveRedirect(this.#destination, this.#request.target, location);
      if (redirect.kind === 'outside') {
        this.#fail(redirectRefused(this.#destination.description, location));
        return;
      }
      headers = withLocation(headers, redirect.location);
    }
    if (status === 401) this.#destination.credential.rejected?.();
    if (!this.#sendHead(status, headers)) return;
    // The client's bytes were for the other protocol.
    this.#stream.stop();
    this.#stream.resume();
    const decoder = mayHaveBody(this.#request.method, status)
      ? new BodyDecoder(body, (chunk) => this.#pipe.received(chunk))
      : new BodyDecoder({ kind: 'length', length: 0 }, () => undefined);
    this.#phase = { kind: 'answer', body: decoder };
    this.#onBodyBytes(decoder, rest);
  }

  #onBodyBytes(body: BodyDecoder, chunk: Buffer): void {
    const fault = body.push(chunk);
    if (fault !== undefined) this.#refuse(fault);
    else if (body.isDone) this.#finishAnswer();
  }

  #onEnd(): void {
    switch (this.#phase.kind) {
      case 'raw':
        this.#pipe.peerEnded();
        break;
      case 'answer':
        if (this.#phase.body.mayEnd) this.#finishAnswer();
        else
          this.#fail(lost(this.#destination.description, 'the connection ended in the middle of its answer'));
        break;
      case 'connecting':
        this.#unreachable(CLOSED_EARLY);
        break;
      case 'waiting':
        this.#fail(lost(this.#destination.description, 'the connection ended before its answer'));
        break;
      case 'over':
        break;
    }
  }

  #onError(error: Error): void {
    if (this.#phase.kind === 'raw' && this.#pipe.broke()) return;
    const { description } = this.#destination;
    if (this.#phase.kind === 'connecting') this.#unreachable(error);
    else this.#fail(broken(description, error, this.#phase.kind === 'waiting' ? 'before' : 'during'));
  }

  #onClose(): void {
    // After 'end' both ways, or after destroy(); anything else is a loss.
    if (this.#phase.kind === 'raw' && this.#pipe.hasEnded) this.#over();
    else if (this.#phase.kind !== 'over') this.#onError(CLOSED_EARLY);
  }

  #sendHead(status: number, headers: string[]): boolean {
    headers.push(MAPPED_USER_HEADER, this.#request.mappedUser);
    try {
      this.#stream.sendHead({ status, headers });
      return true;
    } catch (cause) {
      this.#fail(protocolFault(this.#destination.description, 'its head is too large or malformed', cause));
      return false;
    }
  }

  #finishAnswer(): void {
    this.#stream.end();
    this.#destroy();
  }

  #unreachable(cause: unknown): void {
    this.#destination.onUnreachable?.();
    this.#fail(unreachable(this.#destination.description, cause));
  }

  #refuse(words: string): void {
    this.#fail(protocolFault(this.#destination.description, words));
  }

  #fail(error: MctunnelError): void {
    if (this.#phase.kind === 'over') return;
    // A far server that closes with input unread breaks the connection behind the last of its answer.
    this.#stream.resetAtEnd(error);
    this.#destroy();
  }

  /** Ends the member's connection with an RST, unless both directions have ended or are being flushed to their ends. */
  #destroy(): void {
    if (this.#phase.kind === 'over') return;
    const wasRaw = this.#phase.kind === 'raw';
    if (wasRaw && this.#pipe.isFlushing) return;
    this.#over();
    if (wasRaw) resetSocket(this.#socket, this.#raw);
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #over(): void {
    if (this.#phase.kind === 'over') return;
    this.#phase = { kind: 'over' };
    this.#clearTimer();
    this.#pipe.close();
    this.#context.onOver(this);
  }

  #clearTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
