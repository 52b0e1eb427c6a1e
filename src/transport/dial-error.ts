import { status, type StatusObject } from '@grpc/grpc-js';
import { MctunnelError, type ErrorCode } from '../errors.ts';
import { fromStatus } from './status.ts';

/** What is known about a dial when it fails. */
export interface DialFacts {
  /** `host:port` as given. */
  readonly address: string;
  readonly host: string;
  /** `host:port` of the proxy, or undefined. */
  readonly proxy: string | undefined;
  /** Milliseconds since 1970. */
  readonly wallNow: () => number;
}

/** An error of a socket or of TLS, by its code, in one line that says what to do. */
export function explainSocketError(error: NodeJS.ErrnoException, facts: DialFacts): MctunnelError {
  const { code, text } = explain(error, facts);
  return new MctunnelError(code, text, { cause: error, hop: 'agent' });
}

/** A call's status that is not OK. `socketError` is what the TLS side noted, if it came so far. */
export function explainStatus(
  received: StatusObject,
  socketError: NodeJS.ErrnoException | undefined,
  facts: DialFacts,
): MctunnelError {
  const said = fromStatus(received);
  if (said !== undefined) return said;
  if (socketError !== undefined) return explainSocketError(socketError, facts);
  const { address, host, proxy } = facts;
  const make = (code: ErrorCode, text: string) =>
    new MctunnelError(code, text, { cause: received, hop: 'agent' });
  if (received.code === status.UNIMPLEMENTED) {
    return make(
      'UPSTREAM_UNREACHABLE',
      `${address} speaks gRPC but is not a hub's tunnel port: check the address`,
    );
  }
  if (received.code === status.DEADLINE_EXCEEDED) return timedOut(facts, 'answer');
  if (received.code === status.RESOURCE_EXHAUSTED) {
    return make(
      'PROTOCOL',
      `a message between the hub at ${address} and this agent was too large: ${received.details}`,
    );
  }
  if (received.details.startsWith('Name resolution failed')) {
    return explainSocketError(Object.assign(new Error(received.details), { code: 'ENOTFOUND' }), facts);
  }
  const [errno] = /\bE[A-Z]{4,}\b/.exec(received.details) ?? [];
  if (errno !== undefined) {
    return explainSocketError(Object.assign(new Error(received.details), { code: errno }), facts);
  }
  const [, httpStatus] = /HTTP status(?: code)?:? (\d{3})/i.exec(received.details) ?? [];
  if (httpStatus !== undefined) {
    return make(
      'UPSTREAM_UNREACHABLE',
      `${address} answered HTTP ${httpStatus}: that is not a hub's tunnel port, or a proxy in between refused`,
    );
  }
  if (proxy !== undefined && received.details.startsWith('No connection established')) {
    return make(
      'UPSTREAM_UNREACHABLE',
      `the proxy ${proxy} could not be reached or refused to connect to ${address}: check HTTPS_PROXY, or except ${host} by NO_PROXY`,
    );
  }
  return make('TUNNEL_LOST', `the connection to the hub at ${address} broke: ${received.details}`);
}

/** `phase`: what was waited for. */
export function timedOut(
  { address }: DialFacts,
  phase: 'connection' | 'TLS handshake' | 'answer',
): MctunnelError {
  const text = {
    connection: `no connection to ${address} in time: check the address, and that no firewall drops it`,
    'TLS handshake': `connected to ${address}, but the TLS handshake was not finished in time: is it the hub's tunnel port?`,
    answer: `connected to the hub at ${address}, but it did not answer in time`,
  }[phase];
  return new MctunnelError('TIMEOUT', text, { hop: 'agent' });
}

function explain(
  error: NodeJS.ErrnoException,
  { address, host, proxy, wallNow }: DialFacts,
): { readonly code: ErrorCode; readonly text: string } {
  const clock = `this machine's clock says ${new Date(wallNow()).toISOString()}`;
  const via = proxy === undefined ? '' : ` through the proxy ${proxy}`;
  const where = proxy ?? address;
  switch (error.code) {
    case 'ECONNREFUSED':
      return unreachable(
        `nothing listens at ${where} (connection refused): check the address and that it runs`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unreachable(`the name in ${where} cannot be resolved: check the address and this machine's DNS`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable(`there is no route to ${where} (${error.code})`);
    case 'ETIMEDOUT':
      return unreachable(
        `no connection to ${where} in time: check the address, and that no firewall drops it`,
      );
    case 'CERT_HAS_EXPIRED':
      return untrusted(
        `the hub's certificate, or its CA's, has expired; ${clock}: renew it at the hub, or set the clock`,
      );
    case 'CERT_NOT_YET_VALID':
      return untrusted(
        `the hub's certificate is not yet valid; ${clock}: set this machine's or the hub's clock`,
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return untrusted(
        `the hub's certificate does not name ${host} (it is for ${altNames(error)}): dial one of those names, or let the hub advertise ${host}`,
      );
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
    case 'CERT_UNTRUSTED':
    case 'INVALID_CA':
    case 'INVALID_PURPOSE':
      return untrusted(
        `the certificate of the hub at ${address} is not vouched for by the CA that this agent trusts (${error.code}): give the hub's CA, or its hash`,
      );
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return unreachable(`${address} does not speak TLS: is it the hub's tunnel port?`);
    case 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL':
    case 'ERR_MCTUNNEL_NO_HTTP2':
      return unreachable(`${address} does not speak HTTP/2: is it the hub's tunnel port?`);
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return unreachable(`${address} and this agent have no version of TLS in common`);
    case 'ECONNRESET':
    case 'EPIPE':
      return unreachable(
        `${address} closed the connection during the handshake${via}: is it the hub's tunnel port?`,
      );
    default:
      return unreachable(`no connection to the hub at ${address}${via}: ${error.code ?? error.message}`);
  }
}

const unreachable = (text: string) => ({ code: 'UPSTREAM_UNREACHABLE', text }) as const;
const untrusted = (text: string) => ({ code: 'UNAUTHENTICATED', text }) as const;

function altNames(error: Error): string {
  const { cert } = error as { readonly cert?: { readonly subjectaltname?: string } };
  return cert?.subjectaltname?.slice(0, 256) ?? 'no name at all';
}
