/** An HTTP client that hides nothing: every status, every header, and how an answer ended. */
import { once } from 'node:events';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:tls';
import type { User } from '../kubernetes/index.ts';

/** Where requests go. */
export interface Server {
  readonly port: number;
  /** PEM of the CA that the server is verified by. */
  readonly ca: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Whose client certificate or token is shown; undefined: nobody's. */
  readonly user?: User | undefined;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** `whole`: to its announced or chunked end; `aborted`: the connection broke before. */
  readonly end: 'whole' | 'aborted';
}

/** An answer whose head is here and whose body still comes. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What of the body came so far. */
  readonly text: string;
  /** Resolves with the whole of it, however it ends. */
  readonly ended: Promise<Answer>;
  /** The client leaves. */
  readonly leave: () => void;
}

/** Sends a request on a connection of its own, and waits for the end of its answer. Rejects when no answer's head came. */
export async function call(server: Server, path: string, options: CallOptions = {}): Promise<Answer> {
  return (await begin(server, path, options)).ended;
}

/** As `call`; resolves with the head of the answer. */
export async function begin(server: Server, path: string, options: CallOptions = {}): Promise<OpenAnswer> {
  const request = send(server, path, options);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => undefined);
  const { statusCode: status = 0, headers } = response;
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  response.on('error', () => undefined);
  const ended = new Promise<Answer>((resolve) => {
    response.once('close', () =>
      resolve({ status, headers, body: text, end: response.complete ? 'whole' : 'aborted' }),
    );
  });
  return {
    status,
    headers,
    get text() {
      return text;
    },
    ended,
    leave: () => void request.destroy(),
  };
}

function send(server: Server, path: string, options: CallOptions): ClientRequest {
  const { user, body } = options;
  const credentials = user?.credentials;
  const request = httpsRequest({
    host: '127.0.0.1',
    port: server.port,
    ca: server.ca,
    agent: false,
    method: options.method ?? 'GET',
    path,
    headers: {
      ...(credentials !== undefined &&
        'token' in credentials && { authorization: `Bearer ${credentials.token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(credentials !== undefined &&
      'certificate' in credentials && { cert: credentials.certificate, key: credentials.key }),
  });
  request.end(body);
  return request;
}

/** Sends bytes as they are, and gives back all that comes until the server ends the connection. */
export async function sendRaw(server: Server, text: string, user?: User): Promise<string> {
  const credentials = user?.credentials;
  const socket = connect({
    host: '127.0.0.1',
    port: server.port,
    ca: server.ca,
    ALPNProtocols: ['http/1.1'],
    ...(credentials !== undefined &&
      'certificate' in credentials && { cert: credentials.certificate, key: credentials.key }),
  });
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'secureConnect');
  socket.write(text, 'latin1');
  await closed;
  return received;
}

/** The first answer in what `sendRaw` received. */
export function parseAnswer(received: string): Answer {
  const at = received.indexOf('\r\n\r\n');
  const [first = '', ...lines] = received.slice(0, at < 0 ? undefined : at).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const length = Number(headers['content-length'] ?? 0);
  const body = at < 0 ? '' : received.slice(at + 4, at + 4 + length);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? 0);
  return { status, headers, body, end: body.length === length ? 'whole' : 'aborted' };
}
