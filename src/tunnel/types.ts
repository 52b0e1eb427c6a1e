import type { MctunnelError } from '../errors.ts';

/** The hub opens odd stream ids, the agent even ones. */
export type Role = 'hub' | 'agent';

/**
 * Headers as they stand on the wire: name, value, name, value…, latin1 (one char is one byte), in their order,
 * repeated lines apart. At most 64 KiB per stream, names and values valid by RFC 9110.
 */
export type FlatHeaders = readonly string[];

/** Who asks, as the hub authenticated them. Values are Unicode strings. */
export interface Identity {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  /** Keys are lower case, as Kubernetes' UserInfo.extra. */
  readonly extra: readonly { readonly key: string; readonly values: readonly string[] }[];
}

/** Opens a stream. */
export interface Open {
  /** `http`, `tcp`, `report` or a registered name. */
  readonly protocol: string;
  /** What the adapter should reach: `apiserver` for `http`; an adapter's own syntax otherwise. */
  readonly target: string;
  /** HTTP method; empty where it makes no sense. */
  readonly method: string;
  /** Canonically encoded path with its query, `/api/v1/pods?limit=5`. */
  readonly path: string;
  readonly headers: FlatHeaders;
  readonly identity: Identity | undefined;
  /** Milliseconds from the end of the request until a response head must have come; 0 means none (watches, upgrades). */
  readonly deadlineMs: number;
  /** W3C `traceparent`, or empty. */
  readonly traceparent: string;
  /** Kubernetes Audit-ID, or empty. */
  readonly auditId: string;
}

/** The accepter's answer. `http`: the final response head; `tcp`: connected (status 0). */
export interface Head {
  readonly status: number;
  readonly headers: FlatHeaders;
}

/**
 * What a stream tells its user. All are called synchronously from the session's dispatch, in the order Head, data, end;
 * none after `error`. A direction whose `fin` was received is delivered in full before an `error` that follows it.
 * They must not throw (a throw resets the stream with INTERNAL).
 */
export interface StreamHandlers {
  /** Opener only, at most once, before any data. */
  head?(head: Head): void;
  /**
   * Bytes of the peer. Hand them on, then `stream.take(chunk.length)` once they are *taken* (the sink's `write()` returned true,
   * or its `drain`). The chunk may be a slice of a whole Batch: keep a copy, not the slice, of what must wait.
   */
  data(chunk: Uint8Array): void;
  /** The peer finished its direction (half-close). The other direction lives on. */
  end(trailers: FlatHeaders): void;
  /** `write` returned false and the queue is below its mark again. */
  drain?(): void;
  /** The peer reads no more: what was queued is dropped, `fin` is sent for us; writes from now on are ignored. */
  stop?(): void;
  /** The Batch in which head, data or end came is dispatched: time to write what was gathered in one piece. */
  flush?(): void;
  /** The stream ended with an error: Reset by the peer, or the connection is gone. Terminal. */
  error(error: MctunnelError): void;
  /** Both directions are over, or `error`/`reset` ended the stream. Called exactly once, last. */
  close?(): void;
}

export interface Stream {
  /** 0 until its Open was encoded. */
  readonly id: number;
  /** Bytes queued here and not yet handed to the connection. */
  readonly queuedBytes: number;
  /**
   * Accepter only: answers. What was written before it waits for it. Throws MctunnelError PROTOCOL when called twice; ignored after the end of the stream.
   * A malformed head, or one of more than 64 KiB, ends the stream with PROTOCOL on both sides (`error` is called).
   */
  sendHead(head: Head): void;
  /** Queues bytes (by reference: the caller must not change them). False: wait for `drain`. Ignored after `end`, `stop`, or the stream's end. */
  write(chunk: Uint8Array): boolean;
  /** Finishes our direction, after what is queued. `trailers` may be empty. */
  end(trailers?: FlatHeaders): void;
  /**
   * Gives credit back for bytes that are consumed. Also after `end` and `close`: what a slow sink still holds counts against the tunnel's
   * memory until it is taken, or given up with `reset`.
   */
  take(bytes: number): void;
  /** From now on `data` (and `end`) wait inside the stream, bounded by the window, until `resume`. */
  pause(): void;
  resume(): void;
  /** "I read no more from you." Neither `data` nor `end` is called from now on. Our own direction goes on. */
  stop(): void;
  /** Aborts what is not finished, both ways. Queued bytes are dropped, bytes not yet taken are given back; no handler but `close` is called. */
  reset(error: MctunnelError): void;
  /**
   * As `reset`, once everything that is queued has been sent (RESET_STREAM_AT of QUIC): the peer gets what came before the error. What it still sends is
   * dropped; writes from now on are ignored.
   */
  resetAtEnd(error: MctunnelError): void;
}

/** Chosen by the accepting side for each Open; undefined refuses with UNSUPPORTED. */
export type Accept = (open: Open, stream: Stream) => StreamHandlers | undefined;

/** The agent's first message. The cluster's name is not here: it comes from the certificate. */
export interface Hello {
  readonly versions: readonly number[];
  readonly agentVersion: string;
  /** Random per agent process: the same again replaces the old session at once. */
  readonly instanceId: string;
  /** uid of the member's `kube-system` namespace; empty when unknown. */
  readonly clusterUid: string;
  readonly capabilities: readonly string[];
  readonly maxStreams: number;
  readonly initialWindowBytes: number;
}

/** The hub's first message. */
export interface Welcome {
  readonly version: number;
  readonly hubId: string;
  readonly replicas: number;
  /** As authenticated. */
  readonly cluster: string;
  readonly maxStreams: number;
  readonly initialWindowBytes: number;
  readonly pingIntervalMs: number;
}

/** One end of a connection, as gateway, registry and upstream see it. */
export interface Session {
  readonly role: Role;
  /** `handshaking` → `open` → `draining` (either side said GoAway) → `closed`. */
  readonly state: 'handshaking' | 'open' | 'draining' | 'closed';
  /** The agent's Hello on the hub, once open. */
  readonly hello: Hello | undefined;
  /** The hub's Welcome on the agent, once open. */
  readonly welcome: Welcome | undefined;
  /** Streams that are not over, of both sides. */
  readonly streamCount: number;
  /** Minimum of the last minute's samples in milliseconds; undefined before the first Pong. */
  readonly roundTripMs: number | undefined;
  /**
   * Opens a stream. Throws MctunnelError: TUNNEL_LOST (closed), DRAINING, TOO_MANY_REQUESTS (max streams), BAD_REQUEST (headers over
   * 64 KiB or malformed). An `end()` or `write()` in the same turn of the event loop rides in the same Batch.
   */
  open(open: Open, handlers: StreamHandlers): Stream;
  /** Pings now; without a byte within 5 s the session is over (TUNNEL_LOST). For a session that another one seems to have replaced. */
  probe(): void;
  /** GoAway(DRAIN): no new streams; resolves when the open ones are over or the session is closed. */
  drain(retryAfterMs: number): Promise<void>;
  /** Ends at once; every stream gets `error`. Idempotent. */
  abort(error: MctunnelError): void;
}
