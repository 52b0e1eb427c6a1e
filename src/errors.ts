/** Whether a request that failed may have reached its destination. */
export type Delivered = 'no' | 'unknown';

/** The process that made an answer: the header `Mctunnel-Hop`. */
export type Hop = 'hub' | 'agent';

interface ErrorRow {
  /** Number of this code in a Reset frame. Never reused, never renumbered. */
  readonly wire: number;
  /** HTTP status of the answer. 499 marks a client that went away: nobody reads it. */
  readonly http: number;
  /** `reason` of the Kubernetes Status (apimachinery, meta/v1 StatusReason). */
  readonly reason: string;
  /** gRPC status code (google.rpc.Code). */
  readonly grpc: number;
}

const ROWS = {
  BAD_REQUEST: { wire: 1, http: 400, reason: 'BadRequest', grpc: 3 },
  UNAUTHENTICATED: { wire: 2, http: 401, reason: 'Unauthorized', grpc: 16 },
  FORBIDDEN: { wire: 3, http: 403, reason: 'Forbidden', grpc: 7 },
  /** Refused by the agent's policy. */
  POLICY_DENIED: { wire: 4, http: 403, reason: 'Forbidden', grpc: 7 },
  /** Never used under /proxy: client-go would read it as "your object is gone". */
  NOT_FOUND: { wire: 5, http: 404, reason: 'NotFound', grpc: 5 },
  METHOD_NOT_ALLOWED: { wire: 6, http: 405, reason: 'MethodNotAllowed', grpc: 12 },
  NOT_ACCEPTABLE: { wire: 7, http: 406, reason: 'NotAcceptable', grpc: 3 },
  ALREADY_EXISTS: { wire: 8, http: 409, reason: 'AlreadyExists', grpc: 6 },
  CONFLICT: { wire: 9, http: 409, reason: 'Conflict', grpc: 10 },
  EXPIRED: { wire: 10, http: 410, reason: 'Expired', grpc: 9 },
  TOO_LARGE: { wire: 11, http: 413, reason: 'RequestEntityTooLarge', grpc: 8 },
  UNSUPPORTED_MEDIA_TYPE: { wire: 12, http: 415, reason: 'UnsupportedMediaType', grpc: 3 },
  INVALID: { wire: 13, http: 422, reason: 'Invalid', grpc: 3 },
  TOO_MANY_REQUESTS: { wire: 14, http: 429, reason: 'TooManyRequests', grpc: 8 },
  INTERNAL: { wire: 15, http: 500, reason: 'InternalError', grpc: 13 },
  /** The authoriser or TokenReview could not be asked: never cached, never read as a denial. */
  REVIEW_FAILED: { wire: 16, http: 500, reason: 'InternalError', grpc: 14 },
  CLUSTER_NOT_FOUND: { wire: 17, http: 503, reason: 'ServiceUnavailable', grpc: 14 },
  CLUSTER_DISCONNECTED: { wire: 18, http: 503, reason: 'ServiceUnavailable', grpc: 14 },
  /** This replica is shutting down; nothing was sent. */
  DRAINING: { wire: 19, http: 503, reason: 'ServiceUnavailable', grpc: 14 },
  /** The destination refused the connection or could not be reached. */
  UPSTREAM_UNREACHABLE: { wire: 20, http: 502, reason: 'BadGateway', grpc: 14 },
  /** The destination's connection broke after the request was sent, before the answer ended. */
  UPSTREAM_LOST: { wire: 21, http: 502, reason: 'BadGateway', grpc: 14 },
  /** The gRPC call that carried the stream ended. */
  TUNNEL_LOST: { wire: 22, http: 502, reason: 'BadGateway', grpc: 14 },
  /** The other end broke the rules of HTTP or of the tunnel. */
  PROTOCOL: { wire: 23, http: 502, reason: 'BadGateway', grpc: 13 },
  FLOW_CONTROL: { wire: 24, http: 502, reason: 'BadGateway', grpc: 13 },
  REDIRECT_REFUSED: { wire: 25, http: 502, reason: 'BadGateway', grpc: 14 },
  /** The other end does not know the Open's protocol. */
  UNSUPPORTED: { wire: 26, http: 502, reason: 'BadGateway', grpc: 12 },
  /** No answer head in time. */
  TIMEOUT: { wire: 27, http: 504, reason: 'Timeout', grpc: 4 },
  /** Bytes waited for 15 minutes and none moved. */
  STALLED: { wire: 28, http: 504, reason: 'Timeout', grpc: 4 },
  /** The client went away. */
  CANCELLED: { wire: 29, http: 499, reason: 'Cancelled', grpc: 1 },
  /** A service in the cluster is not there, has nothing that is ready, or cannot be looked up. */
  NO_ENDPOINTS: { wire: 30, http: 503, reason: 'ServiceUnavailable', grpc: 14 },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ROWS;

/** One row per code: HTTP status, Kubernetes reason, gRPC status, number on the tunnel's wire. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = ROWS;

const byWire = new Map<number, ErrorCode>(
  (Object.keys(ROWS) as ErrorCode[]).map((code) => [ROWS[code].wire, code]),
);

/** The code of a Reset frame's number; an unknown number (a newer peer) is INTERNAL. */
export function codeFromWire(wire: number): ErrorCode {
  return byWire.get(wire) ?? 'INTERNAL';
}

/** What is wrong with one field of an object: a StatusCause of Kubernetes. */
export interface FieldFault {
  /** `spec.limits.maxInFlight` */
  readonly field: string;
  /** CauseType of Kubernetes: FieldValueInvalid, FieldValueRequired, … */
  readonly reason: string;
  /** Without the field: `Invalid value: 0: …`. */
  readonly message: string;
}

export interface MctunnelErrorOptions {
  /** With INVALID: every fault of the object. */
  readonly faults?: readonly FieldFault[];
  /** For logs only, never shown to a caller. */
  readonly cause?: unknown;
  /** Default `no`. */
  readonly delivered?: Delivered;
  /** Where it was made; default `hub`. */
  readonly hop?: Hop;
  /** `reason` of a StatusCause, for instance `ClusterDisconnected`. */
  readonly statusCause?: string;
  /** Seconds for `Retry-After`. Only when nothing was delivered and recovery is near. */
  readonly retryAfterSeconds?: number;
}

/** The one error class. `message` is safe to show to a caller; `cause` is for logs. */
export class MctunnelError extends Error {
  readonly code: ErrorCode;
  readonly delivered: Delivered;
  readonly hop: Hop;
  readonly statusCause: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly faults: readonly FieldFault[];

  constructor(code: ErrorCode, message: string, options: MctunnelErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MctunnelError';
    this.code = code;
    this.delivered = options.delivered ?? 'no';
    this.hop = options.hop ?? 'hub';
    this.statusCause = options.statusCause;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.faults = options.faults ?? [];
  }

  /** Wraps anything thrown; an MctunnelError passes unchanged. The wrapped message is not shown to callers. */
  static from(thrown: unknown, code: ErrorCode = 'INTERNAL', message = 'internal error'): MctunnelError {
    return thrown instanceof MctunnelError ? thrown : new MctunnelError(code, message, { cause: thrown });
  }
}
