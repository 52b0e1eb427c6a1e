import type { AtRest } from './at-rest.ts';
import { median } from './statistics.ts';

/** How agents come back when their hub was killed and is ready again. */
export interface Return {
  /** Until the last of them had. */
  readonly seconds: number;
  /** Of the requests meanwhile, 0 to 1: the others went to clusters that were not back. */
  readonly answered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ScaleSample extends AtRest {
  readonly system: string;
  readonly agents: number;
  readonly round: number;
  /** Undefined: its agents are not made to come back. */
  readonly back?: Return;
}

/** Medians of all rounds as a Markdown table. */
export function scaleTable(samples: readonly ScaleSample[]): string {
  const rows = new Map<string, readonly ScaleSample[]>();
  for (const sample of samples) {
    const key = `${sample.system} | ${sample.agents}`;
    rows.set(key, [...(rows.get(key) ?? []), sample]);
  }
  return [
    '| system | agents | server MiB before | with them | KiB each | CPU at rest, of a core | first connected after s (a second) | all back after the hub is ready, s (a second) | requests meanwhile: answered, p50, p99 ms |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...[...rows].map(([key, rounds]) => `| ${key} | ${columns(rounds).join(' | ')} |`),
  ].join('\n');
}

/** What a row says behind the names, of one round or several. */
export function columns(rounds: readonly ScaleSample[]): readonly string[] {
  const agents = rounds[0]?.agents ?? 0;
  const middle = (of: (sample: ScaleSample) => number): number => median(rounds.map(of));
  const back = rounds.flatMap((sample) => sample.back ?? []);
  const ofBack = (of: (one: Return) => number): number => median(back.map(of));
  return [
    middle(({ mibBefore }) => mibBefore).toFixed(0),
    middle(({ mibWith }) => mibWith).toFixed(0),
    middle(({ mibBefore, mibWith }) => ((mibWith - mibBefore) * 1_024) / agents).toFixed(0),
    `${middle(({ cpu }) => 100 * cpu).toFixed(2)} %`,
    pace(
      agents,
      middle(({ comingSeconds }) => comingSeconds),
    ),
    back.length === 0
      ? '–'
      : pace(
          agents,
          ofBack(({ seconds }) => seconds),
        ),
    back.length === 0
      ? '–'
      : `${ofBack(({ answered }) => 100 * answered).toFixed(0)} %, ${ofBack(({ p50Ms }) => p50Ms).toFixed(0)}, ${ofBack(({ p99Ms }) => p99Ms).toFixed(0)}`,
  ];
}

/** How long so many took, and how many a second that is. */
function pace(count: number, took: number): string {
  return `${took.toFixed(1)} (${(count / took).toFixed(0)})`;
}
