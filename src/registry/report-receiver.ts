import { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Open, Stream, StreamHandlers } from '../tunnel/index.ts';
import { type AgentReport, MAX_REPORT_BYTES, parseReport } from './report.ts';

export const REPORT_PROTOCOL = 'report';
/** An agent sends one each 5 s at most; two that the network brought together are still no flood. */
const MIN_INTERVAL_MS = 1_000;
/** From Open to the end of the report. */
const REPORT_TIMEOUT_MS = 10_000;

export interface ReportReceiverOptions {
  readonly cluster: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Must not throw. */
  readonly onReport: (report: AgentReport) => void;
}

/** Reads the reports of one session: one at a time, of bounded size, within its time, and not too often. */
export class ReportReceiver {
  readonly #options: ReportReceiverOptions;
  #isReceiving = false;
  #lastMs = -Infinity;
  /** One line of log per session: an agent that is broken stays so. */
  #isRefusalLogged = false;

  constructor(options: ReportReceiverOptions) {
    this.#options = options;
  }

  /** undefined: another protocol than `report`. Throws MctunnelError TOO_MANY_REQUESTS. */
  accept(open: Open, stream: Stream): StreamHandlers | undefined {
    if (open.protocol !== REPORT_PROTOCOL) return undefined;
    const { clock } = this.#options;
    const now = clock.now();
    if (this.#isReceiving || now - this.#lastMs < MIN_INTERVAL_MS) {
      throw new MctunnelError('TOO_MANY_REQUESTS', 'reports come too often', { retryAfterSeconds: 1 });
    }
    this.#isReceiving = true;
    this.#lastMs = now;
    const bytes = Buffer.allocUnsafe(MAX_REPORT_BYTES);
    let length = 0;
    const refuse = (error: MctunnelError): void => {
      this.#refused(error);
      stream.reset(error);
    };
    const timer = clock.after(REPORT_TIMEOUT_MS, () =>
      refuse(new MctunnelError('TIMEOUT', 'the report did not end in time')),
    );
    return {
      data: (chunk) => {
        if (length + chunk.length > MAX_REPORT_BYTES) {
          refuse(new MctunnelError('TOO_LARGE', `a report has at most ${MAX_REPORT_BYTES} bytes`));
          return;
        }
        bytes.set(chunk, length);
        length += chunk.length;
        stream.take(chunk.length);
      },
      end: () => {
        let report: AgentReport;
        try {
          report = parseReport(bytes.subarray(0, length));
        } catch (thrown) {
          refuse(MctunnelError.from(thrown));
          return;
        }
        this.#options.onReport(report);
        stream.sendHead({ status: 204, headers: [] });
        stream.end();
      },
      error: () => undefined,
      close: () => {
        timer.cancel();
        this.#isReceiving = false;
      },
    };
  }

  #refused(error: MctunnelError): void {
    if (this.#isRefusalLogged) return;
    this.#isRefusalLogged = true;
    const { cluster, log } = this.#options;
    log.warn({ cluster, code: error.code }, `a report of the agent was refused: ${error.message}`);
  }
}
