import { expect, it } from '@jest/globals';
import { SaidIdentity } from '../../src/cli/said-identity.ts';
import type { Connector } from '../../src/transport/index.ts';

it.each([
  ['dials at once where no hub let it in', 0, 'refresh'],
  ['dials anew where a hub let it in without', 1, 'rotate'],
] as const)('once the uid of the cluster is known, %s', (_what, sessions, expected) => {
  const member: { uid?: string } = {};
  const calls: string[] = [];
  const said = new SaidIdentity({
    clusterUid: () => member.uid,
    connector: () => ({
      sessions: Array.from({ length: sessions }) as unknown as Connector['sessions'],
      refresh: () => void calls.push('refresh'),
      rotate: () => void calls.push('rotate'),
    }),
  });
  said.asked();
  expect(said.say()).toBe('');
  said.asked();
  expect(calls).toEqual([]);
  member.uid = 'kube-1';
  said.asked();
  expect(said.say()).toBe('kube-1');
  said.asked();
  expect(calls).toEqual([expected]);
});
