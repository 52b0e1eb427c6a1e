/**
 * Asks until the answer is neither undefined nor false, and gives it back.
 *
 * @throws Error `timed out after … waiting for <what>`, with the last error when there was one.
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  options: { readonly timeoutMs?: number; readonly intervalMs?: number } = {},
): Promise<T> {
  const { timeoutMs = 30_000, intervalMs = 50 } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      if (error instanceof Fatal) throw error.cause;
      last = error;
    }
    if (performance.now() > deadline) {
      const message = `timed out after ${timeoutMs} ms waiting for ${what}`;
      throw last === undefined ? new Error(message) : new Error(message, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

/** Thrown inside `ask`: waiting longer cannot help; `waitFor` throws the cause at once. */
export class Fatal extends Error {
  override readonly cause: Error;

  constructor(cause: Error) {
    super(cause.message);
    this.cause = cause;
  }
}
