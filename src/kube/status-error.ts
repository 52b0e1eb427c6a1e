import { MctunnelError, type ErrorCode, type FieldFault } from '../errors.ts';

interface StatusBody {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: {
    readonly causes?: readonly {
      readonly field?: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  410: 'EXPIRED',
  413: 'TOO_LARGE',
  422: 'INVALID',
  429: 'TOO_MANY_REQUESTS',
};

function parse(text: string): StatusBody {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    // Not every error of an API server is a Status: some are text.
    return {};
  }
}

/** An API server's failure as our error: its words, its code where it says something to the caller, INTERNAL otherwise. */
export function errorOfStatus(httpStatus: number, text: string): MctunnelError {
  const { reason, message, details } = parse(text);
  const code: ErrorCode = reason === 'AlreadyExists' ? 'ALREADY_EXISTS' : (CODES[httpStatus] ?? 'INTERNAL');
  const words =
    typeof message === 'string' && message !== ''
      ? message
      : `the API server answered ${httpStatus}: ${text.slice(0, 256)}`;
  const faults: FieldFault[] = (details?.causes ?? []).map((cause) => ({
    field: cause.field ?? '',
    reason: cause.reason ?? '',
    message: cause.message ?? '',
  }));
  return new MctunnelError(code, words, { faults });
}
