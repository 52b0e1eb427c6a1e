import { CollectionWatch, createAccessReviewer, type KubeClient } from '../kube/index.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { UpstreamOptions } from '../upstream/index.ts';

/** What access to services asks of the managed cluster, under the agent's own account. */
export function memberApi(
  { raw }: Pick<KubeClient, 'raw'>,
  cluster: string,
  log: Log,
): NonNullable<UpstreamOptions['services']> {
  return {
    reviewer: createAccessReviewer({
      raw,
      clock: systemClock,
      asked: { what: `the API server of cluster ${cluster}`, hop: 'agent' },
    }),
    api: {
      follow({ path, query, pick, onChange, onError }) {
        const watch = new CollectionWatch({
          ...{ raw, clock: systemClock, path, query, pick, onChange },
          onError: (thrown) => {
            const problem = thrown instanceof Error ? thrown : new Error(String(thrown));
            log.warn({ err: problem, path }, 'cannot be watched for access to services, trying again');
            onError(problem);
          },
        });
        watch.follow();
        return { close: () => void watch.close() };
      },
    },
  };
}
