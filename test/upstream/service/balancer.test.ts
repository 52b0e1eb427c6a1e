import { describe, expect, it } from '@jest/globals';
import { Balancer } from '../../../src/upstream/service/balancer.ts';
import type { Endpoint } from '../../../src/upstream/service/endpoints.ts';
import { TestClock } from '../../gateway/identity/facts.ts';

const at = (...ports: readonly number[]): Endpoint[] => ports.map((port) => ({ address: '10.1.0.1', port }));

function setUp() {
  const clock = new TestClock();
  const retired: number[] = [];
  const created: number[] = [];
  const balancer = new Balancer<number>({
    clock,
    create: ({ port }) => {
      created.push(port);
      return port;
    },
    retire: (port) => void retired.push(port),
  });
  const picks = (endpoints: readonly Endpoint[], count: number): number[] =>
    Array.from({ length: count }, () => balancer.pick(endpoints).value);
  return { clock, balancer, retired, created, picks };
}

describe('the balancer', () => {
  it('goes round while all are idle', () => {
    const { picks } = setUp();
    expect(picks(at(1, 2, 3), 6)).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('prefers whoever has least to do', () => {
    const { balancer, picks } = setUp();
    const endpoints = at(1, 2);
    const first = balancer.pick(endpoints);
    const over = [first.use(), first.use()];
    expect(picks(endpoints, 3)).toEqual([2, 2, 2]);
    for (const end of over) end();
    expect(first.open).toBe(0);
    expect(new Set(picks(endpoints, 2))).toEqual(new Set([1, 2]));
  });

  it('goes around one that could not be reached for ten seconds, unless there is no other', () => {
    const { balancer, picks, clock } = setUp();
    const endpoints = at(1, 2);
    balancer.pick(endpoints).failed();
    expect(picks(endpoints, 3)).toEqual([2, 2, 2]);
    expect(picks(at(1), 2)).toEqual([1, 1]);
    clock.advance(10_000);
    expect(new Set(picks(endpoints, 2))).toEqual(new Set([1, 2]));
    for (const backend of balancer.backends) backend.failed();
    expect(new Set(picks(endpoints, 2))).toEqual(new Set([1, 2]));
  });

  it('keeps what it has for endpoints that stay, and gives the rest up', () => {
    const { balancer, picks, created, retired } = setUp();
    picks(at(1, 2), 2);
    picks(at(2, 3), 2);
    expect([created, retired]).toEqual([[1, 2, 3], [1]]);
    balancer.close();
    expect(retired).toEqual([1, 2, 3]);
  });
});
