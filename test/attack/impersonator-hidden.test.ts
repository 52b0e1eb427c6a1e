// Who may impersonate works under the names of others, and who may mint a bootstrap token can put another agent in a cluster's place. Were the audit log to
// name only whom they chose to be, or nobody, the log would be the best place to hide; and so it would be, could what they send write on the reader's terminal.
import type { ApiRecord } from '../../src/gateway/ports.ts';
import { attack, without, type Guard } from './attack.ts';

const FIELDS = 'src/observe/audit-fields.ts';
const RECORDING = 'src/gateway/api/recording.ts';
const AUTHOR = without('src/gateway/identity/impersonation.ts', 'request.authenticated = caller;');
const IMPERSONATOR = without(
  FIELDS,
  '...(caller?.impersonator !== undefined && { impersonator: identityFields(caller.impersonator) }),',
);
const CARRIED = without('src/gateway/identity/impersonation.ts', ', impersonator: caller.identity');

/** What the audit log says of alice's one request, if it does not say that it was hers. */
function anonymous(
  what: string,
  weakened: readonly [Guard, ...Guard[]],
  lines: string,
  isUpgrade = false,
): void {
  attack(what, {
    weakened,
    attempt: async (after) => {
      const { BEARER, head, PROXY, say, startStage, UPGRADE } = await import('./stage.ts');
      const { until } = await import('../gateway/harness.ts');
      const { auditLine } = await import('../../src/observe/index.ts');
      const stage = await startStage({
        mayImpersonate: (asked) => 'resource' in asked && asked.name === 'bob',
      });
      after(() => stage.close());
      const upgrade = isUpgrade ? ['Connection: Upgrade', ...UPGRADE] : [];
      await say(stage.port, head(PROXY, [BEARER, ...lines.split('|'), ...upgrade]));
      await until(() => stage.hub.records.length > 0);
      const [record] = stage.hub.records;
      if (record === undefined) return 'no line';
      const line = auditLine(record, 'ResponseComplete');
      const { user, impersonator } = JSON.parse(line) as { user: string; impersonator?: { user: string } };
      return (impersonator?.user ?? user) === 'alice' ? undefined : line;
    },
  });
}
for (const isUpgrade of [false, true]) {
  const what = isUpgrade ? 'an upgrade' : 'a request';
  anonymous(`${what} as bob, whom one may impersonate`, [IMPERSONATOR], 'Impersonate-User: bob', isUpgrade);
  anonymous(`${what} as the victim, whom one may not`, [AUTHOR], 'Impersonate-User: victim', isUpgrade);
}
anonymous('a request as bob, whose line forgets who was authenticated', [CARRIED], 'Impersonate-User: bob');
anonymous('a request as nobody in particular', [AUTHOR], 'Impersonate-Group: system:masters');
anonymous(
  'a request as the victim, when it is over',
  [without('src/gateway/proxy/exchange.ts', 'this.caller ??= this.facts.authenticated;')],
  'Impersonate-User: victim',
);

/** A token that puts another agent in the cluster's place, minted by `headers`: does the log name the administrator, and does it hold the token? */
function minting(
  what: string,
  weakened: readonly [Guard, ...Guard[]],
  headers: Readonly<Record<string, string>>,
): void {
  attack(`a bootstrap token, minted ${what}`, {
    weakened,
    attempt: async (after) => {
      const { createFixture, serve } = await import('../gateway/api/fixture.ts');
      const { chainAuthenticators, withImpersonation } = await import('../../src/gateway/identity/index.ts');
      const { apiAuditLine } = await import('../../src/observe/index.ts');
      const lines: string[] = [];
      const { options } = await createFixture();
      const authenticator = withImpersonation({
        ...options,
        authenticator: chainAuthenticators([options.authenticator]),
      });
      const observer = {
        begin: () => undefined,
        end: (record: ApiRecord) => void lines.push(apiAuditLine(record)),
      };
      const { api, store } = await createFixture({ authenticator, observer });
      const server = await serve(api);
      after(() => server.close());
      await store.create({ name: 'berlin' });
      const path = '/apis/gateway.mctunnel.io/v1/clusters/berlin/bootstraptoken';
      const body = '{"spec":{"replace":true}}';
      const { text } = await server.request(
        'POST',
        path,
        { ...headers, 'content-type': 'application/json' },
        body,
      );
      // Then every answer is over, and recorded if it ever is.
      await server.close();
      const named = lines.filter(
        (line) => line.includes('"user":"admin"') && line.includes('"name":"berlin"'),
      );
      if (named.length !== 1) return `${text} by ${JSON.stringify(lines)}`;
      return lines.join('').includes('token-for') ? lines.join('\n') : undefined;
    },
  });
}
minting('by an administrator', [without(RECORDING, '!READS.has(req.method) || ')], {});
minting('under another name', [IMPERSONATOR], {
  'impersonate-user': 'jane',
  'impersonate-group': 'system:masters',
});
minting(
  'under a name that one may not have',
  [without(RECORDING, 'const { caller = facts.authenticated } =', 'const { caller } =')],
  { authorization: 'admin dev', 'impersonate-user': 'jane' },
);

/** CSI of a terminal in one character, and the sign that turns the direction of what follows: JSON escapes neither. */
const [CSI, TURN] = ['\u009b', '\u202e'];
const escaped = (range: string): Guard => without('src/observe/json-line.ts', range);
function written(
  what: string,
  weakened: readonly [Guard, ...Guard[]],
  path: string,
  agent: string,
  isHeldOffByEach = false,
): void {
  attack(`a line of the audit log that is more than text, by ${what}`, {
    weakened,
    isHeldOffByEach,
    attempt: async (after) => {
      const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
      const { until } = await import('../gateway/harness.ts');
      const { auditLine } = await import('../../src/observe/index.ts');
      const stage = await startStage();
      after(() => stage.close());
      await say(stage.port, head(PROXY + path, [BEARER, `User-Agent: ${agent}`]));
      await until(() => stage.hub.records.length > 0);
      const [record] = stage.hub.records;
      const line = record === undefined ? '' : auditLine(record, 'ResponseComplete');
      return line.includes(CSI) || line.includes(TURN) ? line : undefined;
    },
  });
}
written('a path', [escaped('\\u2028-\\u202e')], '/api/v1/pods/%E2%80%AE', 'curl');
written(
  'a user agent',
  [escaped('\\u007f-\\u009f'), without('src/gateway/origin.ts', ".replaceAll(/[^ -~]/g, '?')")],
  '/api',
  `curl${CSI}2J`,
  true,
);
