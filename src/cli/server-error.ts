import { X509Certificate } from 'node:crypto';
import { MctunnelError, type ErrorCode } from '../errors.ts';
import type { KubeContext } from '../kube/index.ts';
import { formatDate } from '../lib/format-date.ts';
import { headerValue } from '../lib/headers.ts';

/** A Kubernetes Status, as far as it is shown. */
interface StatusBody {
  readonly reason?: string;
  readonly message?: string;
}

/** What a command tells apart. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  410: 'EXPIRED',
  422: 'INVALID',
  429: 'TOO_MANY_REQUESTS',
};

export interface RefusedAnswer {
  readonly context: Pick<KubeContext, 'server' | 'origin'>;
  readonly status: number;
  /** Name, value, … */
  readonly headers: readonly string[];
  readonly text: string;
  /** PEM, where the caller has one. */
  readonly clientCertificate: string | undefined;
  /** Wall-clock milliseconds. */
  readonly nowMs: number;
}

/** An answer that is no 2xx, as kubectl shows it (`Error from server (Forbidden): …`), and what to do where a hub's user can do something about it. */
export function serverError(answer: RefusedAnswer): MctunnelError {
  const { status, headers, text } = answer;
  const body = statusOf(text);
  const retryAfter = headerValue(headers, 'retry-after') ?? '';
  const options = { ...(/^\d{1,6}$/.test(retryAfter) && { retryAfterSeconds: Number(retryAfter) }) };
  if (body === undefined && status === 404) return new MctunnelError('UNSUPPORTED', noHub(answer));
  return new MctunnelError(CODES[status] ?? 'INTERNAL', wordsOf(answer, body), options);
}

/** undefined: an answer of something else. */
function statusOf(text: string): StatusBody | undefined {
  try {
    const body = JSON.parse(text) as Partial<Record<'reason' | 'message', unknown>> | null;
    if (body === null || typeof body !== 'object') return undefined;
    return {
      ...(typeof body.reason === 'string' && { reason: body.reason }),
      ...(typeof body.message === 'string' && { message: body.message }),
    };
  } catch {
    return undefined;
  }
}

function wordsOf(answer: RefusedAnswer, body: StatusBody | undefined): string {
  const { status, context, text } = answer;
  const plain = text.trim().replaceAll(/\s+/g, ' ').slice(0, 500);
  if (status === 401) return unauthorized(answer);
  if (status === 503 && body?.message === undefined) {
    // The API server before an aggregated hub that it cannot reach answers in plain text.
    const said = plain === '' ? '' : ` ("${plain}")`;
    return `Error from server (ServiceUnavailable): the server is currently unable to handle the request: ${context.server} does not reach the hub${said}; look at "kubectl get apiservice v1.gateway.mctunnel.io" and at the hub's pods`;
  }
  return `Error from server (${body?.reason ?? `HTTP ${status}`}): ${body?.message ?? (plain || 'no message')}`;
}

function unauthorized({ context, clientCertificate, nowMs }: RefusedAnswer): string {
  const words = 'error: You must be logged in to the server (Unauthorized)';
  const end =
    clientCertificate === undefined ? undefined : new X509Certificate(clientCertificate).validToDate;
  if (end === undefined || end.getTime() > nowMs) {
    return `${words}: ${context.server} does not know the credential in ${context.origin}; take a new one`;
  }
  return `${words}: the client certificate in ${context.origin} expired at ${formatDate(end)}; take a new kubeconfig (a standalone hub keeps a fresh admin.kubeconfig in its data folder)`;
}

/** A hub and an API server with a hub answer with a Status; `404 page not found` is an API server that knows nothing of mctunnel. */
function noHub({ context }: RefusedAnswer): string {
  return `no mctunnel hub answers at ${context.server}: ${context.origin} is for a cluster without one, or for a cluster behind the hub; give the hub's own (--kubeconfig, --context)`;
}
