import type { MctunnelError } from '../../src/errors.ts';
import type { BatchTransport } from '../../src/tunnel/batch-transport.ts';
import { createSession } from '../../src/tunnel/index.ts';
import type {
  Accept,
  AgentSessionOptions,
  Batch,
  Frame,
  HubSessionOptions,
  TunnelSession,
} from '../../src/tunnel/index.ts';
import { FakeClock } from './fake-clock.ts';

export interface RawPeerOptions {
  readonly clock?: FakeClock;
  readonly accept?: Accept;
  /** Whether a message counts as handed over by itself. Default true. */
  readonly answersDone?: boolean;
  /** What the transport offers besides messages. */
  readonly path?: Pick<BatchTransport, 'receivedBytes' | 'ping'>;
  readonly over?: Partial<HubSessionOptions> & Partial<AgentSessionOptions>;
}

/** The other side of one session, frame by frame: what a peer of any kind could send, and what it would see. */
export class RawPeer {
  readonly clock: FakeClock;
  readonly session: TunnelSession;
  /** What the session sent since the last look. */
  readonly #sent: Batch[] = [];
  answersDone: boolean;
  closedWith: MctunnelError | undefined;
  onClosed: MctunnelError[] = [];
  draining: [number, string][] = [];
  #done: (() => void) | undefined;
  isViolated = false;

  constructor(role: 'hub' | 'agent', options: RawPeerOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    this.answersDone = options.answersDone ?? true;
    const common = {
      clock: this.clock,
      transport: {
        send: (batch: Batch, done: () => void) => {
          // At most one message is outstanding, and nothing follows a close.
          if (this.#done !== undefined || this.closedWith !== undefined) this.isViolated = true;
          this.#sent.push(batch);
          this.#done = done;
          if (this.answersDone) this.clock.soon(() => this.done());
        },
        close: (reason: MctunnelError) => {
          if (this.closedWith !== undefined) this.isViolated = true;
          this.closedWith = reason;
        },
        ...options.path,
      },
      ...(options.accept ? { accept: options.accept } : {}),
      onClosed: (reason: MctunnelError) => void this.onClosed.push(reason),
      onDraining: (retryAfterMs: number, cause: string) => void this.draining.push([retryAfterMs, cause]),
    };
    this.session = createSession(
      role === 'hub'
        ? {
            ...common,
            welcome: () => ({ hubId: 'hub-1', replicas: 1, cluster: 'a' }),
            ...options.over,
            role,
          }
        : {
            ...common,
            hello: { agentVersion: '1', instanceId: 'i', clusterUid: 'u', capabilities: [] },
            ...options.over,
            role,
          },
    );
  }

  /** The outstanding message is handed over. */
  done(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  get hasOutstanding(): boolean {
    return this.#done !== undefined;
  }

  send(batch: Batch, byteLength = 100): void {
    this.session.receive(batch, byteLength);
    this.clock.settle();
  }

  frames(...frames: Frame[]): void {
    this.send({ frames });
  }

  /** What the session has sent. */
  take(): Batch[] {
    this.clock.settle();
    return this.#sent.splice(0);
  }

  takeFrames(): Frame[] {
    return this.take().flatMap((batch) => batch.frames ?? []);
  }

  /** Plays the handshake. `maxStreams`, `initialWindow`: what the session may open and send. */
  shakeHands(maxStreams = 100, initialWindow = 16_384): this {
    if (this.session.role === 'hub') {
      this.send({ hello: { versions: [1], instanceId: 'i', maxStreams, initialWindow } });
    } else {
      this.take();
      this.send({
        welcome: {
          version: 1,
          hubId: 'h',
          replicas: 1,
          cluster: 'a',
          maxStreams,
          initialWindow,
          pingIntervalMs: 15_000,
        },
      });
    }
    this.take();
    return this;
  }

  /** The last GoAway, and that the session is closed with it. */
  get goAway(): Batch['goAway'] {
    return this.take().find((batch) => batch.goAway)?.goAway;
  }
}
