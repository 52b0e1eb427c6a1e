import type { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { BatchTransport } from './batch-transport.ts';
import type { Batch } from './frame.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Accept, Hello, Session, Welcome } from './types.ts';

/** Bounds of one session. Each has a default (limits.ts). */
export interface SessionLimits {
  /** Streams that the other side may hold open towards us. Default 16,384 with `accept`, else 0. */
  readonly maxStreams: number;
  /** Bytes that the other side may send on a stream before any credit. Default 16 KiB. `maxStreams` × this must fit into `connectionBudgetBytes`. */
  readonly initialWindowBytes: number;
  /** Received bytes, headers and granted windows of all streams together. Default 256 MiB. */
  readonly connectionBudgetBytes: number;
  /** Between two Pings. The hub tells it to the agent in Welcome. Default 15 s; dead after three of them without a byte. */
  readonly pingIntervalMs: number;
  /** Until Hello, or Welcome, must have come. Default 10 s. */
  readonly handshakeTimeoutMs: number;
  /** A stream with bytes waiting and none moving for this long is reset. Default 15 minutes. */
  readonly stallTimeoutMs: number;
}

/** What the agent says of itself; the rest of Hello follows from the limits. */
export type HelloFacts = Pick<Hello, 'agentVersion' | 'instanceId' | 'clusterUid' | 'capabilities'>;

/** What the hub says of itself; the rest of Welcome follows from the limits. */
export type WelcomeFacts = Pick<Welcome, 'hubId' | 'replicas' | 'cluster'>;

/** Why no new streams are taken. `exhausted`: ids ran past 2³¹; until a new connection is there, `open` still works on this one. */
export type DrainCause = 'asked' | 'exhausted';

interface CommonOptions {
  readonly clock: Clock;
  readonly transport: BatchTransport;
  /** Chooses handlers for the streams of the other side. Without it `maxStreams` is announced as 0. */
  readonly accept?: Accept;
  readonly limits?: Partial<SessionLimits>;
  /** Shared by all sessions of the process. Default: one of its own, as large as the connection's. */
  readonly processBudget?: MemoryBudget;
  /** Id of the first stream that this side opens. Default 1 (hub), 2 (agent). Only tests set it. */
  readonly firstStreamId?: number;
  /** The handshake is done. */
  readonly onOpen?: () => void;
  /** The other side said GoAway(DRAIN), or the ids of one side run out: dial another connection. */
  readonly onDraining?: (retryAfterMs: number, cause: DrainCause) => void;
  /** Exactly once, last. `reason` is TUNNEL_LOST, DRAINING after an orderly end, or what `abort` or the other side's GoAway gave. */
  readonly onClosed?: (reason: MctunnelError) => void;
}

export interface AgentSessionOptions extends CommonOptions {
  readonly role: 'agent';
  readonly hello: HelloFacts;
}

export interface HubSessionOptions extends CommonOptions {
  readonly role: 'hub';
  /**
   * Answers Hello, whose versions were checked. Throwing (or rejecting with) an MctunnelError refuses with a GoAway of its code and message;
   * DRAINING with `retryAfterSeconds` sends the agent elsewhere.
   */
  readonly welcome: (hello: Hello) => MaybePromise<WelcomeFacts>;
}

export type SessionOptions = AgentSessionOptions | HubSessionOptions;

/** A Session with its lower side, for the transport and its owner. */
export interface TunnelSession extends Session {
  /** A decoded message and its encoded size. Never throws: a bad one ends the session. */
  receive(batch: Batch, byteLength: number): void;
  /** The message could not be decoded, or was too long for the transport: ends the session with a GoAway. */
  receiveFailed(error: unknown): void;
  /** The call below ended. Every stream ends with TUNNEL_LOST. */
  transportClosed(cause?: unknown): void;
  /** Asks for a sign of life now: without a byte within 5 s the session is dead. */
  probe(): void;
  /** Bytes queued in all streams and not yet handed to the transport. */
  readonly queuedBytes: number;
  /** Bytes granted or held for receiving, headers included: at most the connection's budget. */
  readonly reservedBytes: number;
  /** Payload bytes sent and not yet acknowledged. */
  readonly inFlightBytes: number;
}
