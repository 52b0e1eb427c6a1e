// A client follows a redirect with its token. Were a Location passed on that leads out of the cluster, a hostile member could send its visitors, and with
// them their rights, into another cluster, to the hub itself, or to a server of its own.
import { attack, without, type Guard } from './attack.ts';

const OTHER = '/apis/gateway.mctunnel.io/v1/clusters/cluster-b/proxy/api/v1/secrets';

/** Where a client that follows the answer goes; undefined: nowhere outside of the cluster. */
function escape(answer: string, prefix: string): string | undefined {
  const location = /^location: *(.*)$/im.exec(answer)?.[1];
  if (location === undefined) return undefined;
  if (!URL.canParse(location, `https://hub${prefix}/x`)) return `nowhere that can be known: ${location}`;
  const url = new URL(location, `https://hub${prefix}/x`);
  return url.host === 'hub' && url.pathname.startsWith(`${prefix}/`) ? undefined : url.href;
}

const LOCATIONS = [
  ['another server', 'https://evil.example/'],
  ['another server without a scheme', '//evil.example/'],
  ['another server behind a backslash', '/\\evil.example/'],
  ['another cluster, by dot segments', '/../cluster-b/api/v1/secrets'],
  ['another cluster, by encoded dot segments', '/%2e%2e/cluster-b/api/v1/secrets'],
  ['another cluster, by dot segments behind backslashes', '/x\\..\\..\\cluster-b/api'],
  ['another cluster, by tabs in dot segments', '/.\t./cluster-b/api/v1/secrets'],
  ['the hub, by many dot segments', `/x/../../../../../../../../${OTHER.slice(1)}`],
  ['a script', 'javascript:alert(1)'],
] as const;

const ANSWER = 'src/gateway/proxy/answer-head.ts';
const CHECKED = without(ANSWER, 'if (inside === undefined || context.isAggregated) {', 'if (false) {');
const PREFIXED = without(ANSWER, 'headers[i + 1] = context.prefix + inside', 'headers[i + 1] = location');

for (const [what, location] of LOCATIONS) {
  attack(`a hostile agent's redirect to ${what}`, {
    weakened: [CHECKED, PREFIXED],
    attempt: async (after) => {
      const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
      const { answering } = await import('../gateway/harness.ts');
      const stage = await startStage({
        gateway: { accept: answering(302, ['Location', location, 'Content-Length', '0']) },
      });
      after(() => stage.close());
      return (
        escape(await say(stage.port, head('/cluster-a/x', [BEARER])), '/cluster-a') ??
        escape(await say(stage.port, head(`${PROXY}/x`, [BEARER])), PROXY)
      );
    },
  });
}

function hostileMember(what: string, location: string, weakened: readonly [Guard, ...Guard[]]): void {
  attack(`a hostile member's redirect to ${what}`, {
    weakened,
    attempt: async (after) => {
      const { BEARER, head, say, startStage } = await import('./stage.ts');
      const stage = await startStage({
        answer: (_request, response) =>
          response.writeHead(307, ['Location', location, 'Content-Length', '0']).end(),
      });
      after(() => stage.close());
      return escape(await say(stage.port, head('/cluster-a/x', [BEARER])), '/cluster-a');
    },
  });
}
const REDIRECT = 'src/upstream/redirect.ts';
const AS_IT_CAME: readonly [Guard, ...Guard[]] = [
  without(
    REDIRECT,
    "if (url.origin !== destination.origin || url.username !== '' || url.password !== '') return OUTSIDE;",
  ),
  without(REDIRECT, 'location: inside + url.hash', 'location'),
  CHECKED,
  PREFIXED,
];
hostileMember('another server', 'https://evil.example/x', AS_IT_CAME);
hostileMember('another cluster', `https://hub${OTHER}`, AS_IT_CAME);

attack('any redirect through the aggregated API, which would follow no rule of ours', {
  weakened: [without('src/gateway/proxy/answer-head.ts', ' || context.isAggregated')],
  attempt: async (after) => {
    const { FRONT_PROXY, head, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage({
      answer: (_request, response) =>
        response.writeHead(301, ['Location', '/x/', 'Content-Length', '0']).end(),
    });
    after(() => stage.close());
    const answer = await say(stage.port, head(`${PROXY}/x`, ['X-Remote-User: alice']), {
      certificate: FRONT_PROXY,
    });
    return /^location: .*$/im.exec(answer)?.[0];
  },
});
