import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MctunnelError } from '../../errors.ts';
import type { Timer } from '../../lib/clock.ts';
import { NodeRequestFacts, resetConnection, responseOn } from '../connection.ts';
import type { Expectation } from '../connection.ts';
import type { HttpHandler, Proxy, ProxyOptions } from '../options.ts';
import { routeOf } from '../route.ts';
import type { ProxyRoute } from '../route.ts';
import { sendStatus } from '../status.ts';
import { Connections } from './connections.ts';
import { ProxyContext } from './context.ts';
import { HttpExchange } from './http-exchange.ts';
import { LOOK_AFTER_MS } from './request-body.ts';
import { UpgradeExchange } from './upgrade-exchange.ts';

/** How often requests are looked at for a body that stands still: at least in this fraction of the time that it may. */
const STALL_CHECKS = 4;

/** The proxy as the gateway's server uses it. */
export class GatewayProxy implements Proxy {
  readonly handler: HttpHandler;
  readonly #context: ProxyContext;
  readonly #connections = new Connections();
  /** Runs while a request is open, and a little longer: not one start and stop a request. */
  #stallTimer: Timer | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: ProxyOptions) {
    this.#context = new ProxyContext(options);
    this.#context.onOver = () => this.#over();
    this.handler = (request, response) => {
      const route = routeOf(request.url ?? '');
      if (route.kind === 'proxy') {
        this.request(route, request, response, 'none');
        return;
      }
      const reason = route.kind === 'refused' ? route.reason : 'this path leads to no cluster';
      response.sendDate = false;
      sendStatus(response, new MctunnelError('BAD_REQUEST', reason));
    };
  }

  get openRequests(): number {
    return this.#context.open.size;
  }

  /** `expectation`: what the client waits for, which nobody has sent. */
  request(
    route: ProxyRoute,
    request: IncomingMessage,
    response: ServerResponse,
    expectation: Expectation,
  ): void {
    const facts = new NodeRequestFacts(request, false);
    this.#watchStalls();
    new HttpExchange(this.#context, this.#connections, route, facts, request, response, expectation).begin();
  }

  upgrade(route: ProxyRoute, request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.#connections.isBusy(socket)) {
      // Its bytes would overtake the answer that is outstanding.
      resetConnection(socket);
      return;
    }
    const facts = new NodeRequestFacts(request, true);
    this.#watchStalls();
    new UpgradeExchange(this.#context, this.#connections, route, facts, request, socket, head).begin();
  }

  /** Whether an answer is outstanding on the connection. */
  isBusy(socket: Socket): boolean {
    return this.#connections.isBusy(socket);
  }

  /** Calls `onIdle` once no answer is outstanding on the connection any more. False: none is. */
  whenIdle(socket: Socket, onIdle: () => void): boolean {
    return this.#connections.whenIdle(socket, onIdle);
  }

  /** The rest of a request turned out to be no HTTP: it is answered. False: no request on the connection is incomplete. */
  unreadable(socket: Socket, reason: string): boolean {
    return this.#connections.newest(socket)?.unreadable(reason) ?? false;
  }

  /** Answers a request to upgrade that leads nowhere, on a connection on which no answer is outstanding. */
  refuseUpgrade(request: IncomingMessage, socket: Socket, error: MctunnelError): void {
    this.refused(socket, error);
    const response = responseOn(request, socket);
    response.sendDate = false;
    socket.on('error', () => undefined);
    sendStatus(response, error);
  }

  /** Tells of an answer that is given for no cluster and to nobody in particular. */
  refused(socket: Socket, error: MctunnelError): void {
    const { observer, log } = this.#context;
    observer?.refused(error);
    log.debug(
      { err: error, remoteAddress: socket.remoteAddress },
      'a request was refused before anything was asked',
    );
  }

  /** New requests are refused from now on. Calls `onIdle` once when only watches are open, or nothing is. */
  drain(onIdle: () => void): void {
    this.#context.isDraining = true;
    this.#onIdle = onIdle;
    this.#over();
  }

  get isDraining(): boolean {
    return this.#context.isDraining;
  }

  /** Ends what is open: watches after a whole event, the rest at once. */
  shutDown(): void {
    for (const exchange of [...this.#context.open]) exchange.shutDown();
    this.#stallTimer?.cancel();
    this.#stallTimer = undefined;
    this.#context.deadlines.close();
  }

  #over(): void {
    const { open } = this.#context;
    if (this.#onIdle === undefined) return;
    for (const exchange of open) if (!exchange.isWatch) return;
    const onIdle = this.#onIdle;
    this.#onIdle = undefined;
    onIdle();
  }

  #watchStalls(): void {
    if (this.#stallTimer !== undefined) return;
    const { clock, stallMs, open } = this.#context;
    this.#stallTimer = clock.after(Math.min(stallMs / STALL_CHECKS, LOOK_AFTER_MS), () => {
      this.#stallTimer = undefined;
      const nowMs = clock.now();
      for (const exchange of [...open]) {
        exchange.lookForClient(nowMs);
        if (!exchange.isStalled(nowMs)) continue;
        exchange.fail(new MctunnelError('STALLED', 'the request stood still', { delivered: 'unknown' }));
      }
      if (open.size > 0) this.#watchStalls();
    });
  }
}
