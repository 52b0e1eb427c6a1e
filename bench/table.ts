import { writeFileSync } from 'node:fs';
import type { BenchCase } from './cases.ts';
import type { Alone, Measurement } from './program.ts';
import { median } from './statistics.ts';

export interface Sample extends Measurement {
  readonly system: string;
  readonly case: string;
  readonly round: number;
}

/** Prints them as a table and writes them to the file that is named, if there are any. */
export function tellSamples<T>(
  samples: readonly T[],
  table: (samples: readonly T[]) => string,
  json: string | undefined,
): void {
  if (samples.length === 0) return;
  console.log(table(samples));
  writeJson(samples, json);
}

/** To the file that is named, if one is. */
export function writeJson(measured: unknown, file: string | undefined): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(measured, undefined, 1)}\n`);
}

/** Medians of all rounds as a Markdown table a case, with the ratio of mctunnel to each other system. Parts are medians of their own: they need not add up. */
export function resultTable(samples: readonly Sample[], cases: readonly BenchCase[]): string {
  const measured = cases.filter(({ name }) => samples.some((sample) => sample.case === name));
  return measured.map((one) => caseTable(samples, one)).join('\n\n');
}

function caseTable(samples: readonly Sample[], one: BenchCase): string {
  const ofCase = samples.filter((sample) => sample.case === one.name);
  const systems = [...new Set(ofCase.map(({ system }) => system))];
  const isTransfer = one.kind === 'transfer';
  const rate = (sample: Sample): number => (isTransfer ? sample.megabytesPerSecond : sample.perSecond);
  // A transfer is one request of a gigabyte: its CPU is told in seconds.
  const cpu = (ms: number, { requests }: Sample): number =>
    isTransfer ? ms / 1_000 : (ms * 1_000) / requests;
  const total = (sample: Sample): number => Object.values(sample.cpuMs).reduce((sum, ms) => sum + ms, 0);
  const own = new Map(
    ofCase.filter(({ system }) => system === 'mctunnel').map((sample) => [sample.round, rate(sample)]),
  );
  const rows = systems.map((system) => {
    const all = ofCase.filter((sample) => sample.system === system);
    // A round that failed took no time: only its errors count. One without an answer has a rate, and nothing that is told of a request.
    const rounds = all.filter((sample) => sample.seconds > 0);
    const answered = rounds.filter(({ requests }) => requests > 0);
    const middle = (of: (sample: Sample) => number): number => median(answered.map(of));
    const parts = Object.keys(answered[0]?.cpuMs ?? {}).map(
      (name) => `${name} ${figure(middle((sample) => cpu(sample.cpuMs[name] ?? 0, sample)))}`,
    );
    const peaks = Object.keys(rounds[0]?.peakMiB ?? {}).map(
      (name) => `${name} ${middle((sample) => sample.peakMiB[name] ?? 0).toFixed(0)}`,
    );
    // What was measured before leaves memory that watches then use again.
    const quiet =
      samples[0]?.case === one.name
        ? Object.entries(rounds[0]?.quietKiB ?? {}).map(([name, kib]) => `${name} ${kib.toFixed(0)}`)
        : [];
    const ofAlone = (of: (one: Alone) => number): string =>
      ratios(rounds.flatMap((sample) => (sample.alone === undefined ? [] : [of(sample) / of(sample.alone)])));
    return [
      system,
      figure(median(rounds.map(rate))),
      system === 'mctunnel'
        ? ''
        : ratios(rounds.map((sample) => (own.get(sample.round) ?? Number.NaN) / rate(sample))),
      ...[middle(({ p50Ms }) => p50Ms), middle(({ p99Ms }) => p99Ms), middle(({ maxMs }) => maxMs)].map(
        (ms) => ms.toFixed(2),
      ),
      // What answered nothing has no cost of a request.
      parts.length === 0
        ? ''
        : `${figure(middle((sample) => cpu(total(sample), sample)))} (${parts.join(', ')})`,
      ofAlone(({ perSecond }) => perSecond),
      // Who answered nothing at all took for ever.
      ofAlone(({ perSecond, p99Ms }) => (perSecond === 0 ? Infinity : p99Ms)),
      middle(({ besideMegabytesPerSecond }) => besideMegabytesPerSecond).toFixed(0),
      peaks.join(', '),
      quiet.join(', '),
      all.reduce((sum, { errors }) => sum + errors, 0),
    ].join(' | ');
  });
  return [
    `### ${one.name}`,
    '',
    `| system | ${isTransfer ? 'MB/s' : 'req/s'} | mctunnel is × | p50 ms | p99 ms | max ms | CPU ${isTransfer ? 's' : 'ms per 1,000'} | × alone | p99 × alone | beside MB/s | peak RSS MiB | KiB per watch | errors |`,
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

/** What disturbs the machine disturbs a round: the median of the rounds' own ratios, and between which they lie. ∞: the other answered nothing. */
function ratios(ofRounds: readonly number[]): string {
  // Neither answered.
  const known = ofRounds.filter((ratio) => !Number.isNaN(ratio));
  if (known.length === 0) return '';
  const [middle, least, most] = [median(known), Math.min(...known), Math.max(...known)].map((ratio) =>
    ratio === Infinity ? '∞' : ratio.toFixed(2),
  );
  return known.length === 1 ? `${middle}` : `${middle} (${least} to ${most})`;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
