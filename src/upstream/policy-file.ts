import { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { watchFiles } from '../lib/watched-files.ts';
import { Policy, type PolicySource } from './policy.ts';
import { MAX_POLICY_BYTES, parsePolicy } from './policy-schema.ts';

export interface PolicyFileOptions {
  readonly path: string;
  readonly cluster: string;
  /** As the agent maps; entries of passUsers and passGroups are checked against it. */
  readonly identityPrefix: string;
  /** A changed file is good and in use from now on. */
  readonly onChange?: (policy: Policy) => void;
  /** The changed file is bad; the last good policy stays in use. Told once per problem. */
  readonly onError?: (problem: unknown) => void;
  readonly clock?: Clock;
}

export interface PolicyFile extends PolicySource {
  /** Reads now; resolves when `current` is up to date. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Loads the policy file and follows its changes. Rejects when the first load fails (a file that is named must be there and good:
 * starting with the defaults instead would grant more than its owner wrote). Later the last good one stays.
 */
export async function watchPolicyFile(options: PolicyFileOptions): Promise<PolicyFile> {
  return watchFiles<Policy>({
    paths: [options.path],
    maxBytes: MAX_POLICY_BYTES,
    parse: ([contents]) => {
      const rules = parsePolicy(decode(contents), options.identityPrefix);
      return new Policy(options.cluster, rules, options.identityPrefix);
    },
    onChange: (policy) => options.onChange?.(policy),
    onError: (problem) => options.onError?.(problem),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
}

function decode(contents: Buffer | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(contents);
  } catch (cause) {
    throw new MctunnelError('INVALID', 'the file is not UTF-8 text', { hop: 'agent', cause });
  }
}
