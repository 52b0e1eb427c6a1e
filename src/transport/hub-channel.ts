import {
  type CallCredentials,
  ChannelCredentials,
  Client,
  credentials as grpcCredentials,
  logVerbosity,
  setLogVerbosity,
  type ChannelOptions,
  type experimental,
} from '@grpc/grpc-js';
import type { Http2Session } from 'node:http2';
import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { MctunnelError } from '../errors.ts';
import { tlsProfile, type TlsVersion } from '../lib/tls-profile.ts';
import type { DialFacts } from './dial-error.ts';
import { http2SessionOf } from './http2-sessions.ts';
import { formatAddress, parseAddress, parseProxy } from './hub-address.ts';
import { TCP_KEEPALIVE_MS } from './listener.ts';
import type { AgentCredentials, HubAddress } from './options.ts';
import { MAX_MESSAGE_BYTES, WINDOW_BYTES } from './service.ts';

/** How far a dial came. */
export type DialPhase = 'connection' | 'TLS handshake' | 'answer';

/** A gRPC client for one dial: one TCP connection of its own, never shared, never re-established behind our back. */
export interface HubChannel {
  readonly client: Client;
  readonly facts: DialFacts;
  readonly phase: DialPhase;
  /** What ended the connection while it was made. */
  readonly socketError: NodeJS.ErrnoException | undefined;
  /** `ip:port` at the far end, once connected. */
  readonly remoteAddress: string;
  /** That came through the connection so far, of whatever kind. */
  receivedBytes(): number;
  /** Sends HTTP/2's PING, which the hub's HTTP/2 answers by itself. False: there is no session that could. */
  ping(answered: (roundTripMs: number) => void): boolean;
  /** Ends the connection at once. Idempotent. */
  destroy(): void;
}

/** Throws MctunnelError BAD_REQUEST (address, proxy, PEMs). Nothing is dialled before the first call. */
export function openChannel(
  hub: HubAddress,
  agent: AgentCredentials | undefined,
  wallNow: () => number,
): HubChannel {
  // grpc-js writes failures of proxies to stderr by itself; our errors say the same, in our log's format.
  setLogVerbosity(logVerbosity.NONE);
  const { host, port } = parseAddress(hub.address);
  const proxy = hub.proxy === undefined ? undefined : parseProxy(hub.proxy);
  const target = `dns:${formatAddress({ host, port })}`;
  const tls = new HubTls(contextOf(hub, agent), hub.serverName ?? host);
  const options: ChannelOptions = {
    'grpc.default_authority': formatAddress({ host, port }),
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    // Without these two a write's callback comes when the message is in the retry buffer, not when HTTP/2 took it.
    'grpc.enable_retries': 0,
    'grpc.per_rpc_retry_buffer_size': 0,
    // Else two clients of one address share a connection, hence a hub replica.
    'grpc.use_local_subchannel_pool': 1,
    // A name with several addresses: dialling again must be able to reach another one.
    'grpc.service_config': '{"loadBalancingConfig":[{"pick_first":{"shuffleAddressList":true}}]}',
    'grpc.service_config_disable_resolution': 1,
    // The proxy is ours to choose: grpc-js reads lower-case variables only, and process.env by itself.
    'grpc.enable_http_proxy': 0,
    ...(proxy === undefined ? {} : { 'grpc.http_connect_target': target }),
    ...(proxy?.credentials === undefined ? {} : { 'grpc.http_connect_creds': proxy.credentials }),
  };
  const client = new Client(proxy === undefined ? target : `dns:${formatAddress(proxy)}`, tls, options);
  return {
    client,
    facts: { address: hub.address, host, proxy: proxy && formatAddress(proxy), wallNow },
    get phase() {
      return tls.phase;
    },
    get socketError() {
      return tls.error;
    },
    get remoteAddress() {
      return tls.remoteAddress;
    },
    receivedBytes: () => tls.receivedBytes,
    ping: (answered) => tls.ping(answered),
    destroy: () => {
      client.close();
      tls.destroy();
    },
  };
}

/** An agent without its hub dials again and again with the same certificate: reading it is a fifth of a dial's work. */
const contexts = new WeakMap<
  AgentCredentials,
  { readonly caBundle: string; readonly minTlsVersion: TlsVersion; readonly context: SecureContext }
>();

function contextOf(hub: HubAddress, agent: AgentCredentials | undefined): SecureContext {
  const { caBundle, minTlsVersion = 'TLSv1.2' } = hub;
  const last = agent && contexts.get(agent);
  if (last?.caBundle === caBundle && last.minTlsVersion === minTlsVersion) return last.context;
  const context = newContext(caBundle, minTlsVersion, agent);
  if (agent !== undefined) contexts.set(agent, { caBundle, minTlsVersion, context });
  return context;
}

function newContext(
  caBundle: string,
  minTlsVersion: TlsVersion,
  agent: AgentCredentials | undefined,
): SecureContext {
  try {
    return createSecureContext({
      ca: caBundle,
      // What the bundle holds is trusted as it is, an intermediate CA too.
      allowPartialTrustChain: true,
      ...tlsProfile(minTlsVersion),
      ...(agent === undefined ? {} : { cert: agent.certificateChain, key: agent.privateKey }),
    });
  } catch (error) {
    throw new MctunnelError(
      'BAD_REQUEST',
      "the hub's CA, the agent's certificate and its key are not PEM or do not belong together",
      { cause: error, hop: 'agent' },
    );
  }
}

/** TLS that keeps its socket and its error, which grpc-js' own credentials hide behind a text. */
class HubTls extends ChannelCredentials {
  phase: DialPhase = 'connection';
  error: NodeJS.ErrnoException | undefined;
  remoteAddress = '';
  readonly #context: SecureContext;
  readonly #serverName: string;
  readonly #sockets = new Set<Socket>();
  /** The one whose handshake is done. */
  #socket: TLSSocket | undefined;
  #http2Session: (() => Http2Session | undefined) | undefined;
  #isDestroyed = false;

  constructor(context: SecureContext, serverName: string) {
    super();
    this.#context = context;
    this.#serverName = serverName;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials?: CallCredentials,
  ): experimental.SecureConnector {
    return {
      connect: async (socket) => ({ socket: await this.#handshake(socket), secure: true }),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials ?? grpcCredentials.createEmpty(),
      destroy: () => undefined,
    };
  }

  get receivedBytes(): number {
    return this.#socket?.bytesRead ?? 0;
  }

  ping(answered: (roundTripMs: number) => void): boolean {
    const pinged = this.#http2Session?.()?.ping((error, roundTripMs) => {
      if (error === null) answered(roundTripMs);
    });
    return pinged ?? false;
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #handshake(socket: Socket): Promise<TLSSocket> {
    this.phase = 'TLS handshake';
    this.remoteAddress = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.#keep(socket);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    return new Promise((resolve, reject) => {
      const tls = connect({
        socket,
        host: this.#serverName,
        // RFC 6066: an address is no server name.
        ...(isIP(this.#serverName) === 0 ? { servername: this.#serverName } : {}),
        secureContext: this.#context,
        ALPNProtocols: ['h2'],
      });
      // From now on only the upper of the two is destroyed, and takes the lower one with it: pulled away from below HTTP/2's writes, Node crashes.
      this.#sockets.delete(socket);
      this.#keep(tls);
      const fail = (error: NodeJS.ErrnoException): void => {
        this.error ??= error;
        tls.destroy();
        reject(error);
      };
      const closed = (): void => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
      tls.once('error', fail);
      tls.once('close', closed);
      tls.once('secureConnect', () => {
        if (tls.alpnProtocol !== 'h2') {
          fail(Object.assign(new Error('no HTTP/2'), { code: 'ERR_MCTUNNEL_NO_HTTP2' }));
          return;
        }
        tls.off('close', closed);
        tls.off('error', fail);
        // The HTTP/2 session reports errors; a late one must not be an uncaught exception.
        tls.on('error', () => undefined);
        this.error = undefined;
        this.phase = 'answer';
        this.#socket = tls;
        this.#http2Session = http2SessionOf(tls);
        resolve(tls);
      });
    });
  }

  /** Also a socket whose connection was made after `destroy`. */
  #keep(socket: Socket): void {
    if (this.#isDestroyed) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
