// Where an identity provider lets people name groups, one can be called `dev,system:masters`. Were the lines of a header joined at commas, or split there,
// on any hop, its members would be administrators.
import { attack, without } from './attack.ts';

const EVIL = 'dev,system:masters';

attack('a group with a comma, through the front proxy', {
  weakened: [
    without(
      'src/gateway/identity/front-proxy.ts',
      '(list[meaning.order] ??= []).push(identityText(value, name));',
      "(list[meaning.order] ??= []).push(...value.split(','));",
    ),
  ],
  attempt: async (after) => {
    const { FRONT_PROXY, head, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    await say(
      stage.port,
      head(PROXY, ['X-Remote-User: alice', `X-Remote-Group: ${EVIL}`, 'X-Remote-Group: ops']),
      {
        certificate: FRONT_PROXY,
      },
    );
    const groups = stage.hub.opens[0]?.identity?.groups ?? [];
    return groups.find((group) => group === 'system:masters');
  },
});

attack('a group with a comma, towards the member', {
  weakened: [
    without(
      'src/upstream/identity.ts',
      "headers.push('Impersonate-Group', utf8AsLatin1(group));",
      "headers.push(...group.split(',').flatMap((each) => ['Impersonate-Group', utf8AsLatin1(each)]));",
    ),
  ],
  attempt: async (after) => {
    const { FRONT_PROXY, head, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    for (const more of [[], ['Connection: Upgrade', 'Upgrade: websocket']]) {
      await say(stage.port, head(PROXY, ['X-Remote-User: alice', `X-Remote-Group: ${EVIL}`, ...more]), {
        certificate: FRONT_PROXY,
      });
    }
    return stage.arrivals.flatMap(({ lines }) => lines).find((value) => value.startsWith('system:'));
  },
});
