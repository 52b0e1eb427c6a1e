import { beforeEach, describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import type { Log } from '../../src/lib/log.ts';
import { MemberWatch, type MemberState } from '../../src/upstream/index.ts';
import { FakeClock } from '../gateway/api/fake-clock.ts';

const READY: MemberState = {
  apiServer: { reachable: true, version: 'v1.36.3', roundTripMs: 1 },
  clusterUid: 'uid-1',
  missingRights: [],
  unservedRules: [],
};
const MISSING: MemberState = {
  ...READY,
  missingRights: [
    { group: '', resource: 'groups', subresource: '', name: '' },
    { group: '', resource: 'users', subresource: '', name: 'hub:alice' },
    { group: 'authentication.k8s.io', resource: 'userextras', subresource: 'scopes', name: '' },
  ],
};
const GONE: MemberState = {
  apiServer: {
    reachable: false,
    problem: new MctunnelError('UPSTREAM_UNREACHABLE', 'the API server cannot be reached'),
  },
  clusterUid: undefined,
  missingRights: undefined,
  unservedRules: undefined,
};

describe('the watch over the member', () => {
  let state: MemberState;
  let probes: number;
  let lines: string[];
  let clock: FakeClock;
  let watch: MemberWatch;

  beforeEach(() => {
    state = READY;
    probes = 0;
    lines = [];
    clock = new FakeClock();
    const write =
      (level: string) =>
      (_fields: object, message: string): void =>
        void lines.push(`${level} ${message}`);
    const log: Log = {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    };
    watch = new MemberWatch({
      clock,
      log,
      probe: () => {
        probes += 1;
        return Promise.resolve(state);
      },
    });
  });

  it('is ready for nothing before the first answer', async () => {
    expect([watch.apiServerFault, watch.impersonationFault]).toEqual(['not asked yet', 'not asked yet']);
    await watch.refresh();
    expect([watch.apiServerFault, watch.impersonationFault]).toEqual([undefined, undefined]);
    expect(watch.clusterUid).toBe('uid-1');
  });

  it('names each right that is missing, once, and says when it is there', async () => {
    state = MISSING;
    await watch.refresh();
    await watch.refresh();
    const fault =
      'the agent\'s account lacks the verb impersonate on groups, users "hub:alice", userextras/scopes.authentication.k8s.io: ' +
      'until a ClusterRole grants it, requests from the hub are answered with 403';
    expect(watch.impersonationFault).toBe(fault);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([`warn ${fault}`]);
    state = READY;
    await watch.refresh();
    expect(watch.impersonationFault).toBeUndefined();
    expect(lines.at(-1)).toBe('info the agent may impersonate whom its policy lets in');
    const count = lines.length;
    await watch.refresh();
    expect(lines).toHaveLength(count);
  });

  it('keeps the identity that it knew while the API server is away', async () => {
    await watch.refresh();
    state = GONE;
    await watch.refresh();
    expect(watch.clusterUid).toBe('uid-1');
    expect(watch.apiServerFault).toBe('the API server cannot be reached');
    state = { ...READY, clusterUid: 'uid-2' };
    await watch.refresh();
    expect(watch.clusterUid).toBe('uid-2');
  });

  it('says nothing of rights that it cannot ask for', async () => {
    state = GONE;
    await watch.refresh();
    expect(lines).toEqual(['warn the API server cannot be reached']);
    state = MISSING;
    await watch.refresh();
    const before = lines.filter((line) => line.includes('impersonat'));
    expect(before).toHaveLength(1);
    for (const next of [GONE, MISSING]) {
      state = next;
      await watch.refresh();
    }
    expect(lines.filter((line) => line.includes('impersonat'))).toEqual(before);
  });

  it('says when the identity may not be read, or nobody says what may be impersonated', async () => {
    state = { ...READY, clusterUid: undefined, missingRights: undefined };
    await watch.refresh();
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual([
      "warn cannot read this cluster's identity: the agent's account needs the verb get on the namespace kube-system",
      'warn this cluster does not say whom the agent may impersonate',
    ]);
  });

  it('names each rule of the policy whose resource is not served, once, and says when all are, without asking more often', async () => {
    await watch.refresh();
    expect(lines.filter((line) => line.includes('denyResources'))).toEqual([]);
    const rule = (index: number, resource: string, meant: readonly string[] = []) => ({
      ...{ index, resource, group: undefined, meant },
    });
    state = {
      ...READY,
      unservedRules: [rule(0, 'po', ['"pods"']), { ...rule(3, 'gadgets'), group: 'x.org' }],
    };
    await watch.refresh();
    await watch.refresh();
    const told = (): string[] => lines.filter((line) => line.includes('the policy'));
    expect(told()).toEqual([
      'warn this cluster serves no such resource, so that these rules of the policy deny nothing: ' +
        'denyResources[0] "po" (probably "pods" is meant), denyResources[3] "gadgets" of the group "x.org"',
    ]);
    expect([watch.apiServerFault, watch.impersonationFault]).toEqual([undefined, undefined]);
    const before = probes;
    clock.advance(14_999);
    expect(probes).toBe(before);
    state = { ...READY, unservedRules: Array.from({ length: 5_000 }, (_, index) => rule(index, 'po')) };
    await watch.refresh();
    expect(told()).toHaveLength(2);
    expect(told()[1]).toMatch(/denyResources\[19\] "po", and 4980 more$/);
    state = READY;
    await watch.refresh();
    await watch.refresh();
    expect(lines.filter((line) => line.includes('denyResources')).slice(2)).toEqual([
      'info this cluster serves every resource that denyResources of the policy names',
    ]);
    state = { ...READY, unservedRules: undefined };
    await watch.refresh();
    expect(lines.at(-1)).toMatch(/^warn this cluster does not say at once which resources it serves/);
  });

  it('asks again four times a minute, every five seconds while something is wrong, and not once it is closed', async () => {
    await watch.refresh();
    clock.advance(14_999);
    expect(probes).toBe(1);
    state = MISSING;
    clock.advance(1);
    await watch.refresh();
    const before = probes;
    clock.advance(5_000);
    expect(probes).toBe(before + 1);
    await watch.refresh();
    watch.close();
    const last = probes;
    clock.advance(120_000);
    expect(probes).toBe(last);
    expect(clock.pending).toBe(0);
  });

  it('asks once more for whoever came while it was asking: the policy may have changed', async () => {
    const first = watch.refresh();
    await Promise.all([first, watch.refresh(), watch.refresh()]);
    expect(probes).toBe(2);
  });
});
