/**
 * The wire's messages as plain objects, in the shape of the generated code (docs/protocol.md, proto/): an object of these types can be given to
 * its `encode`, and what it decodes can be read as one. An absent message or oneof member is `null` or missing, a `number` is a uint32.
 */
export interface Batch {
  hello?: HelloMessage | null;
  welcome?: WelcomeMessage | null;
  ping?: NonceMessage | null;
  pong?: NonceMessage | null;
  goAway?: GoAwayMessage | null;
  goAwayAck?: EmptyMessage | null;
  /** Payload bytes that arrived since the last one. */
  acknowledged?: number | null;
  frames?: Frame[] | null;
}

/** One member of `data` to `stop` is set; none only together with `fin`. */
export interface Frame {
  stream?: number | null;
  /** Last of this direction. */
  fin?: boolean | null;
  data?: Uint8Array | null;
  credit?: number | null;
  open?: OpenMessage | null;
  head?: HeadMessage | null;
  trailers?: TrailersMessage | null;
  reset?: ResetMessage | null;
  stop?: EmptyMessage | null;
}

export interface HelloMessage {
  versions?: number[] | null;
  agentVersion?: string | null;
  instanceId?: string | null;
  clusterUid?: string | null;
  capabilities?: string[] | null;
  maxStreams?: number | null;
  initialWindow?: number | null;
}

export interface WelcomeMessage {
  version?: number | null;
  hubId?: string | null;
  replicas?: number | null;
  cluster?: string | null;
  maxStreams?: number | null;
  initialWindow?: number | null;
  pingIntervalMs?: number | null;
}

export interface NonceMessage {
  nonce?: number | null;
}

export type EmptyMessage = object;

export interface GoAwayMessage {
  code?: number | null;
  message?: string | null;
  lastStream?: number | null;
  retryAfterMs?: number | null;
}

export interface OpenMessage {
  protocol?: string | null;
  target?: string | null;
  method?: string | null;
  path?: string | null;
  headers?: string[] | null;
  identity?: IdentityMessage | null;
  window?: number | null;
  deadlineMs?: number | null;
  traceparent?: string | null;
  auditId?: string | null;
}

export interface IdentityMessage {
  user?: string | null;
  uid?: string | null;
  groups?: string[] | null;
  extra?: ExtraMessage[] | null;
}

export interface ExtraMessage {
  key?: string | null;
  values?: string[] | null;
}

export interface HeadMessage {
  status?: number | null;
  headers?: string[] | null;
}

export interface TrailersMessage {
  headers?: string[] | null;
}

export interface ResetMessage {
  code?: number | null;
  message?: string | null;
  /** 0 unknown, 1 no. */
  delivered?: number | null;
}

/** A Batch of nothing: all fields, always in this order, so that the engine sees one shape. */
export function blankBatch(): Batch {
  return {
    hello: null,
    welcome: null,
    ping: null,
    pong: null,
    goAway: null,
    goAwayAck: null,
    acknowledged: 0,
    frames: null,
  };
}

export function blankFrame(stream: number, fin: boolean): Frame {
  return {
    stream,
    fin,
    data: null,
    credit: null,
    open: null,
    head: null,
    trailers: null,
    reset: null,
    stop: null,
  };
}
