import type { Process } from '../kubernetes/process.ts';

/** Lines of a log that are shown of a process that ended. */
const TAIL_LINES = 10;

/** The processes without which there is nothing left to show. */
export class WatchedProcesses {
  /** Rejects when one of them ends that was not told to, with its status and the end of its log. Never resolves. */
  readonly lost: Promise<never>;
  #lose: (error: Error) => void = () => undefined;
  #isStopping = false;

  constructor() {
    this.lost = new Promise((_, reject) => (this.#lose = reject));
    // It may be lost before anybody waits.
    this.lost.catch(() => undefined);
  }

  /** `name` as in "the hub has ended". It has been started. */
  add(name: string, process: Process): void {
    void process.ended.then(() => {
      if (this.#isStopping) return;
      const tail = process.logTail().trimEnd().split('\n').slice(-TAIL_LINES);
      const log = tail.map((line) => `  ${line}`).join('\n');
      this.#lose(new Error(`${name} has ended (${process.outcome}); the end of its log:\n${log}`));
    });
  }

  /** From now on they may end. */
  stop(): void {
    this.#isStopping = true;
  }
}
