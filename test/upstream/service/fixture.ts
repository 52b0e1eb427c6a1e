import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { createUpstream, noCredential, Policy, type Upstream } from '../../../src/upstream/index.ts';
import { parsePolicy } from '../../../src/upstream/policy-schema.ts';
import type { Collection, CollectionFollower, ServiceQuestion } from '../../../src/upstream/service/ports.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { ownAddress } from '../../support/own-address.ts';
import { HubStream, openOf, type OpenOptions } from '../hub-stream.ts';

/** Where endpoints are in these tests: loopback is refused. */
export const ADDRESS = ownAddress();

interface Followed {
  readonly collection: Collection<unknown>;
  isClosed: boolean;
}

/** The member's objects, as a test sets them. */
export class FakeApi implements CollectionFollower {
  readonly followed: Followed[] = [];
  readonly #objects = new Map<string, ReadonlyMap<string, unknown>>();
  #problem: Error | undefined;

  follow<T>(collection: Collection<T>): { close(): void } {
    const followed = { collection: collection as Collection<unknown>, isClosed: false };
    this.followed.push(followed);
    setImmediate(() => this.#tell(followed));
    return { close: () => void (followed.isClosed = true) };
  }

  /** Objects of one collection by name, from now on. */
  set(path: string, objects: Readonly<Record<string, unknown>>): void {
    this.#objects.set(path, new Map(Object.entries(objects)));
    for (const followed of this.followed) if (followed.collection.path === path) this.#tell(followed);
  }

  /** Nothing can be read from now on. */
  fail(problem: Error | undefined): void {
    this.#problem = problem;
    for (const followed of this.followed) this.#tell(followed);
  }

  get open(): string[] {
    return this.followed.filter(({ isClosed }) => !isClosed).map(({ collection }) => collection.path);
  }

  #tell({ collection, isClosed }: Followed): void {
    if (isClosed) return;
    if (this.#problem !== undefined) {
      collection.onError(this.#problem);
      return;
    }
    const objects = this.#objects.get(collection.path);
    if (objects === undefined) return;
    collection.onChange(new Map([...objects].map(([name, object]) => [name, collection.pick(object)])));
  }
}

export const SERVICES = '/api/v1/namespaces/default/services';
export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
export const NODES = '/api/v1/nodes';

interface SetUpOptions {
  /** YAML. */
  readonly policy: string;
  readonly review?: (
    question: ServiceQuestion,
    identity: object,
  ) => Promise<{ allowed: boolean; reason: string }>;
  readonly clock?: Clock;
}

/** An upstream with access to services, its member's API made up, and what ends with the test. */
export class ServiceBench {
  readonly api = new FakeApi();
  readonly asked: { readonly question: ServiceQuestion; readonly identity: object }[] = [];
  readonly #ends: (() => Promise<void>)[] = [];

  upstream({ policy, review, clock }: SetUpOptions): { upstream: Upstream; use: (policy: string) => void } {
    const source = { current: new Policy('east', parsePolicy(policy, 'hub:')) };
    const upstream = createUpstream({
      cluster: 'east',
      member: { server: 'https://127.0.0.1:1', credential: noCredential },
      policy: source,
      services: {
        api: this.api,
        reviewer: {
          review: async (identity, question) => {
            this.asked.push({ question, identity });
            return review === undefined ? { allowed: true, reason: '' } : review(question, identity);
          },
        },
      },
      ...(clock !== undefined && { clock }),
    });
    this.#ends.push(() => upstream.close());
    return {
      upstream,
      use: (text) => {
        source.current = new Policy('east', parsePolicy(text, 'hub:'));
      },
    };
  }

  /** The Service default/web, its port `http` (80), and its endpoints. */
  web(ports: readonly number[], more: object = {}): void {
    this.api.set(NODES, {});
    this.api.set(SERVICES, {
      web: { spec: { type: 'ClusterIP', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...more } },
    });
    this.api.set(
      SLICES,
      Object.fromEntries(
        ports.map((port, at) => [
          `web-${at}`,
          {
            addressType: 'IPv4',
            ports: [{ name: 'http', port, protocol: 'TCP' }],
            endpoints: [{ addresses: [ADDRESS], conditions: { ready: true } }],
          },
        ]),
      ),
    );
  }

  http(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    tls?: { readonly cert: string; readonly key: string },
  ): Promise<Running> {
    const server = tls === undefined ? createHttp(answer) : createHttps(tls, answer);
    server.on('tlsClientError', () => undefined);
    return this.#listen(server);
  }

  tcp(onConnection: (socket: Socket) => void): Promise<Running> {
    return this.#listen(createTcp({ allowHalfOpen: true }, onConnection));
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    this.#ends.length = 0;
  }

  async #listen(server: Server): Promise<Running> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
    });
    server.listen(0, ADDRESS);
    await once(server, 'listening');
    const stop = async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    };
    this.#ends.push(stop);
    return { server, port: (server.address() as AddressInfo).port, sockets, stop };
  }
}

export interface Running {
  readonly server: Server;
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

export function ask(upstream: Upstream, method: string, path: string, options: OpenOptions = {}): HubStream {
  const open = { protocol: 'service', target: 'default/http:web:http', ...options };
  return new HubStream(upstream.accept, openOf(method, path, open), options);
}
