import type { Clock } from '../../../src/lib/clock.ts';
import type { RequestFacts } from '../../../src/gateway/ports.ts';

/** A request as the gateway sees it; `headers` are lines: name, value, … */
export function request(facts: Partial<RequestFacts> = {}): RequestFacts {
  return {
    method: 'GET',
    target: '/',
    headers: [],
    isUpgrade: false,
    remoteAddress: '192.0.2.1',
    clientCertificates: [],
    connection: {},
    ...facts,
  };
}

/** A clock that stands still until it is moved; its timers fire when it is moved past them. */
export class TestClock implements Clock {
  #nowMs = 1_000;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  soon(run: () => void): void {
    setImmediate(run);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const timer of [...this.#timers].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      timer.run();
    }
  }
}

/** The code of the MctunnelError that was thrown, or the value. */
export async function outcome<T>(
  run: () => T | Promise<T>,
): Promise<T | { readonly code: string; readonly message: string }> {
  try {
    return await run();
  } catch (error) {
    return error as { code: string; message: string };
  }
}
