// Were a path read differently by hub, agent and member, what is authorised would not be what is done: `…/pods/../secrets` would be asked for as a pod and
// served as a secret, and `…/cluster-a/proxy/..` would leave the cluster whose name was authorised.
import { attack, without, type Guard } from './attack.ts';

const PATH = 'src/lib/request-path.ts';
const DOTS = without(PATH, "if (segment.includes('.') && DOT_SEGMENT.test(segment))", 'if (false)');
const SLASH = without(PATH, "if (decoded.includes('/'))", 'if (false)');
const CONTROL = without(PATH, 'if (CONTROL.test(decoded))', 'if (false)');
const UTF8 = without(PATH, 'fatal: true', 'fatal: false');
const RAW = without(PATH, 'if (!RAW_PATH.test(path))', 'if (false)');
const PERCENT = without(PATH, 'if (MALFORMED_PERCENT.test(path))', 'if (false)');
const DECODED_ONCE = without(
  PATH,
  'segments[i] = segment = decoded;',
  'segments[i] = segment = decodeURIComponent(decoded);',
);
const EMPTY_AT_HUB = without(
  'src/gateway/proxy/exchange.ts',
  'if (this.route.inner.firstEmptySegment >= 0 && this.service === undefined) {',
  'if (false) {',
);
const EMPTY_AT_AGENT = without(
  'src/upstream/request.ts',
  "if (path.firstEmptySegment >= 0) throw badRequest('the path holds an empty segment');",
);

/** What a reader further on could make of a target: itself, decoded once, decoded again, with backslashes as slashes, without parameters. */
function readings(target: string): string[] {
  const all = [target];
  for (let i = 0; i < 2; i++) {
    const last = all.at(-1) ?? '';
    try {
      all.push(decodeURIComponent(last));
    } catch {
      all.push(`${last} does not decode`);
    }
  }
  return all;
}
// eslint-disable-next-line no-control-regex -- control characters are among what it looks for
const LEADS_ELSEWHERE = /(^|[/\\])\.{1,2}($|[/\\;])|\/\/|[\u0000-\u001f\u007f-\u009f\ufffd]|does not decode/;

function ambiguous(
  what: string,
  path: string,
  weakened: readonly [Guard, ...Guard[]] | undefined,
  harm = LEADS_ELSEWHERE,
): void {
  attack(`a path with ${what}: ${path}`, {
    ...(weakened !== undefined && { weakened }),
    attempt: async (after) => {
      const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
      const stage = await startStage();
      after(() => stage.close());
      await say(stage.port, head(`${PROXY}/api/v1/namespaces/n/pods${path}`, [BEARER]));
      await say(stage.port, head(`/cluster-a/api/v1/namespaces/n/pods${path}`, [BEARER]));
      return stage.arrivals
        .flatMap(({ target }) => readings(target).slice(0, 2))
        .find((target) => harm.test(target));
    },
  });
}

ambiguous('a dot segment', '/../secrets', [DOTS]);
ambiguous('a single dot', '/./p', [DOTS]);
ambiguous('an encoded dot segment', '/%2e%2E/secrets', [DOTS]);
ambiguous('a half encoded dot segment at its end', '/.%2e', [DOTS]);
ambiguous('a dot segment and parameters', '/..;/secrets', [DOTS]);
ambiguous('a dot segment behind a backslash', '/p%5C..%5csecrets', [DOTS]);
ambiguous('a raw backslash', '/p\\..\\secrets', [RAW, DOTS]);
ambiguous('an encoded slash', '/p%2Fexec', [SLASH], /\/pods\/p\/exec/);
ambiguous('dot segments behind encoded slashes', '/%2e%2e%2fsecrets', [SLASH, DOTS]);
ambiguous('a slash encoded twice', '/p%252Fexec', [DECODED_ONCE], /\/pods\/p\/exec/);
ambiguous('a dot segment encoded twice', '/%252e%252e/secrets', [DECODED_ONCE, DOTS]);
ambiguous('an empty segment', '//secrets', [EMPTY_AT_HUB, EMPTY_AT_AGENT]);
ambiguous('NUL', '/p%00', [CONTROL]);
ambiguous('an end of line', '/p%0d%0aX-Remote-User:%20victim', [CONTROL]);
ambiguous('a control character of Unicode', '/p%C2%85', [CONTROL]);
ambiguous('an overlong slash', '/..%c0%afsecrets', [UTF8]);
ambiguous('an overlong dot', '/%e0%80%ae%e0%80%ae/secrets', [UTF8]);
ambiguous('half a surrogate pair', '/%ed%a0%80', [UTF8]);
ambiguous('raw bytes', '/p\xe9', undefined, /./);
ambiguous('a malformed escape', '/p%zz', [PERCENT, CONTROL]);

attack('a path through the API group that names no cluster, or two', {
  weakened: [
    without(
      'src/gateway/route.ts',
      "segments[3] !== 'clusters' ||",
      "(segments[3] !== 'clusters' && segments[3] !== 'namespaces') ||",
    ),
  ],
  attempt: async (after) => {
    const { BEARER, head, lootIn, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    const group = '/apis/gateway.mctunnel.io/v1';
    for (const path of [
      `${group}/namespaces/cluster-a/proxy/api`,
      `${group}/namespaces/x/clusters/cluster-a/proxy/api`,
      `${group}/clusters//proxy/api`,
      `${group}/clusters/proxy/api`,
      `${group}//clusters/cluster-a/proxy/api`,
      `/apis//gateway.mctunnel.io/v1/clusters/cluster-a/proxy/api`,
      `//cluster-a/api`,
      `/CLUSTER-A/api`,
    ]) {
      await say(stage.port, head(path, [BEARER]));
    }
    return lootIn(stage.arrivals) ?? (stage.hub.asked.length > 0 ? 'it was asked about' : undefined);
  },
});
