import { buildConnector, Pool, type Dispatcher } from 'undici';
import {
  CONNECT_TIMEOUT_MS,
  MAX_RESPONSE_HEAD_BYTES,
  TCP_KEEPALIVE_MS,
  type Destination,
} from './destination.ts';

/** Idle connections are closed after this long; kube-apiserver closes its own after 90 s. */
const KEEP_ALIVE_MS = 60_000;

/** The HTTP/1.1 connections to one destination. Long requests have a pool of their own, so that they cannot starve the short ones. */
export class Connections {
  readonly destination: Destination;
  readonly #short: Pool;
  readonly #long: Pool;

  constructor(destination: Destination) {
    this.destination = destination;
    this.#short = pool(destination);
    this.#long = pool(destination);
  }

  /** Starts a request on an idle connection, or on a new one; never queues behind another request. */
  dispatch(isLong: boolean, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    (isLong ? this.#long : this.#short).dispatch(options, handler);
  }

  /** Takes no new requests; those that run end by themselves. Resolves when they have. */
  async retire(): Promise<void> {
    await Promise.all([this.#short.close(), this.#long.close()]);
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#short.destroy(), this.#long.destroy()]);
  }
}

function pool(destination: Destination): Pool {
  const { host, port, tls } = destination;
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    ...(tls !== undefined && {
      secureContext: tls.secureContext,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: tls.isVerified,
    }),
  });
  const serverName = tls === undefined || tls.serverName === '' ? undefined : tls.serverName;
  return new Pool(
    `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    {
      // One request per connection, as many connections as requests: whoever calls bounds their number.
      connections: null,
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
      // By itself undici verifies the name in a request's `Host`, before any other.
      connect: (options, callback) =>
        connect(serverName === undefined ? options : { ...options, servername: serverName }, callback),
    },
  );
}
