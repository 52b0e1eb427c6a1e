/** Ends what was started, last first. `close` is idempotent: every caller waits for the one run. */
export class Closer {
  readonly #steps: { readonly name: string; readonly close: () => void | Promise<void> }[] = [];
  readonly #onError: (name: string, error: unknown) => void;
  #closing: Promise<void> | undefined;

  /** `onError` hears of a step that failed; the steps after it still run. */
  constructor(onError: (name: string, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Registers one more thing to end. What is added once `close` was called is ended behind the rest: call `close` again to wait for it. */
  add(name: string, close: () => void | Promise<void>): void {
    this.#steps.push({ name, close });
    this.#closing = this.#closing?.then(() => this.#run());
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step.close();
      } catch (error) {
        this.#onError(step.name, error);
      }
    }
  }
}
