// A bootstrap token is the only thing that an agent needs to become a cluster. Were one good twice, for ever, at another hub, for another cluster, or to be
// guessed, whoever finds it in a script, a log or a chat would take a cluster's place.
import { X509Certificate } from 'node:crypto';
import { attack, without, type Guard } from './attack.ts';
import type { TunnelStage } from './tunnel-stage.ts';

const TOKENS = 'src/pki/bootstrap-tokens.ts';
const ENROLLER = 'src/pki/enroller.ts';
const FOUND_UNUSED = without(
  TOKENS,
  'if (use !== undefined && use.keyHash !== keyHash) throw used(use, record.id, record.cluster);',
);
const CONSUMED = without(TOKENS, 'if (use.keyHash !== keyHash) throw used(use, id, cluster);');

/** `prepare` makes a token that must not be good; is there a certificate for it? */
function enrolling(
  what: string,
  weakened: readonly [Guard, ...Guard[]] | undefined,
  prepare: (stage: TunnelStage) => Promise<string>,
): void {
  attack(`enrolment with ${what}`, {
    ...(weakened !== undefined && { weakened }),
    attempt: async (after) => {
      const { startTunnelStage } = await import('./tunnel-stage.ts');
      const stage = await startTunnelStage();
      after(() => stage.close());
      const enrolled = await stage.enroll(await prepare(stage));
      return enrolled instanceof X509Certificate
        ? `${enrolled.subjectAltName ?? ''} ${enrolled.subject}`
        : undefined;
    },
  });
}

enrolling('a token that another agent has used', [FOUND_UNUSED, CONSUMED], async (stage) => {
  const token = await stage.token('cluster-a');
  if (!((await stage.enroll(token)) instanceof X509Certificate))
    throw new Error('the rightful agent was refused');
  return token;
});
enrolling(
  'a token of an hour ago',
  [without(TOKENS, 'if (this.#wallNow() >= record.expiresAt) {', 'if (false) {')],
  async (stage) => {
    const token = await stage.token('cluster-a', { ttlSeconds: 3_600 });
    stage.clock.now += 3_600_000;
    return token;
  },
);
enrolling(
  'a token of which only the public half is right',
  [without(TOKENS, ' || !matchesHash(token.secret, stored.record.secretHash)')],
  async (stage) => {
    return `${(await stage.token('cluster-a')).slice(0, 10)}.${'0'.repeat(32)}`;
  },
);
enrolling('a token of another hub', undefined, async (stage) => {
  const { startTunnelStage } = await import('./tunnel-stage.ts');
  const other = await startTunnelStage();
  const token = await other.token('cluster-a');
  await other.close();
  await stage.token('cluster-a');
  return token;
});
enrolling(
  'a token for a registration that was deleted and made again',
  [
    without(
      ENROLLER,
      'if (registration?.metadata.uid !== uid || registration.metadata.deletionTimestamp !== undefined) {',
      'if (registration === undefined) {',
    ),
  ],
  async (stage) => {
    const token = await stage.token('cluster-a');
    await stage.store.delete('cluster-a');
    await stage.register('cluster-a');
    return token;
  },
);
enrolling(
  'a token for a cluster that is connected, which would put its agent out',
  [without(TOKENS, 'if (use === undefined && !record.replace) this.#refuseConnected(record.cluster);')],
  async (stage) => {
    const token = await stage.token('cluster-a');
    await stage.connect(await stage.certificateOf('cluster-a'));
    return token;
  },
);
enrolling(
  'a token for a cluster that is paused',
  [without(ENROLLER, 'if (registration.spec.paused === true) {', 'if (false) {')],
  async (stage) => {
    const token = await stage.token('cluster-a');
    await stage.store.patch('cluster-a', { spec: { paused: true } });
    return token;
  },
);

attack('one token, used by twenty agents at the same moment', {
  weakened: [FOUND_UNUSED, CONSUMED],
  attempt: async (after) => {
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const stage = await startTunnelStage();
    after(() => stage.close());
    const token = await stage.token('cluster-a');
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => stage.enroll(token)));
    const count = outcomes.filter((outcome) => outcome instanceof X509Certificate).length;
    return count > 1 ? `${count} agents are enrolled` : undefined;
  },
});

attack('paths, patterns and masses in place of a token', {
  attempt: async (after) => {
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const stage = await startTunnelStage();
    after(() => stage.close());
    const token = await stage.token('cluster-a');
    for (const guess of [
      '',
      '.',
      '*',
      token.toUpperCase(),
      `../${token}`,
      `${token}\0`,
      `${token}${token}`,
      token.replace('.', '/'),
      'a'.repeat(200_000),
    ]) {
      if ((await stage.enroll(guess)) instanceof X509Certificate)
        return `${guess.slice(0, 60)} was taken for a token`;
    }
    return undefined;
  },
});

// An agent's folder was stolen, its certificates were refused; the token that it enrolled with lies in the same folder, or in a script.
const REVOKED = without('src/pki/token-dates.ts', 'if (usedMs < notBefore.getTime()) {', 'if (false) {');
for (const [what, isUsed] of [
  ['a used token of an agent that was put out, with the key of its first use', true],
  ['a token that was made before the certificates of its cluster were refused', false],
] as const) {
  attack(what, {
    weakened: [REVOKED],
    attempt: async (after) => {
      const { startTunnelStage } = await import('./tunnel-stage.ts');
      const { generateKey } = await import('../../src/pki/keys.ts');
      const stage = await startTunnelStage();
      after(() => stage.close());
      const key = await generateKey();
      const token = await stage.token('cluster-a');
      if (isUsed && !((await stage.enroll(token, { key })) instanceof X509Certificate))
        throw new Error('the rightful agent was refused');
      stage.clock.now += 2_000;
      const notBefore = new Date(stage.clock.now).toISOString();
      await stage.store.patch('cluster-a', { spec: { credentials: { notBefore } } });
      const again = await stage.enroll(token, { key });
      return again instanceof X509Certificate ? 'it is back' : undefined;
    },
  });
}
attack('a used token with the key of its first use, an hour later', {
  weakened: [
    without(
      'src/pki/token-dates.ts',
      'if (use === undefined || isByHand || nowMs - use.usedAt <= REPEAT_MS) return;',
      'return;',
    ),
  ],
  attempt: async (after) => {
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const { generateKey } = await import('../../src/pki/keys.ts');
    const stage = await startTunnelStage();
    after(() => stage.close());
    const key = await generateKey();
    const token = await stage.token('cluster-a', { ttlSeconds: 7_200 });
    if (!((await stage.enroll(token, { key })) instanceof X509Certificate))
      throw new Error('the rightful agent was refused');
    stage.clock.now += 3_600_000;
    return (await stage.enroll(token, { key })) instanceof X509Certificate
      ? 'another certificate'
      : undefined;
  },
});

attack('a thousand guessed tokens, each of which the hub looks up', {
  weakened: [
    without(
      'src/pki/issuance-limits.ts',
      "refuseUntil(buckets, this.#now(), 'too many unknown bootstrap tokens were tried');",
    ),
  ],
  tuned: [
    without('src/pki/issuance-limits.ts', '{ burst: 100, perSecond: 2 }', '{ burst: 10, perSecond: 2 }'),
  ],
  attempt: async (after) => {
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const { MctunnelError } = await import('../../src/errors.ts');
    const stage = await startTunnelStage();
    after(() => stage.close());
    let lookedUp = 0;
    for (let guess = 0; guess < 12; guess++) {
      const outcome = await stage.enroll(`${'0'.repeat(10)}.${'0'.repeat(32)}`);
      if (outcome instanceof MctunnelError && outcome.code === 'UNAUTHENTICATED') lookedUp += 1;
    }
    return lookedUp > 10 ? `${lookedUp} were looked up` : undefined;
  },
});
