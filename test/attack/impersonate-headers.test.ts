// `Impersonate-User` makes an API server take one for another. Were the one of a user to reach the member, where the agent may impersonate, or be obeyed by
// the hub unasked, every user would be anybody.
import { attack, without, type Guard } from './attack.ts';

const HEADERS = 'src/lib/headers.ts';
/** By this the hub strips and the agent refuses. */
const STRIPPED = without(
  HEADERS,
  'for (const prefix of IDENTITY_PREFIXES) if (name.startsWith(prefix)) return true;',
);
const ASKED = without(
  'src/gateway/identity/impersonation.ts',
  'if (!asksForImpersonation(request.headers)) return caller;',
  'return caller;',
);
const REFUSED_FROM_PROXY = without(
  'src/gateway/proxy/exchange.ts',
  'if (hasImpersonation(this.facts)) {',
  'if (false) {',
);

function spelled(what: string, line: string, isUpgrade: boolean, isHeldOffByEach = false): void {
  attack(`${isUpgrade ? 'an upgrade' : 'a request'} of a user with an impersonation header ${what}`, {
    weakened: [STRIPPED, ASKED],
    isHeldOffByEach,
    attempt: async (after) => {
      const { BEARER, head, lootIn, PROXY, say, startStage, UPGRADE } = await import('./stage.ts');
      const stage = await startStage();
      after(() => stage.close());
      await say(
        stage.port,
        head(PROXY, [BEARER, line, ...(isUpgrade ? ['Connection: Upgrade', ...UPGRADE] : [])]),
      );
      return lootIn(stage.arrivals, 'alice');
    },
  });
}
spelled('as it is written', 'Impersonate-User: victim', false, true);
spelled('as it is written', 'Impersonate-User: victim', true, true);
spelled('in odd case', 'iMPERSONATE-uSER: victim', false);
spelled('in odd case', 'IMPERSONATE-user: victim', true);
spelled('of groups alone', 'Impersonate-Group: victim', false);
spelled('of extras alone', 'Impersonate-Extra-Scopes: victim', false);
spelled('of a uid alone', 'Impersonate-Uid: victim', false);
spelled('that may come to mean something', 'Impersonate-Whatever: victim', false);

attack('an impersonation header through the front proxy', {
  weakened: [STRIPPED, ASKED, REFUSED_FROM_PROXY],
  isHeldOffByEach: true,
  attempt: async (after) => {
    const { FRONT_PROXY, head, lootIn, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    await say(stage.port, head(PROXY, ['X-Remote-User: alice', 'impersonate-User: victim']), {
      certificate: FRONT_PROXY,
    });
    return lootIn(stage.arrivals, 'alice');
  },
});

attack('identity headers with underscores, which CGI and its heirs read as dashes', {
  weakened: [without(HEADERS, "lower.includes('_') ? lower.replaceAll('_', '-') : lower", 'lower')],
  attempt: async (after) => {
    const { BEARER, head, lootIn, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    const lines = [
      'Impersonate_User: victim',
      'X_Remote_User: victim',
      'X-Remote_Group: victim',
      'Proxy_Authorization: victim',
    ];
    for (const line of lines) await say(stage.port, head(PROXY, [BEARER, line]));
    return lootIn(stage.arrivals, 'alice');
  },
});

attack('an impersonation header among the trailers', {
  weakened: [
    without(HEADERS, 'HOP_BY_HOP.has(lower) || isIdentityHeader(lower) || NOT_TRAILERS.has(lower)', 'false'),
  ],
  attempt: async (after) => {
    const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
    const { ScriptedAgent, until } = await import('../gateway/harness.ts');
    const agent = new ScriptedAgent();
    const stage = await startStage({ gateway: { accept: agent.accept } });
    after(() => stage.close());
    const answer = say(
      stage.port,
      `${head(PROXY, [BEARER, 'Transfer-Encoding: chunked'], 'POST')}1\r\nx\r\n0\r\nImpersonate-User: victim\r\n\r\n`,
    );
    const { stream } = await agent.stream();
    await until(() => agent.streams[0]?.trailers !== undefined);
    stream.sendHead({ status: 200, headers: ['Content-Length', '0'] });
    stream.end();
    await answer;
    return agent.streams[0]?.trailers?.find((part) => part.includes('victim'));
  },
});

/** Somebody who may impersonate one user. */
function half(what: string, line: string, guard: Guard): void {
  attack(`the right to impersonate bob, used with ${what}`, {
    weakened: [guard],
    attempt: async (after) => {
      const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
      const stage = await startStage({
        mayImpersonate: (asked) => 'resource' in asked && asked.resource === 'users' && asked.name === 'bob',
      });
      after(() => stage.close());
      await say(stage.port, head(PROXY, [BEARER, ...line.split('|')]));
      const identity = stage.hub.opens[0]?.identity;
      return identity === undefined ? undefined : JSON.stringify(identity);
    },
  });
}
const IMPERSONATION = 'src/gateway/identity/impersonation.ts';
half(
  'a group',
  'Impersonate-User: bob|Impersonate-Group: system:masters',
  without(IMPERSONATION, "...groups.map((group) => ask('groups', group)),"),
);
half(
  'an extra',
  'Impersonate-User: bob|Impersonate-Extra-Scopes: all',
  without(
    IMPERSONATION,
    "ask('userextras', value, { ...authentication, subresource: key })",
    "ask('users', 'bob')",
  ),
);
half(
  'a uid',
  'Impersonate-User: bob|Impersonate-Uid: 0',
  without(IMPERSONATION, "...(uid === '' ? [] : [ask('uids', uid, authentication)]),"),
);
half(
  'another user in front',
  'Impersonate-User: victim|Impersonate-User: bob',
  without(
    IMPERSONATION,
    "if (others.length > 0) throw new MctunnelError('BAD_REQUEST', `more than one ${name} header`);",
    'if (others.length > 0) return others.at(-1);',
  ),
);
