import { describe } from '@jest/globals';
import { kubernetesAvailable, type Needs } from './programs.ts';

/** A first run builds Kubernetes in a `beforeAll`: give that this much time. */
export const firstStartTimeoutMs = 20 * 60_000;

/**
 * `describe` for tests on real control planes. Where none can be started the tests are counted as skipped, and one line
 * on standard error says why.
 */
export function describeKubernetes(title: string, options: Needs, tests: () => void): void {
  const kubernetes = kubernetesAvailable(options);
  if (kubernetes.available) {
    describe(title, tests);
    return;
  }
  process.stderr.write(`skipped: ${title}: ${kubernetes.reason}\n`);
  describe.skip(title, tests);
}
