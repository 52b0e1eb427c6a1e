/** What is measured. */
export interface BenchCase {
  readonly name: string;
  /** Flags of the load generator. */
  readonly args: readonly string[];
  /** Transfers tell MB/s, the others requests per second. */
  readonly kind: 'requests' | 'transfer';
  readonly seconds: number;
}

const GIGABYTE = '1000000000';
const MEGABYTES_200 = '200000000';
const TRANSFER_LIMIT_S = 60;
/** Opening so many watches takes its time. */
const QUIET_1000_S = 30;
const QUIET_10000_S = 240;
/** The load generator waits until they are gone. */
const QUIET_GONE_S = 10;

export function benchCases(seconds: number): readonly BenchCase[] {
  const requests = (name: string, ...args: string[]): BenchCase => ({
    name,
    kind: 'requests',
    seconds: seconds + 1,
    args: [...args, '-d', `${seconds}s`],
  });
  const transfer = (name: string, ...args: string[]): BenchCase => ({
    name,
    kind: 'transfer',
    seconds: TRANSFER_LIMIT_S,
    args: [...args, '-n', '1', '-d', `${TRANSFER_LIMIT_S}s`],
  });
  // The load generator measures what they are beside by itself too, for as long, after a second.
  const beside = (name: string, warmUpSeconds: number, ...args: string[]): BenchCase => ({
    ...requests(name, ...args, '-warm-up', `${warmUpSeconds}s`),
    seconds: 2 * (seconds + 1) + warmUpSeconds,
  });
  // From the first byte on: such a reader is a download like any other until its buffers are full.
  const filling = (count: number): BenchCase =>
    beside(`fill${count}`, 0, '-c', '8', '-stalled', String(count));
  // What a connection's buffers swallow is sent before the readers stand still.
  const stalled = (count: number, warmUpSeconds: number): BenchCase =>
    beside(`stall${count}`, warmUpSeconds, '-c', '8', '-stalled', String(count));
  const quiet = (count: number, openingSeconds: number): BenchCase => {
    const one = beside(`quiet${count}`, 1, '-c', '8', '-quiet', String(count));
    return { ...one, seconds: one.seconds + openingSeconds + QUIET_GONE_S };
  };
  return [
    requests('c1', '-c', '1'),
    requests('c16', '-c', '16'),
    requests('c64', '-c', '64'),
    requests('c256', '-c', '256'),
    requests('fresh16', '-c', '16', '-fresh'),
    requests('list16', '-c', '16', '-bytes', '102400'),
    transfer('down', '-bytes', GIGABYTE),
    transfer('up', '-upload', GIGABYTE),
    requests('c8', '-c', '8'),
    beside('bulk4', 1, '-c', '8', '-bulk', '4'),
    filling(1),
    filling(100),
    stalled(1, 5),
    stalled(10, 15),
    stalled(100, 20),
    quiet(1_000, QUIET_1000_S),
    quiet(10_000, QUIET_10000_S),
    // For long and slow lines.
    transfer('down200', '-bytes', MEGABYTES_200),
    transfer('up200', '-upload', MEGABYTES_200),
    beside('bulk1', 1, '-c', '1', '-bulk', '1'),
  ];
}
