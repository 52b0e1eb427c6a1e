export type ProbeKind = 'livez' | 'readyz';

/** How much of a name that we do not know is said again. */
const MAX_NAME_LENGTH = 64;

/** Says why it fails, or undefined while it holds. */
export type Check = () => string | undefined;

export interface ProbeReport {
  readonly ok: boolean;
  /** The whole answer. */
  readonly text: string;
}

/**
 * Named checks behind /livez and /readyz, answered as the API server's own (apiserver, pkg/server/healthz): `ok`, or on failure
 * (and with `?verbose`) a line per check, `[+]name ok` or `[-]name failed: reason`. `?exclude=name` leaves one out.
 */
export class Probes {
  readonly #checks: Readonly<Record<ProbeKind, Map<string, Check>>> = {
    livez: new Map([['ping', (): undefined => undefined]]),
    readyz: new Map([['ping', (): undefined => undefined]]),
  };

  add(kind: ProbeKind, name: string, check: Check): void {
    this.#checks[kind].set(name, check);
  }

  /** Of one check alone (`/readyz/NAME`); undefined when there is none of that name. */
  reportOne(kind: ProbeKind, name: string): ProbeReport | undefined {
    const check = this.#checks[kind].get(name);
    if (check === undefined) return undefined;
    const failure = check();
    return failure === undefined
      ? { ok: true, text: 'ok' }
      : { ok: false, text: `internal server error: ${failure}\n` };
  }

  report(kind: ProbeKind, query: URLSearchParams): ProbeReport {
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
    // Else a misspelt name would look as if its check were left out.
    const unknown = [...excluded].filter((name) => name !== '' && !this.#checks[kind].has(name));
    if (unknown.length > 0) {
      const names = unknown.map((name) => JSON.stringify(name.slice(0, MAX_NAME_LENGTH))).join(',');
      lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
    }
    if (ok && !query.has('verbose')) return { ok, text: 'ok' };
    return { ok, text: `${lines.join('\n')}\n${kind} check ${ok ? 'passed' : 'failed'}\n` };
  }
}
