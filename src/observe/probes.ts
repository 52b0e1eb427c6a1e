export type ProbeKind = 'livez' | 'readyz';

/** Says why it fails, or undefined while it holds. */
export type Check = () => string | undefined;

/**
 * Named checks behind /livez and /readyz, answered as the API server's own: `ok`, or on failure (and with `?verbose`)
 * a line per check, `[+]name ok` or `[-]name failed: reason`. `?exclude=name` leaves one out.
 */
export class Probes {
  readonly #checks: Readonly<Record<ProbeKind, Map<string, Check>>> = {
    livez: new Map([['ping', (): undefined => undefined]]),
    readyz: new Map([['ping', (): undefined => undefined]]),
  };

  add(kind: ProbeKind, name: string, check: Check): void {
    this.#checks[kind].set(name, check);
  }

  report(kind: ProbeKind, query: URLSearchParams): { readonly ok: boolean; readonly text: string } {
    const excluded = new Set(query.getAll('exclude'));
    const lines: string[] = [];
    let ok = true;
    for (const [name, check] of this.#checks[kind]) {
      if (excluded.has(name)) {
        lines.push(`[+]${name} excluded: ok`);
        continue;
      }
      const failure = check();
      ok &&= failure === undefined;
      lines.push(failure === undefined ? `[+]${name} ok` : `[-]${name} failed: ${failure}`);
    }
    if (ok && !query.has('verbose')) return { ok, text: 'ok' };
    return { ok, text: `${lines.join('\n')}\n${kind} check ${ok ? 'passed' : 'failed'}\n` };
  }
}
