import type { Clock, Timer } from '../lib/clock.ts';
import { systemClock } from '../lib/clock.ts';
import { describeRight } from '../lib/impersonation-right.ts';
import type { Log } from '../lib/log.ts';
import type { MemberState } from './probe.ts';
import { describeUnserved } from './unserved-rules.ts';

export interface MemberWatchOptions {
  /** Asks the member as the agent itself; never rejects. */
  readonly probe: () => Promise<MemberState>;
  readonly log: Log;
  /** After each answer, changed or not. */
  readonly onAnswer?: () => void;
  readonly clock?: Clock;
}

/** How soon the member is asked again: rights may be taken away, a cluster may be restored from a backup. */
const PERIOD_MS = 15_000;
/** While something is wrong: whoever mends it wants to see it mended. */
const FAULT_PERIOD_MS = 5_000;

/** What the agent's own account can see and do in its cluster, asked again and again; every change is logged once. */
export class MemberWatch {
  readonly #probe: () => Promise<MemberState>;
  readonly #log: Log;
  readonly #onAnswer: (() => void) | undefined;
  readonly #clock: Clock;
  #clusterUid: string | undefined;
  #state: MemberState | undefined;
  /** Names of things that are wrong → why; empty before the first answer. */
  #faults: ReadonlyMap<Subject, string> = new Map();
  /** What the log says of each, as of `#faults`. Nobody needs to be told that a policy is fine in this. */
  readonly #told = new Map<Subject, string | undefined>([['policy', undefined]]);
  #isAsked = false;
  #isClosed = false;
  #asking: Promise<void> | undefined;
  #isAskedMeanwhile = false;
  #timer: Timer | undefined;

  constructor(options: MemberWatchOptions) {
    this.#probe = options.probe;
    this.#log = options.log;
    this.#onAnswer = options.onAnswer;
    this.#clock = options.clock ?? systemClock;
  }

  /** uid of the namespace kube-system as it was last read; undefined: it could not be read yet. */
  get clusterUid(): string | undefined {
    return this.#clusterUid;
  }

  /** The newest answer; undefined before the first. */
  get state(): MemberState | undefined {
    return this.#state;
  }

  /** Why the API server cannot be used; undefined: it can. For readiness. */
  get apiServerFault(): string | undefined {
    return this.#isAsked ? this.#faults.get('API server') : 'not asked yet';
  }

  /** Whom the agent may not impersonate although its policy lets them in; undefined: nobody. For readiness. */
  get impersonationFault(): string | undefined {
    return this.#isAsked ? this.#faults.get('impersonation') : 'not asked yet';
  }

  /** Asks now, and from then on by itself. One probe at a time: what changed during one is found by the next, which follows at once. */
  refresh(): Promise<void> {
    if (this.#asking !== undefined) {
      this.#isAskedMeanwhile = true;
      return this.#asking;
    }
    this.#timer?.cancel();
    this.#asking = this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #ask(): Promise<void> {
    this.#isAskedMeanwhile = false;
    this.#take(await this.#probe());
    if (this.#isClosed) return;
    if (this.#mustAskAgain) return this.#ask();
    this.#timer = this.#clock.after(
      this.#isToBeMended ? FAULT_PERIOD_MS : PERIOD_MS,
      () => void this.refresh(),
    );
  }

  /** A rule of the policy may rightly wait for its resource as long as it likes, and whoever corrects it is heard at once. */
  get #isToBeMended(): boolean {
    return SUBJECTS.some((subject) => subject !== 'policy' && this.#faults.has(subject));
  }

  get #mustAskAgain(): boolean {
    return this.#isAskedMeanwhile;
  }

  #take(state: MemberState): void {
    this.#clusterUid = state.clusterUid ?? this.#clusterUid;
    this.#faults = faultsOf(state);
    this.#isAsked = true;
    this.#state = state;
    if (this.#isClosed) return;
    // An API server that cannot be reached says nothing of the rest.
    for (const subject of state.apiServer.reachable ? SUBJECTS : UNREACHABLE_SUBJECTS) {
      const why = this.#faults.get(subject);
      if (this.#told.has(subject) && this.#told.get(subject) === why) continue;
      this.#told.set(subject, why);
      if (why === undefined) this.#log.info({ subject }, RIGHT[subject]);
      else this.#log.warn({ subject }, why);
    }
    this.#onAnswer?.();
  }
}

type Subject = 'API server' | 'identity' | 'impersonation' | 'policy';
const SUBJECTS: readonly Subject[] = ['API server', 'identity', 'impersonation', 'policy'];
const UNREACHABLE_SUBJECTS: readonly Subject[] = ['API server'];
const RIGHT: Readonly<Record<Subject, string>> = {
  'API server': "this cluster's API server can be used",
  identity: "this cluster's identity is known",
  impersonation: 'the agent may impersonate whom its policy lets in',
  policy: 'this cluster serves every resource that denyResources of the policy names',
};

function faultsOf(state: MemberState): ReadonlyMap<Subject, string> {
  const { apiServer, missingRights, unservedRules } = state;
  if (!apiServer.reachable) return new Map([['API server', apiServer.problem.message]]);
  const faults = new Map<Subject, string>();
  if (state.clusterUid === undefined) {
    faults.set(
      'identity',
      "cannot read this cluster's identity: the agent's account needs the verb get on the namespace kube-system",
    );
  }
  if (missingRights === undefined) {
    faults.set('impersonation', 'this cluster does not say whom the agent may impersonate');
  } else if (missingRights.length > 0) {
    faults.set(
      'impersonation',
      `the agent's account lacks the verb impersonate on ${missingRights.map(describeRight).join(', ')}: ` +
        'until a ClusterRole grants it, requests from the hub are answered with 403',
    );
  }
  if (unservedRules === undefined) {
    faults.set(
      'policy',
      'this cluster does not say at once which resources it serves (Kubernetes does from 1.27 on): ' +
        'a rule of denyResources with a misspelt resource would not be found',
    );
  } else if (unservedRules.length > 0) {
    faults.set('policy', describeUnserved(unservedRules));
  }
  return faults;
}
