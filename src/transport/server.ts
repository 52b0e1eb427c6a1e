import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { MctunnelError } from '../errors.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import {
  createSession,
  DEFAULT_PROCESS_BUDGET_BYTES,
  MemoryBudget,
  type Hello,
  type TunnelSession,
} from '../tunnel/index.ts';
import { CallTransport } from './call-transport.ts';
import { Listener, type Connection } from './listener.ts';
import type { ServingCredentials, TunnelServer, TunnelServerOptions } from './options.ts';
import { requireVerified } from './peer.ts';
import type { AuthenticatedAgent, SessionHandlers } from './ports.ts';
import { raiseWindow } from './server-window.ts';
import {
  decodeEnrollRequest,
  decodeRenewRequest,
  encodeEnrollResponse,
  encodeRenewResponse,
  MAX_MESSAGE_BYTES,
  TUNNEL_SERVICE,
} from './service.ts';
import { toStatus } from './status.ts';

const DEFAULT_MAX_CONNECTIONS = 10_000;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
/** Calls of one connection at a time. An agent needs one. */
const MAX_CALLS_PER_CONNECTION = 8;
/** After a session ended, its status has this long to reach the agent; then the connection is destroyed. */
const LINGER_MS = 1_000;

/** Streams that another replica may hold open: requests that it forwards. */
const MAX_HUB_STREAMS = 16_384;

/** Who is at the other end of a call that becomes a session. */
interface Client {
  /** Empty for a hub. */
  readonly cluster: string;
  /** That it may hold open towards us. */
  readonly maxStreams: number;
  admit(hello: Hello): MaybePromise<void>;
  onSession(session: TunnelSession, hello: Hello): SessionHandlers;
}

type ConnectCall = ServerDuplexStream<Buffer, Buffer>;
type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
type Method = 'connect' | 'enroll' | 'renew';

/** Listens; rejects with MctunnelError INTERNAL (the address cannot be used) or BAD_REQUEST (the credentials). */
export async function createTunnelServer(options: TunnelServerOptions): Promise<TunnelServer> {
  const server = new GrpcTunnelServer(options);
  await server.listen();
  return server;
}

class GrpcTunnelServer implements TunnelServer {
  readonly #options: TunnelServerOptions;
  readonly #clock: Clock;
  readonly #budget: MemoryBudget;
  readonly #listener: Listener;
  readonly #grpc: Server;
  readonly #sessions = new Set<TunnelSession>();
  /** Set once, by `drain`. */
  #drainRetryAfterMs: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: TunnelServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#budget = options.tunnel?.processBudget ?? new MemoryBudget(DEFAULT_PROCESS_BUDGET_BYTES);
    this.#grpc = new Server({
      'grpc.max_concurrent_streams': MAX_CALLS_PER_CONNECTION,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      // channelz stays on (its default): without it, forceShutdown leaves HTTP/2 sessions alive.
    });
    this.#grpc.addService(TUNNEL_SERVICE, {
      connect: (call: ConnectCall) => void this.#connect(call),
      enroll: (call: UnaryCall, reply: sendUnaryData<Buffer>) => void this.#unary('enroll', call, reply),
      renew: (call: UnaryCall, reply: sendUnaryData<Buffer>) => void this.#unary('renew', call, reply),
    });
    // TLS is the listener's; grpc-js gets connections that are decrypted already.
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#listener = new Listener({
      host: options.host,
      port: options.port,
      credentials: options.credentials,
      minTlsVersion: options.minTlsVersion ?? 'TLSv1.2',
      maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
      clock: this.#clock,
      wallNow: options.wallNow ?? Date.now,
      onConnection: ({ socket }) => injector.injectConnection(socket),
      onRefused: (remoteAddress, error) =>
        options.observer?.refused?.({ remoteAddress, method: 'tls', error }),
      onCount: (count) => options.observer?.connections?.(count),
    });
  }

  async listen(): Promise<void> {
    try {
      await this.#listener.listen();
    } catch (error) {
      this.#grpc.forceShutdown();
      throw error;
    }
  }

  get port(): number {
    return this.#listener.port;
  }

  get connectionCount(): number {
    return this.#listener.count;
  }

  setCredentials(credentials: ServingCredentials): void {
    this.#listener.setCredentials(credentials);
  }

  async drain(retryAfterMs: number): Promise<void> {
    this.#drainRetryAfterMs ??= retryAfterMs;
    await Promise.all([...this.#sessions].map((session) => session.drain(retryAfterMs)));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const session of this.#sessions) {
      session.abort(new MctunnelError('TUNNEL_LOST', 'the hub is shutting down', { delivered: 'unknown' }));
    }
    // HTTP/2 sessions first, then the sockets below them.
    this.#grpc.forceShutdown();
    await this.#listener.close();
  }

  async #connect(call: ConnectCall): Promise<void> {
    const connection = this.#listener.find(call.getPeer());
    // Ends every call, whoever ends it; the others need not come.
    let over = false;
    call.on('cancelled', () => {
      over = true;
    });
    call.on('error', () => undefined);
    if (connection === undefined) {
      call.emit('error', toStatus(new MctunnelError('TUNNEL_LOST', 'the connection is gone')));
      return;
    }
    connection.callBegan();
    call.once('cancelled', () => connection.callEnded());
    let client: Client;
    try {
      client =
        this.#hubClient(connection) ?? this.#agentClient(connection, await this.#authenticate(connection));
    } catch (thrown) {
      call.emit('error', toStatus(this.#refused('connect', connection, thrown)));
      return;
    }
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the call may be cancelled during the await
    if (!over) this.#serve(call, connection, client);
  }

  #agentClient({ remoteAddress }: Connection, agent: AuthenticatedAgent): Client {
    const { authenticator, sessions } = this.#options;
    return {
      cluster: agent.cluster,
      maxStreams: sessions.maxAgentStreams ?? 0,
      admit: (hello) => authenticator.admit(agent, hello),
      onSession: (session, hello) => sessions.onSession(session, { ...agent, remoteAddress, hello }),
    };
  }

  /** undefined: it is not another hub. */
  #hubClient({ peer, remoteAddress }: Connection): Client | undefined {
    const { hubs } = this.#options;
    if (peer.kind !== 'verified') return undefined;
    const replica = hubs?.authenticateHub({ certificate: peer.certificate, remoteAddress });
    if (hubs === undefined || replica === undefined) return undefined;
    return {
      cluster: '',
      maxStreams: MAX_HUB_STREAMS,
      admit: () => undefined,
      onSession: (session) => hubs.onHubSession(session, replica),
    };
  }

  #serve(call: ConnectCall, connection: Connection, client: Client): void {
    const options = this.#options;
    const { cluster, maxStreams } = client;
    let hello: Hello | undefined;
    let handlers: SessionHandlers | undefined;
    const transport = new CallTransport(
      call,
      (reason) => {
        call.emit('error', toStatus(reason));
        this.#clock.after(LINGER_MS, () => connection.socket.destroy());
      },
      { receivedBytes: () => connection.socket.bytesRead },
    );
    const session = createSession({
      role: 'hub',
      clock: this.#clock,
      transport,
      processBudget: this.#budget,
      ...(maxStreams > 0 && { accept: (open, stream) => handlers?.accept?.(open, stream) }),
      limits: { ...options.tunnel?.limits, maxStreams },
      welcome: async (received) => {
        hello = received;
        this.#refuseWhileDraining();
        try {
          await client.admit(received);
        } catch (thrown) {
          throw this.#refused('connect', connection, thrown);
        }
        this.#refuseWhileDraining();
        options.observer?.window?.(raiseWindow(connection.http2Session()));
        return { hubId: options.hubId, replicas: options.replicas(), cluster };
      },
      onOpen: () => {
        if (hello === undefined) return;
        handlers = client.onSession(session, hello);
      },
      onDraining: (retryAfterMs) => handlers?.draining?.(retryAfterMs),
      onClosed: (reason) => {
        this.#sessions.delete(session);
        handlers?.closed(reason);
      },
    });
    this.#sessions.add(session);
    call.once('cancelled', () => transport.ended(connection.fault));
    call.once('end', () => transport.ended());
    transport.attach(session);
  }

  async #unary(method: 'enroll' | 'renew', call: UnaryCall, reply: sendUnaryData<Buffer>): Promise<void> {
    const connection = this.#listener.find(call.getPeer());
    if (connection === undefined) {
      reply(toStatus(new MctunnelError('TUNNEL_LOST', 'the connection is gone')));
      return;
    }
    // The request is complete here: a slow sender of it never counts as a call in progress.
    connection.callBegan();
    try {
      this.#refuseWhileDraining();
      const answer = await (method === 'enroll'
        ? this.#enroll(call.request, connection)
        : this.#renew(call.request, connection));
      reply(null, answer);
    } catch (thrown) {
      reply(toStatus(this.#refused(method, connection, thrown)));
    } finally {
      connection.callEnded();
    }
  }

  async #enroll(bytes: Buffer, connection: Connection): Promise<Buffer> {
    const { token, csr, clusterUid, cluster } = decoded(decodeEnrollRequest, bytes);
    const { remoteAddress } = connection;
    const { enroller } = this.#options;
    return encodeEnrollResponse(
      await enroller.enroll({ token, csr: Buffer.from(csr), clusterUid, cluster, remoteAddress }),
    );
  }

  async #renew(bytes: Buffer, connection: Connection): Promise<Buffer> {
    const agent = await this.#authenticate(connection);
    const { csr } = decoded(decodeRenewRequest, bytes);
    const { remoteAddress } = connection;
    return encodeRenewResponse(
      await this.#options.enroller.renew({ agent, csr: Buffer.from(csr), remoteAddress }),
    );
  }

  async #authenticate({ peer, remoteAddress }: Connection): Promise<AuthenticatedAgent> {
    const { authenticator } = this.#options;
    // It knows whose certificate that is, and puts the reason where its administrator looks.
    if (peer.kind === 'misdated') {
      await authenticator.authenticateAgent({ certificate: peer.certificate, remoteAddress });
    }
    return authenticator.authenticateAgent({ certificate: requireVerified(peer), remoteAddress });
  }

  #refuseWhileDraining(): void {
    if (this.#drainRetryAfterMs === undefined) return;
    throw new MctunnelError('DRAINING', 'this hub replica is shutting down', {
      retryAfterSeconds: Math.ceil(this.#drainRetryAfterMs / 1000),
    });
  }

  /** Tells the observer, and hides what is not meant for the agent. */
  #refused(method: Method, { remoteAddress }: Connection, thrown: unknown): MctunnelError {
    const error = MctunnelError.from(thrown, 'INTERNAL', 'internal error of the hub: its log says more');
    this.#options.observer?.refused?.({ remoteAddress, method, error });
    return error;
  }
}

function decoded<T>(decode: (bytes: Buffer) => T, bytes: Buffer): T {
  try {
    return decode(bytes);
  } catch (error) {
    throw new MctunnelError('BAD_REQUEST', 'the request is not the expected protobuf message', {
      cause: error,
    });
  }
}
