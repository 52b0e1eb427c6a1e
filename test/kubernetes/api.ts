import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { User } from './users.ts';

export interface ApiRequest {
  readonly user: User;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: OutgoingHttpHeaders;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An API server on loopback, asked one request at a time, each on a connection of its own. */
export class Api {
  readonly #port: number;
  readonly #caCertificate: string;
  readonly #agents = new Map<User, Agent>();

  constructor(port: number, caCertificate: string) {
    this.#port = port;
    this.#caCertificate = caCertificate;
  }

  request(method: string, path: string, { user, body, headers }: ApiRequest): Promise<ApiResponse> {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const allHeaders: OutgoingHttpHeaders = {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...('token' in user.credentials ? { authorization: `Bearer ${user.credentials.token}` } : {}),
      ...headers,
    };
    const target = { host: '127.0.0.1', port: this.#port, method, path };
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        { ...target, headers: allHeaders, agent: this.#agentOf(user) },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(json);
    });
  }

  /** Ends what is still under way. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #agentOf(user: User): Agent {
    const known = this.#agents.get(user);
    if (known !== undefined) return known;
    const { credentials } = user;
    const client = 'token' in credentials ? {} : { cert: credentials.certificate, key: credentials.key };
    const agent = new Agent({ ca: this.#caCertificate, ...client });
    this.#agents.set(user, agent);
    return agent;
  }
}
