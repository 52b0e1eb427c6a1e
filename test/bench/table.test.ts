import { expect, it } from '@jest/globals';
import { benchCases } from '../../bench/cases.ts';
import { scaleTable, type ScaleSample } from '../../bench/scale-table.ts';
import { resultTable, type Sample } from '../../bench/table.ts';

function sample(system: string, round: number, perSecond: number, more: Partial<Sample> = {}): Sample {
  return {
    ...{ system, case: 'c8', round, requests: perSecond, errors: 0, seconds: 1, perSecond },
    ...{ p50Ms: 1, p99Ms: 2, maxMs: 3, megabytesPerSecond: 0, besideMegabytesPerSecond: 0 },
    ...{ cpuMs: { hub: perSecond / 10 }, peakMiB: { hub: 100 } },
    ...more,
  };
}

const cases = benchCases(1);

it('compares round by round, those too in which one of the two answered nothing', () => {
  const rows = (own: readonly number[], others: readonly number[]): string =>
    resultTable(
      [
        ...own.map((rate, i) => sample('mctunnel', i + 1, rate)),
        ...others.map((rate, i) => sample('rival', i + 1, rate)),
      ],
      cases,
    );
  const table = rows([100, 300, 200], [200, 200, 400]);
  expect(table).toContain('| mctunnel | 200 |  |');
  expect(table).toContain('| rival | 200 | 0.50 (0.50 to 1.50) |');
  expect(rows([100, 300, 200], [200, 0, 0])).toContain('| rival | 0.00 | ∞ (0.50 to ∞) |');
  expect(rows([0, 300, 0], [200, 200, 200])).toContain('| rival | 200 | 0.00 (0.00 to 1.50) |');
  // Of cases that were not measured it says nothing.
  expect(table.match(/^### /gm)).toHaveLength(1);
});

it('tells latency and cost of the rounds that had answers', () => {
  const dead = (round: number): Sample =>
    sample('rival', round, 0, { p50Ms: 0, p99Ms: 0, maxMs: 0, cpuMs: { hub: 170 }, errors: 5 });
  const table = resultTable([sample('rival', 1, 100), dead(2), dead(3)], cases);
  expect(table).toContain('| rival | 0.00 |  | 1.00 | 2.00 | 3.00 | 100 (hub 100) |');
  expect(resultTable([dead(1)], cases)).toContain('| rival | 0.00 |  | 0.00 | 0.00 | 0.00 |  |');
});

it('takes medians of the rounds that did not fail, and counts the errors of all', () => {
  const failed = sample('mctunnel', 2, 0, { seconds: 0, p50Ms: 0, errors: 1, cpuMs: {} });
  const table = resultTable([failed, sample('mctunnel', 1, 100), sample('mctunnel', 3, 300)], cases);
  expect(table).toMatch(/\| mctunnel \| 200 \| {2}\| 1\.00 \| .*hub 100.* \| 1 \|$/m);
});

it('compares with what the same answered alone, round by round', () => {
  const beside = (round: number, perSecond: number, p99Ms: number): Sample =>
    sample('mctunnel', round, perSecond, {
      ...{ case: 'stall1', p99Ms, alone: { perSecond: 100, p50Ms: 1, p99Ms: 2 } },
    });
  const frozen = { ...beside(3, 0, 0), cpuMs: {} };
  expect(resultTable([beside(1, 90, 3), beside(2, 110, 1), frozen], cases)).toContain(
    '| 0.90 (0.00 to 1.10) | 1.50 (0.50 to ∞) |',
  );
});

it('tells what a watch costs of the first measurement only', () => {
  const quiet = (name: string, round: number, hub: number): Sample =>
    sample('mctunnel', round, 100, { case: name, quietKiB: { hub } });
  const alone = [quiet('quiet1000', 1, 60), quiet('quiet1000', 2, 9), quiet('quiet1000', 3, 9)];
  expect(resultTable(alone, cases)).toContain('| hub 60 |');
  const later = [quiet('quiet1000', 1, 60), quiet('quiet10000', 1, 9)];
  expect(resultTable(later, cases)).not.toContain('hub 9 ');
});

it('takes medians of agents at rest', () => {
  const rest = (round: number, mibWith: number, seconds?: number): ScaleSample => ({
    ...{ system: 'mctunnel', agents: 1_024, round, mibBefore: 100, mibWith, cpu: 0.005, comingSeconds: 8 },
    ...(seconds === undefined ? {} : { back: { seconds, answered: 0.5, p50Ms: 10, p99Ms: 20 } }),
  });
  expect(scaleTable([rest(1, 200, 2), rest(2, 300, 4), rest(3, 250, 16)])).toContain(
    '| mctunnel | 1024 | 100 | 250 | 150 | 0.50 % | 8.0 (128) | 4.0 (256) | 50 %, 10, 20 |',
  );
  expect(scaleTable([rest(1, 200)])).toContain('| 8.0 (128) | – | – |');
});
