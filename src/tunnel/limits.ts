import type { SessionLimits } from './session-options.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Version of the protocol that this code speaks. */
export const PROTOCOL_VERSION = 1;

/** Encoded Batch, with gRPC's prefix of 5 bytes. */
export const MAX_MESSAGE_BYTES = 64 * KIB;
export const GRPC_PREFIX_BYTES = 5;
export const MAX_BATCH_BYTES = MAX_MESSAGE_BYTES - GRPC_PREFIX_BYTES;
/** A Batch that holds one frame only, an Open, Head or Trailers, may be this long. */
export const MAX_SINGLE_FRAME_BATCH_BYTES = 128 * KIB;
/** The connection's own fields of a Batch (acknowledged, Ping, Pong, GoAwayAck) take at most this. */
export const CONNECTION_FIELDS_BYTES = 32;
export const MAX_LONG_FRAME_BYTES = MAX_SINGLE_FRAME_BATCH_BYTES - CONNECTION_FIELDS_BYTES;
/** Payload of one stream in one turn of the round robin: two turns fill a Batch. */
export const TURN_BYTES = 32 * KIB - 64;

/** A receive window at the opening of a stream: a 64th of what is free, within these. */
export const MIN_WINDOW_BYTES = 16 * KIB;
export const MAX_FIRST_WINDOW_BYTES = 256 * KIB;
/** Windows grow up to here. */
export const MAX_WINDOW_BYTES = 16 * MIB;

export const DEFAULT_PROCESS_BUDGET_BYTES = 1024 * MIB;

export const DEFAULT_LIMITS: SessionLimits = {
  maxStreams: 16_384,
  initialWindowBytes: MIN_WINDOW_BYTES,
  connectionBudgetBytes: 256 * MIB,
  pingIntervalMs: 15_000,
  handshakeTimeoutMs: 10_000,
  stallTimeoutMs: 15 * 60_000,
};

/** Dead after this many ping intervals without a byte. */
export const DEAD_AFTER_INTERVALS = 3;
/** A probed session is dead without a byte for this long. */
export const PROBE_TIMEOUT_MS = 5_000;
export const MAX_PINGS_PER_SECOND = 10;

/** Past this id a new connection is asked for; uint32 ends at twice that. */
export const SOFT_LAST_STREAM_ID = 2 ** 31;
export const HARD_LAST_STREAM_ID = 2 ** 32 - 1;
