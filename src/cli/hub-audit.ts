import { MctunnelError } from '../errors.ts';
import type { ApiObserver, ApiRecord, ProxyObserver } from '../gateway/ports.ts';
import { apiAuditLine, auditLine, type LineFile } from '../observe/index.ts';

/** The hub's audit log, as those see it who fill it. */
export class HubAudit implements ApiObserver {
  readonly #file: LineFile;
  readonly #isRequired: boolean;

  /** `isRequired`: nothing is served while lines cannot be written. */
  constructor(file: LineFile, isRequired: boolean) {
    this.#file = file;
    this.#isRequired = isRequired;
  }

  begin(): void {
    if (!this.#isRequired || this.#file.problem === undefined) return;
    throw new MctunnelError(
      'INTERNAL',
      'the audit log cannot be written, and this hub serves nothing unrecorded',
    );
  }

  end(record: ApiRecord): void {
    this.#file.write(apiAuditLine(record));
  }

  /** Of proxied requests, besides what `metrics` wants to know of them. */
  proxy(metrics: ProxyObserver): ProxyObserver {
    return {
      start: (record) => {
        metrics.start(record);
        this.#file.write(auditLine(record, 'ResponseStarted'));
      },
      end: (record) => {
        metrics.end(record);
        this.#file.write(auditLine(record, 'ResponseComplete'));
      },
      refused: (error) => metrics.refused(error),
    };
  }
}
