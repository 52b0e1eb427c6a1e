import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { authority, server as serving, type Certified } from './certificates.ts';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly request: IncomingMessage;
}

export type Answer = (received: Received, response: ServerResponse) => void;

/** An HTTPS server that answers as a test says: for faults that a real kube-apiserver cannot be made to show. */
export class FakeApiServer {
  readonly ca: Certified;
  readonly received: Received[] = [];
  answer: Answer;
  /** TLS connections accepted so far. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(ca: Certified, answer: Answer) {
    this.ca = ca;
    this.answer = answer;
    const { certificate, key } = serving(ca);
    this.#server = createServer({ cert: certificate, key, requestCert: true, rejectUnauthorized: false });
    this.#server.on('secureConnection', () => this.connections++);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const received: Received = {
          method: request.method ?? '',
          url: request.url ?? '',
          rawHeaders: request.rawHeaders,
          body: Buffer.concat(chunks).toString('utf8'),
          request,
        };
        this.received.push(received);
        this.answer(received, response);
      });
    });
  }

  static async start(answer: Answer): Promise<FakeApiServer> {
    const fake = new FakeApiServer(authority('fake apiserver CA'), answer);
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sockets that are open now. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Breaks every connection. */
  reset(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The values of one header, one per line, in their order. */
export function headerLines(received: Received, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < received.rawHeaders.length; i += 2) {
    if (received.rawHeaders[i]?.toLowerCase() === name.toLowerCase())
      values.push(received.rawHeaders[i + 1] ?? '');
  }
  return values;
}
