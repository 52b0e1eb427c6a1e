import { Metadata, type ServerErrorResponse, type StatusObject } from '@grpc/grpc-js';
import { ERRORS, MctunnelError, type ErrorCode } from '../errors.ts';

// Trailers by which an error crosses a gRPC status unchanged: several of our codes share one of gRPC's.
const CODE_KEY = 'mctunnel-code';
const RETRY_AFTER_KEY = 'mctunnel-retry-after';
/** grpc-message is percent-encoded into a header: keep that well under HTTP/2's usual 64 KiB. */
const MAX_MESSAGE_CHARS = 1024;

/** The status with which the server ends a call. */
export function toStatus(
  error: MctunnelError,
): Pick<ServerErrorResponse, 'code' | 'details' | 'metadata'> & Error {
  const metadata = new Metadata();
  metadata.set(CODE_KEY, error.code);
  if (error.retryAfterSeconds !== undefined) metadata.set(RETRY_AFTER_KEY, String(error.retryAfterSeconds));
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the table holds google.rpc.Code's numbers, which are grpc-js' enum
  return Object.assign(new Error(error.message), {
    code: ERRORS[error.code].grpc,
    // encodeURI, which grpc-js uses, throws on a lone surrogate.
    details: error.message.slice(0, MAX_MESSAGE_CHARS).toWellFormed(),
    metadata,
  });
}

/** The hub's own words in a status; undefined when the status was made by gRPC, a proxy or the network. */
export function fromStatus(received: Partial<StatusObject>): MctunnelError | undefined {
  const [code] = received.metadata?.get(CODE_KEY) ?? [];
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) return undefined;
  const [retryAfter] = received.metadata?.get(RETRY_AFTER_KEY) ?? [];
  const retryAfterSeconds =
    typeof retryAfter === 'string' && /^\d{1,5}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return new MctunnelError(
    code as ErrorCode,
    (received.details ?? '').slice(0, MAX_MESSAGE_CHARS),
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  );
}
