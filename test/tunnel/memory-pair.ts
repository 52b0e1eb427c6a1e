import { systemClock } from '../../src/lib/clock.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createSession } from '../../src/tunnel/index.ts';
import type {
  AgentSessionOptions,
  Batch,
  BatchTransport,
  Frame,
  HubSessionOptions,
  TunnelSession,
} from '../../src/tunnel/index.ts';

export interface MemoryPairOptions {
  readonly hub?: Partial<Omit<HubSessionOptions, 'role' | 'transport'>>;
  readonly agent?: Partial<Omit<AgentSessionOptions, 'role' | 'transport'>>;
  /** Of both sessions. Default: the system's. */
  readonly clock?: Clock;
  /** Runs a delivery later; each call's order is kept per direction. Default `setImmediate`. */
  readonly later?: (run: () => void) => void;
  /** Sees every Batch before it is delivered (`to`: who receives it). False: it is lost and never done. */
  readonly onBatch?: (batch: Batch, to: 'hub' | 'agent', byteLength: number) => boolean;
  /** Cuts a Batch into several, as another implementation might have sent it. */
  readonly reshape?: (batch: Batch) => Batch[];
  /** With it a Batch crosses encoded and decoded, without it by a copy. */
  readonly codec?: { encode(batch: Batch): Uint8Array; decode(bytes: Uint8Array): Batch };
}

export interface MemoryPair {
  readonly hub: TunnelSession;
  readonly agent: TunnelSession;
  /** Both sessions are open (already, or soon). */
  readonly ready: Promise<void>;
  /** The connection breaks: both sides see it. */
  kill(): void;
  /** Ends both sessions. */
  close(): void;
  /** Messages that were sent and not yet delivered. */
  readonly inTransit: number;
  /** After `close`: bytes that are still reserved or queued, and timers of this pair that are still armed. */
  leaks(): string[];
}

/** Two sessions joined in memory: what one sends, the other receives as a copy, later. */
export function createMemoryPair(options: MemoryPairOptions = {}): MemoryPair {
  const clock = countingClock(options.clock ?? systemClock);
  const later = options.later ?? ((run) => void setImmediate(run));
  let isOpen = true;
  let inTransit = 0;
  const sessions: { hub?: TunnelSession; agent?: TunnelSession } = {};

  const transportTo = (to: 'hub' | 'agent'): BatchTransport => ({
    send(batch, done) {
      const encoded = options.codec?.encode(batch);
      const copy = encoded === undefined ? copyBatch(batch) : undefined;
      const byteLength = encoded?.length ?? 0;
      inTransit++;
      later(() => {
        inTransit--;
        if (!isOpen) return;
        const received = encoded === undefined ? copy : options.codec?.decode(encoded);
        if (received === undefined) return;
        if (options.onBatch?.(received, to, byteLength) === false) return;
        for (const part of options.reshape?.(received) ?? [received]) sessions[to]?.receive(part, byteLength);
        done();
      });
    },
    close() {
      // What was sent before arrives before.
      inTransit++;
      later(() => {
        inTransit--;
        if (isOpen) sessions[to]?.transportClosed();
        isOpen = false;
      });
    },
  });

  const opened = { hub: Promise.withResolvers<undefined>(), agent: Promise.withResolvers<undefined>() };
  const hub = createSession({
    clock,
    welcome: () => ({ hubId: 'hub-1', replicas: 1, cluster: 'cluster-a' }),
    ...options.hub,
    role: 'hub',
    transport: transportTo('agent'),
    onOpen: () => {
      options.hub?.onOpen?.();
      opened.hub.resolve(undefined);
    },
  });
  const agent = createSession({
    clock,
    hello: { agentVersion: '0.0.0', instanceId: 'instance-1', clusterUid: 'uid-1', capabilities: [] },
    ...options.agent,
    role: 'agent',
    transport: transportTo('hub'),
    onOpen: () => {
      options.agent?.onOpen?.();
      opened.agent.resolve(undefined);
    },
  });
  sessions.hub = hub;
  sessions.agent = agent;
  return {
    hub,
    agent,
    ready: Promise.all([opened.hub.promise, opened.agent.promise]).then(() => undefined),
    kill() {
      if (!isOpen) return;
      isOpen = false;
      hub.transportClosed();
      agent.transportClosed();
    },
    close() {
      isOpen = false;
      hub.transportClosed();
      agent.transportClosed();
    },
    get inTransit() {
      return inTransit;
    },
    leaks() {
      const left: string[] = [];
      for (const session of [hub, agent]) {
        if (session.queuedBytes !== 0) left.push(`${session.role}: ${session.queuedBytes} bytes are queued`);
        if (session.reservedBytes !== 0)
          left.push(`${session.role}: ${session.reservedBytes} bytes are reserved`);
      }
      if (clock.armed !== 0) left.push(`${clock.armed} timers are armed`);
      return left;
    },
  };
}

/** Counts the timers that were neither run nor cancelled. */
function countingClock(clock: Clock): Clock & { readonly armed: number } {
  let armed = 0;
  return {
    now: () => clock.now(),
    soon: (run) => clock.soon(run),
    after(delayMs, run) {
      let isArmed = true;
      armed++;
      const disarm = (): void => {
        if (isArmed) armed--;
        isArmed = false;
      };
      const timer = clock.after(delayMs, () => {
        disarm();
        run();
      });
      return {
        cancel() {
          disarm();
          timer.cancel();
        },
      };
    },
    get armed() {
      return armed;
    },
  };
}

/** A deep copy whose payloads are slices of one buffer, as protobufjs gives them out. */
export function copyBatch(batch: Batch): Batch {
  let bytes = 0;
  for (const frame of batch.frames ?? []) bytes += frame.data?.length ?? 0;
  const backing = Buffer.alloc(bytes);
  let offset = 0;
  const frames = (batch.frames ?? []).map((frame): Frame => {
    if (!frame.data) return structuredClone(frame);
    backing.set(frame.data, offset);
    const data = backing.subarray(offset, (offset += frame.data.length));
    return { ...frame, data };
  });
  return { ...structuredClone({ ...batch, frames: null }), frames };
}
