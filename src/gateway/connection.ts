import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { headerValues } from '../lib/headers.ts';
import { resetSocket } from '../lib/reset-socket.ts';
import type { FlatHeaders } from '../tunnel/index.ts';
import type { Caller, RequestFacts } from './ports.ts';

/** The TCP socket below a TLS socket: only it can be reset. */
const rawSockets = new WeakMap<Socket, Socket>();
const certificateChains = new WeakMap<Socket, readonly Buffer[]>();

export function rememberRawSocket(socket: Socket, raw: Socket): void {
  rawSockets.set(socket, raw);
}

/**
 * Cuts a client's connection with a TCP reset, so that nobody takes what was sent for a whole answer: an answer that ends with its
 * connection (HTTP/1.0, upgrades) would seem complete after a clean end.
 */
export function resetConnection(socket: Socket): void {
  const raw = rawSockets.get(socket) ?? socket;
  if ('encrypted' in raw) raw.destroy();
  else resetSocket(socket, raw);
}

const distrusted = new WeakSet<Socket>();

/**
 * Where a request ended on this connection is a matter of opinion, so what follows may be no request of the client's but a part of its body: nothing more
 * on the connection is served. (Node has parsed pipelined requests before the answer to the first one closes it.)
 */
export function distrust(socket: Socket): void {
  distrusted.add(socket);
}

export function isDistrusted(socket: Socket): boolean {
  return distrusted.has(socket);
}

/** What a request wants to hear before it sends its body: nothing, a 100, or something that nobody knows. */
export type Expectation = 'none' | 'continue' | 'unknown';

/** What is wrong with the head of a request, wherever it leads; undefined: nothing. Node's parser lets versions pass that it does not speak. */
export function headFault(request: IncomingMessage, expectation: Expectation): string | undefined {
  const { httpVersion } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return `HTTP/${httpVersion} is not spoken here`;
  const hosts = headerValues(request.rawHeaders, 'host').length;
  if (hosts > 1) return 'more than one Host';
  if (hosts === 0 && httpVersion === '1.1') return 'no Host';
  // Who expects it may keep the body back, or not.
  if (expectation === 'unknown') return 'an Expect other than 100-continue';
  return undefined;
}

/** A response on a socket that Node handed over for an upgrade. The connection ends with it. */
export function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => {
    response.detachSocket(socket);
    socket.destroySoon();
  });
  socket.once('close', () => {
    if (!response.writableFinished) response.destroy();
  });
  return response;
}

const NO_CERTIFICATES: readonly Buffer[] = [];

/** The facts of a Node request. Certificates are read when asked for, once per connection. */
export class NodeRequestFacts implements RequestFacts {
  readonly #request: IncomingMessage;
  readonly isUpgrade: boolean;
  authenticated: Caller | undefined;

  constructor(request: IncomingMessage, isUpgrade: boolean) {
    this.#request = request;
    this.isUpgrade = isUpgrade;
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get target(): string {
    return this.#request.url ?? '';
  }

  get headers(): FlatHeaders {
    return this.#request.rawHeaders;
  }

  get remoteAddress(): string {
    return this.#request.socket.remoteAddress ?? '';
  }

  get connection(): object {
    return this.#request.socket;
  }

  get clientCertificates(): readonly Buffer[] {
    const { socket } = this.#request;
    if (!isTls(socket)) return NO_CERTIFICATES;
    let chain = certificateChains.get(socket);
    if (chain === undefined) {
      chain = presentedCertificates(socket);
      certificateChains.set(socket, chain);
    }
    return chain;
  }
}

/** RequestFacts of a request that came through any Node server. */
export function factsOf(request: IncomingMessage): RequestFacts {
  return new NodeRequestFacts(request, false);
}

/** Longest chain that is looked at; Go's default verifier gives up at a like depth. */
const MAX_CHAIN = 10;

/** As they came. (`getPeerCertificate` would put each into words first, which takes ten times as long.) */
function presentedCertificates(socket: TLSSocket): readonly Buffer[] {
  const chain: Buffer[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain.length === 0 ? NO_CERTIFICATES : chain;
}

function isTls(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket;
}
