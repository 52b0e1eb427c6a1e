import {
  createConfiguration,
  ResponseContext,
  ServerConfiguration,
  wrapHttpLibrary,
  type ApiConstructor,
  type ApiType,
  type RequestContext,
} from '@kubernetes/client-node';
import { MctunnelError } from '../errors.ts';
import type { KubeContext } from './kubeconfig.ts';
import { RawClient, type KubeClientOptions } from './raw-client.ts';

/** One API server: typed clients and the raw one share connections and credentials. */
export interface KubeClient {
  readonly context: KubeContext;
  readonly raw: RawClient;
  /** A typed client of client-node, `api(CoreV1Api)`. Its errors are client-node's ApiException, or MctunnelError as `RawClient.request`. */
  api<T extends ApiType>(constructor: ApiConstructor<T>): T;
  /** Ends every request at once. */
  close(): Promise<void>;
}

/** Largest answer that a typed call reads: a list of 10,000 registrations fits several times. */
const MAX_TYPED_ANSWER_BYTES = 128 * 1024 * 1024;

/** Reads the credential (throws MctunnelError INVALID when it cannot be used); connects to nothing yet. */
export async function createKubeClient(
  context: KubeContext,
  options: KubeClientOptions = {},
): Promise<KubeClient> {
  const raw = new RawClient(context, options);
  await raw.connect();
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(new URL(context.server).origin, {}),
    // client-node's own library makes a connection pool, and so a TLS handshake, for every call.
    httpApi: wrapHttpLibrary({ send: (request) => send(raw, request) }),
    authMethods: {},
  });
  return {
    context,
    raw,
    api: (constructor) => new constructor(configuration),
    close: () => raw.close(),
  };
}

async function send(raw: RawClient, request: RequestContext): Promise<ResponseContext> {
  const url = new URL(request.getUrl());
  const body: unknown = request.getBody();
  if (body !== undefined && typeof body !== 'string') {
    throw new MctunnelError('INTERNAL', `a call to ${url.pathname} has a body that is not JSON`);
  }
  const signal = request.getSignal();
  const answer = await raw.request({
    method: request.getHttpMethod(),
    path: url.pathname + url.search,
    headers: Object.entries(request.getHeaders()).flat(),
    ...(body !== undefined && { body }),
    ...(signal !== undefined && { signal }),
  });
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < answer.headers.length; i += 2) {
    headers[(answer.headers[i] ?? '').toLowerCase()] = answer.headers[i + 1] ?? '';
  }
  return new ResponseContext(answer.status, headers, {
    text: () => answer.text(MAX_TYPED_ANSWER_BYTES),
    binary: async () => Buffer.from(await answer.text(MAX_TYPED_ANSWER_BYTES)),
    stream: () => null,
  });
}
