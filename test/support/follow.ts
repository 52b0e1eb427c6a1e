/** client-go's informers on `clusters`, as test/clients/go/follow.go runs them beside changes of registrations. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { leashed } from '../kubernetes/process.ts';

/** What one informer saw; see follow.go. */
interface Followed {
  readonly requests: Readonly<Record<string, number>>;
  readonly events: number;
  readonly missed: number;
  readonly exact: boolean;
  readonly inOrder: boolean;
  readonly equalsStore: boolean;
  readonly difference?: string;
  /** What was read, list by list and watch by watch, beside the store's history; see exact.go. */
  readonly reads: {
    readonly states: number;
    readonly segments: number;
    readonly events: number;
    readonly bookmarks: number;
    readonly faults: readonly string[];
  };
}

export interface FollowReport {
  readonly objects: number;
  readonly writes: number;
  readonly informers: Readonly<Record<'dynamic' | 'metadata', Followed>>;
  /**
   * Watches that ended within a second and brought nothing, of all informers: client-go lists again after one, whoever is to blame. One that is
   * begun while a hub ends, and cut before it is answered, counts as such.
   */
  readonly shortWatches: number;
}

export interface FollowOptions {
  /** The program on client-go. */
  readonly program: string;
  /** Kubeconfigs: where `clusters` are read, where registrations are written. */
  readonly read: string;
  readonly write: string;
  readonly env?: Readonly<Record<string, string>>;
}

function start(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [command, argv] = leashed(program, args, 'KILL');
  const child = spawn(command, argv, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    process.stderr.write(text);
  });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const line = async (): Promise<string> => String((await lines.next()).value);
  return { child, ended, line, shortWatches: () => said.match(/very short watch/g)?.length ?? 0 };
}

/** Creates registrations `cluster-00000`, …. Rejects when one could not be created. */
export async function register(program: string, kubeconfig: string, count: number): Promise<void> {
  const code = await start(program, ['register', kubeconfig, String(count)]).ended;
  if (code !== 0) throw new Error(`the registrations could not be created (${String(code)})`);
}

/** Lets the informers synchronise, then registrations change while `disturb` runs. */
export async function follow(options: FollowOptions, disturb: () => Promise<void>): Promise<FollowReport> {
  const { program, read, write, env } = options;
  const following = start(program, ['follow', read, write], env);
  try {
    const first = await following.line();
    if (!/^synced \d+$/.test(first)) throw new Error(`the informers did not synchronise: ${first}`);
    await disturb();
    following.child.stdin.end();
    const printed = JSON.parse(await following.line()) as Omit<FollowReport, 'shortWatches'>;
    const report = { ...printed, shortWatches: following.shortWatches() };
    process.stderr.write(`  ${JSON.stringify(report)}\n`);
    return report;
  } finally {
    // When something failed on the way, it must not go on writing under the next test.
    following.child.kill('SIGKILL');
    await following.ended;
  }
}
