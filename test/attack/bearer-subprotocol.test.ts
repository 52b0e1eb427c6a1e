// Browsers cannot set headers on a WebSocket, so Kubernetes takes a bearer token as a subprotocol. Were it passed on, the member's owner would read the
// hub users' tokens from their execs, and a user could be somebody of the member's instead of whom the agent says.
import { attack, without } from './attack.ts';

const TOKEN = `base64url.bearer.authorization.k8s.io.${Buffer.from('token-of-the-victim').toString('base64url')}`;

for (const [what, lines] of [
  ['alone', [`Sec-WebSocket-Protocol: ${TOKEN}`]],
  ['among others', [`Sec-WebSocket-Protocol: v5.channel.k8s.io,${TOKEN} , v4.channel.k8s.io`]],
  ['on a line of its own', ['Sec-WebSocket-Protocol: v5.channel.k8s.io', `sec-websocket-PROTOCOL:${TOKEN}`]],
] as const) {
  attack(`a bearer token as a WebSocket subprotocol, ${what}`, {
    weakened: [
      without('src/lib/headers.ts', '.filter((protocol) => !protocol.startsWith(BEARER_SUBPROTOCOL))'),
    ],
    attempt: async (after) => {
      const { BEARER, head, lootIn, PROXY, say, startStage, UPGRADE } = await import('./stage.ts');
      const stage = await startStage();
      after(() => stage.close());
      await say(stage.port, head(PROXY, [BEARER, 'Connection: Upgrade', ...UPGRADE, ...lines]));
      await say(stage.port, head(PROXY, [BEARER, ...lines]));
      return lootIn(stage.arrivals, 'alice');
    },
  });
}

for (const [name, space] of [
  ['U+0085', '\u00c2\u0085'],
  ['U+00A0', '\u00c2\u00a0'],
  ['U+3000', '\u00e3\u0080\u0080'],
] as const) {
  attack(`a bearer token as a WebSocket subprotocol behind ${name}, which Go trims`, {
    weakened: [without('src/lib/headers.ts', '.filter((protocol) => TOKEN.test(protocol))')],
    attempt: async (after) => {
      const { BEARER, head, PROXY, say, startStage, UPGRADE } = await import('./stage.ts');
      const stage = await startStage();
      after(() => stage.close());
      const line = `Sec-WebSocket-Protocol: v5.channel.k8s.io, ${space}${TOKEN}`;
      await say(stage.port, head(PROXY, [BEARER, 'Connection: Upgrade', ...UPGRADE, line]));
      return stage.arrivals
        .map((arrival) => JSON.stringify(arrival))
        .find((text) => text.includes('bearer.authorization'));
    },
  });
}

attack('cookies and credentials of the hub, sent along into a cluster', {
  weakened: [
    without(
      'src/lib/headers.ts',
      "if ((lower === 'cookie' || lower === 'cookie2') && !options.keepCookies) continue;",
    ),
  ],
  attempt: async (after) => {
    const { BEARER, head, lootIn, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    await say(
      stage.port,
      head(PROXY, [BEARER, 'Cookie: session=1', 'Proxy-Authorization: Basic eDp5', 'Cookie2: a']),
    );
    return lootIn(stage.arrivals, 'alice');
  },
});

attack("the hub's bearer token, sent along into a cluster", {
  weakened: [without('src/lib/headers.ts', 'if (CREDENTIALS.has(name)) return true;')],
  attempt: async (after) => {
    const { BEARER, head, lootIn, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    await say(stage.port, head(PROXY, [BEARER]));
    return lootIn(stage.arrivals, 'alice');
  },
});
