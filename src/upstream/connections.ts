import { systemClock, type Clock, type Timer } from '../lib/clock.ts';
import type { Destination } from './destination.ts';
import {
  Http1Connection,
  KEEP_ALIVE_MS,
  type ConnectionPool,
  type Http1Handler,
  type Http1Request,
} from './http1-connection.ts';

/** How often idle connections are looked through for those that are too old. */
const SWEEP_MS = KEEP_ALIVE_MS / 4;

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const CLOSED = Object.assign(new Error('the agent closes its connections'), { code: 'ECONNABORTED' });

/**
 * The HTTP/1.1 connections to one destination: one request each, as many as there are requests. Whoever calls bounds their number, so a
 * watch never keeps a short request waiting.
 */
export class Connections implements ConnectionPool {
  readonly destination: Destination;
  readonly clock: Clock;
  tlsSession: Buffer | undefined;
  readonly #open = new Set<Http1Connection>();
  /** The one that was used last is used next, so that those beyond the need grow old. */
  readonly #idle: Http1Connection[] = [];
  #sweep: Timer | undefined;
  #retired: PromiseWithResolvers<undefined> | undefined;

  constructor(destination: Destination, clock: Clock = systemClock) {
    this.destination = destination;
    this.clock = clock;
  }

  /** Starts a request on an idle connection, or on a new one; never queues behind another request. */
  dispatch(request: Http1Request, handler: Http1Handler): void {
    if (this.#retired !== undefined) {
      handler.failed(CLOSED);
      return;
    }
    const idle = this.#takeIdle();
    if (idle === undefined) this.#open.add(new Http1Connection(this.destination, this, request, handler));
    else if (isRepeatable(request)) idle.send(request, handler);
    else this.#sendOnce(idle, request, handler);
  }

  /** Takes no new requests; those that run end by themselves. Resolves when they have. */
  retire(): Promise<void> {
    this.#retired ??= Promise.withResolvers<undefined>();
    this.#sweep?.cancel();
    for (const connection of this.#idle.splice(0)) connection.destroy(CLOSED);
    if (this.#open.size === 0) this.#retired.resolve(undefined);
    return this.#retired.promise;
  }

  /** Ends everything at once. */
  async destroy(): Promise<void> {
    const retired = this.retire();
    for (const connection of [...this.#open]) connection.destroy(CLOSED);
    await retired;
  }

  idle(connection: Http1Connection): void {
    if (this.#retired !== undefined) {
      connection.destroy(CLOSED);
      return;
    }
    this.#idle.push(connection);
    this.#sweep ??= this.clock.after(SWEEP_MS, () => this.#closeOld());
  }

  gone(connection: Http1Connection): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#open.size === 0) this.#retired?.resolve(undefined);
  }

  #takeIdle(): Http1Connection | undefined {
    const nowMs = this.clock.now();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isUsable && nowMs < idle.expiresAtMs) return idle;
      idle.destroy(CLOSED);
    }
    return undefined;
  }

  /** One turn of the event loop later: the server may have closed the connection long ago, and we have only not read of it. */
  #sendOnce(idle: Http1Connection, request: Http1Request, handler: Http1Handler): void {
    this.clock.soon(() => {
      if (idle.isUsable) idle.send(request, handler);
      else this.dispatch(request, handler);
    });
  }

  #closeOld(): void {
    this.#sweep = undefined;
    const nowMs = this.clock.now();
    for (const connection of [...this.#idle]) {
      if (nowMs >= connection.expiresAtMs) connection.destroy(CLOSED);
    }
    if (this.#idle.length > 0) this.#sweep = this.clock.after(SWEEP_MS, () => this.#closeOld());
  }
}

/** Whether the request may be sent again when it broke a connection that had been idle (RFC 9110 section 9.2.2): its user does so. */
export function isRepeatable({ method, body }: Pick<Http1Request, 'method' | 'body'>): boolean {
  return body === undefined && SAFE_METHODS.has(method);
}
