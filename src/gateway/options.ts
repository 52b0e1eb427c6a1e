import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { TlsVersion } from '../lib/tls-profile.ts';
import type { ClusterSpec } from '../registry/ports.ts';
import type { Authenticator, Authorizer, Dialer, IdentityHeaders, ProxyObserver } from './ports.ts';

/** PEM. Read again with `Gateway.setTls` when the files change. */
export interface GatewayTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Default `TLSv1.2`. */
  readonly minVersion?: TlsVersion;
}

export interface GatewayLimits {
  /** Requests in flight per user and cluster, watches and upgrades included; default 400. Beyond: 429. */
  readonly maxInFlightPerUser?: number;
  /** Requests in flight per cluster; default 1,000. Beyond: 429. A registration may set both lower or higher. */
  readonly maxInFlight?: number;
  /** Milliseconds until a response head must have come, from the end of the request; default 65,000; 0: no limit. Not for watches, upgrades and logs. */
  readonly headDeadlineMs?: number;
  /** Milliseconds that the agent, who has the same deadline, is given on top to say so itself: it knows whether the request was sent. Default 3,000. */
  readonly headGraceMs?: number;
  /** Milliseconds that a request body may stand still before the client is given up; default 900,000. */
  readonly stallMs?: number;
}

/** Node's own handler type: Express applications are one. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ProxyOptions {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer?: ProxyObserver;
  readonly limits?: GatewayLimits;
  /** A registration's own limits, from memory. */
  readonly limitsOf?: (cluster: string) => ClusterSpec['limits'];
  /** Also ask whether the caller may use the inner request's verb (`list`, `watch`, …) on `clusters/proxy`. Default false. */
  readonly authorizeInnerVerb?: boolean;
  /** The front proxy's header names, which may change while running; besides `X-Remote-*`. */
  readonly identityHeaders?: () => IdentityHeaders;
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly wallClock?: () => number;
}

/** Requests ⇄ streams. Make one, give its handler to the API's Express application, then both to the gateway. */
export interface Proxy {
  /** The proxy for one ordinary request, whatever server it came through. A path that is not a proxy path is answered 400. */
  readonly handler: HttpHandler;
  /** Requests that are not over, watches and upgrades included. */
  readonly openRequests: number;
}

export interface GatewayOptions {
  readonly host: string;
  /** 0: any free one, see `Gateway.address`. */
  readonly port: number;
  readonly tls: GatewayTls;
  /** Open at a time; more are closed at once. Default 32,768. */
  readonly maxConnections?: number;
  readonly proxy: Proxy;
  readonly clock: Clock;
  /** Whatever is not a proxy path: the Express application. */
  readonly api: HttpHandler;
  readonly log: Log;
}

export interface Gateway {
  /** Starts to listen. Rejects with what `listen` failed with (EADDRINUSE, EACCES, …). */
  listen(): Promise<AddressInfo>;
  /** undefined before `listen` and after the end. */
  readonly address: AddressInfo | undefined;
  /** New connections use it at once, open ones stay. Throws what OpenSSL says of an unfitting pair. */
  setTls(tls: GatewayTls): void;
  /**
   * New requests are answered 503 DRAINING; open ones run on until `timeoutMs`; then watches end at an event's end, the rest is cut
   * and every socket closed. Resolves when all sockets are closed; never rejects. A second call may shorten the time.
   */
  drain(timeoutMs: number): Promise<void>;
}
