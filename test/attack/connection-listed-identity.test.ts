// RFC 9110 lets a sender list headers in `Connection`, and every hop drops those. Were this list passed on to the next hop, a user could have the
// agent's own `Impersonate-User` dropped there, and would act in the cluster with the rights of the agent.
import { attack, without } from './attack.ts';

const LISTED = 'Upgrade, Impersonate-User, Impersonate-Group, Authorization, X-Remote-User';
/** Hub and agent both strip by this. */
const STRIPPED = without('src/lib/headers.ts', "  'connection',\n");

attack('a request whose Connection lists identity headers', {
  weakened: [STRIPPED],
  attempt: async (after) => {
    const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    await say(stage.port, head(PROXY, [BEARER, `Connection: ${LISTED}`]));
    // What the agent is told: its HTTP client would not take such a header.
    return stage.hub.opens[0]?.headers.find((value) => value.includes('Impersonate'));
  },
});

attack('an upgrade whose Connection lists identity headers', {
  weakened: [STRIPPED],
  attempt: async (after) => {
    const { BEARER, head, lootIn, PROXY, say, startStage, UPGRADE } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    await say(stage.port, head(PROXY, [BEARER, `Connection: ${LISTED}`, ...UPGRADE]));
    return lootIn(stage.arrivals, 'alice');
  },
});

attack('an upgrade whose second Connection lists identity headers', {
  weakened: [STRIPPED],
  attempt: async (after) => {
    const { BEARER, head, lootIn, PROXY, say, startStage, UPGRADE } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    await say(
      stage.port,
      head(PROXY, [BEARER, 'Connection: Upgrade', ...UPGRADE, 'cOnNeCtIoN: iMpErSoNaTe-uSeR']),
    );
    return lootIn(stage.arrivals, 'alice');
  },
});
