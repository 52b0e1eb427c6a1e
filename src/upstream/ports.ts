import type { Delivered, MctunnelError } from '../errors.ts';
import type { RequestInfo } from '../lib/request-info.ts';
import type { Identity } from '../tunnel/index.ts';

/**
 * One stream that the hub opened towards this cluster, as the agent's audit wants it. Filled in while it lives: read it inside the call, keep nothing
 * of it.
 */
export interface UpstreamRecord {
  /** Of the hub; also in the API server's own audit log. */
  readonly auditId: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly cluster: string;
  /** `http`, `service` or `tcp`. */
  readonly protocol: string;
  /** `apiserver`, or `NAMESPACE/SCHEME:NAME:PORT`. */
  readonly target: string;
  /** Who asks, by the hub's word. */
  readonly identity: Identity | undefined;
  /** Whom they are here; undefined: the mapping refused them. */
  readonly mapped: { readonly user: string; readonly groups: readonly string[] } | undefined;
  readonly method: string;
  /** Attributes as this cluster's API server sees them; undefined: its path was refused, or it goes to a service. */
  readonly inner: RequestInfo | undefined;
  /** Decoded, without the query; empty: refused, or a raw connection. */
  readonly path: string;
  readonly isUpgrade: boolean;
  /** `forbid`: refused by this agent (its policy, its mapping, its rules of form, the review for a service) before anything was reached. */
  readonly decision: 'allow' | 'forbid';
  /** Of the cluster's answer; 0 while there is none. */
  readonly status: number;
  /** `yes`: it answered. */
  readonly delivered: Delivered | 'yes';
  /** Bytes of body (or of the connection) from the hub, and to it. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Until now, or until the end. */
  readonly durationMs: number;
  /** Why it was refused, or cut, by whichever side. */
  readonly failure: MctunnelError | undefined;
}

/** Audit of the agent. Called synchronously: must not throw, must not wait. */
export interface UpstreamObserver {
  /** Upgrades, watches and raw connections, when their answer begins. */
  start(record: UpstreamRecord): void;
  /** Every one, exactly once, when it is over. */
  end(record: UpstreamRecord): void;
}
