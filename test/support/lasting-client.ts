/** A client as programs have one: connections that are kept, and answers told apart by how they ended. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** How a request ended. `none`: no head of an answer came. */
export type Outcome =
  | { readonly kind: 'none'; readonly error: string }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: string;
      /** It came to its announced or chunked end. */
      readonly isWhole: boolean;
    };

export interface RequestOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it comes, with its Content-Length. */
  readonly upload?: { readonly bytes: number; readonly chunks: AsyncIterable<Buffer> };
  /** Gets the body of a 2xx answer, which is then not gathered. */
  readonly onBody?: (chunk: Buffer, response: IncomingMessage) => void;
  readonly signal?: AbortSignal;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }[];
}

export class LastingClient {
  readonly #agent: Agent;
  readonly #server: URL;
  readonly #authorization: string | undefined;

  /** Server, CA and credentials as the kubeconfig has them (data in it, not paths). */
  constructor(kubeconfigPath: string, options: { readonly keepAlive?: boolean } = {}) {
    const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
    const cluster = config.clusters[0]?.cluster;
    const user = config.users[0]?.user;
    if (cluster === undefined || user === undefined)
      throw new Error(`${kubeconfigPath} has no cluster or no user`);
    this.#server = new URL(cluster.server);
    this.#authorization = user.token === undefined ? undefined : `Bearer ${user.token}`;
    this.#agent = new Agent({
      keepAlive: options.keepAlive ?? true,
      ca: decoded(cluster['certificate-authority-data']),
      ...(user['client-certificate-data'] !== undefined && {
        cert: decoded(user['client-certificate-data']),
        key: decoded(user['client-key-data'] ?? ''),
      }),
    });
  }

  /** Never rejects. */
  request(method: string, path: string, options: RequestOptions = {}): Promise<Outcome> {
    const { body, upload, onBody, signal } = options;
    return new Promise((resolve) => {
      const json = body === undefined ? undefined : JSON.stringify(body);
      const request = httpsRequest({
        agent: this.#agent,
        host: this.#server.hostname,
        port: this.#server.port,
        method,
        path: this.#server.pathname.replace(/\/$/, '') + path,
        headers: {
          ...(this.#authorization !== undefined && { authorization: this.#authorization }),
          ...(json !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(json),
          }),
          ...(upload !== undefined && {
            'content-type': 'application/octet-stream',
            'content-length': upload.bytes,
          }),
        },
        ...(signal !== undefined && { signal }),
      });
      let answer: IncomingMessage | undefined;
      request.on('error', (error) => {
        if (answer === undefined) resolve({ kind: 'none', error: error.message });
      });
      request.on('response', (response) => {
        answer = response;
        const { statusCode: status = 0, headers } = response;
        const chunks: Buffer[] = [];
        const isStreamed = onBody !== undefined && status >= 200 && status < 300;
        response.on('data', (chunk: Buffer) => {
          if (isStreamed) onBody(chunk, response);
          else chunks.push(chunk);
        });
        response.on('error', () => undefined);
        response.on('close', () =>
          resolve({
            ...{ kind: 'answer', status, headers },
            body: Buffer.concat(chunks).toString(),
            isWhole: response.complete,
          }),
        );
      });
      if (upload === undefined) request.end(json);
      else
        Readable.from(upload.chunks)
          .on('error', (error) => request.destroy(error))
          .pipe(request);
    });
  }

  /** Ends every connection. */
  close(): void {
    this.#agent.destroy();
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
