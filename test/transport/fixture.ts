import { MctunnelError } from '../../src/errors.ts';
import {
  createTunnelServer,
  dialTunnel,
  type AuthenticatedAgent,
  type ConnectedAgent,
  type ConnectionHandlers,
  type DialOptions,
  type TunnelConnection,
  type TunnelServer,
  type TunnelServerOptions,
} from '../../src/transport/index.ts';
import type { Accept, Open, StreamHandlers, TunnelSession } from '../../src/tunnel/index.ts';
import { TestCa } from '../pki.ts';

export const CA = new TestCa('hub and agent CA');
export const SERVER = CA.server();
export const AGENT = CA.agent('cluster-a');

export const OPEN: Open = {
  protocol: 'http',
  target: 'apiserver',
  method: 'GET',
  path: '/version',
  headers: [],
  identity: undefined,
  deadlineMs: 0,
  traceparent: '',
  auditId: '',
};

/** Waits for a condition, looking after each turn of the event loop. */
export async function until(what: string, isTrue: () => boolean, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`did not happen in ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export interface Opened {
  readonly session: TunnelSession;
  readonly agent: ConnectedAgent;
  closed: MctunnelError | undefined;
}

/** A hub that lets in every verified certificate, and remembers what happened. */
export class TestHub {
  readonly server: TunnelServer;
  readonly opened: Opened[];
  readonly refused: { method: string; error: MctunnelError }[];
  readonly windows: boolean[];

  private constructor(server: TunnelServer, records: Pick<TestHub, 'opened' | 'refused' | 'windows'>) {
    this.server = server;
    this.opened = records.opened;
    this.refused = records.refused;
    this.windows = records.windows;
  }

  /** `accept`: for streams that agents open, `maxAgentStreams` at a time. */
  static async start({
    accept,
    maxAgentStreams = accept === undefined ? 0 : 4096,
    ...over
  }: Partial<TunnelServerOptions> & {
    readonly accept?: Accept | undefined;
    readonly maxAgentStreams?: number | undefined;
  } = {}): Promise<TestHub> {
    const records: Pick<TestHub, 'opened' | 'refused' | 'windows'> = { opened: [], refused: [], windows: [] };
    const server = await createTunnelServer({
      host: '127.0.0.1',
      port: 0,
      credentials: {
        certificateChain: SERVER.chain,
        privateKey: SERVER.privateKey,
        clientCa: CA.certificate,
      },
      authenticator: { authenticateAgent: () => AUTHENTICATED, admit: () => undefined },
      enroller: {
        enroll: ({ token }) =>
          token === 'good'
            ? Promise.resolve({ certificateChain: 'chain', caBundle: 'bundle', cluster: 'cluster-a' })
            : Promise.reject(new MctunnelError('FORBIDDEN', 'the token is used up')),
        renew: () => Promise.resolve({ certificateChain: 'next', caBundle: 'bundle' }),
      },
      sessions: {
        maxAgentStreams,
        onSession: (session, agent) => {
          const record: Opened = { session, agent, closed: undefined };
          records.opened.push(record);
          return {
            ...(accept !== undefined && { accept }),
            closed: (reason) => {
              record.closed = reason;
            },
          };
        },
      },
      hubId: 'hub-0',
      replicas: () => 1,
      observer: {
        refused: ({ method, error }) => records.refused.push({ method, error }),
        window: (raised) => records.windows.push(raised),
      },
      ...over,
    });
    return new TestHub(server, records);
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  dial(over: Partial<DialOptions> = {}): Promise<TunnelConnection> {
    return dial(this.address, over);
  }
}

export const AUTHENTICATED: AuthenticatedAgent = {
  cluster: 'cluster-a',
  registrationUid: 'uid-of-cluster-a',
  certificate: { serial: '01', notBefore: new Date(0), notAfter: new Date(8e12) },
};

/** Answers every stream with `hello`, and echoes what comes. */
export const answer: DialOptions['accept'] = (_open, stream): StreamHandlers => {
  stream.sendHead({ status: 200, headers: [] });
  return {
    data: (chunk) => {
      stream.write(Buffer.from(chunk));
      stream.take(chunk.length);
    },
    end: () => stream.end(),
    error: () => undefined,
  };
};

export function dial(address: string, over: Partial<DialOptions> = {}): Promise<TunnelConnection> {
  return dialTunnel({
    hub: { address, caBundle: CA.certificate },
    credentials: { certificateChain: AGENT.chain, privateKey: AGENT.privateKey },
    hello: { agentVersion: '0', instanceId: 'agent-0', clusterUid: 'cuid', capabilities: [] },
    accept: answer,
    ...over,
  });
}

/** Sends bytes through a stream that echoes them; resolves with what came back. */
export function echo(session: TunnelSession, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const stream = session.open(OPEN, {
      data: (chunk) => {
        chunks.push(Buffer.from(chunk));
        stream.take(chunk.length);
      },
      end: () => resolve(Buffer.concat(chunks)),
      error: reject,
    });
    stream.write(bytes);
    stream.end();
  });
}

/** The error with which a promise rejects. */
export async function rejection(promise: Promise<unknown>): Promise<MctunnelError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MctunnelError) return error;
    throw error;
  }
  throw new Error('it did not reject');
}

export type { ConnectionHandlers };
