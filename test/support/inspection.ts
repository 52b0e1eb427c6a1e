import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../kubernetes/index.ts';
import type { MctunnelProcess } from './mctunnel.ts';

const PRELOAD = fileURLToPath(new URL('./inspect-process.ts', import.meta.url));

/** What a process holds at one moment. */
export interface Held {
  /** Open sockets, whatever listens included. */
  readonly sockets: number;
  /** Timers, TLS sockets, … by Node's names. */
  readonly open: Readonly<Record<string, number>>;
  /** Gauges of its ops port. */
  readonly gauges: Readonly<Record<string, number>>;
  /** After garbage collection: heap and what it points to outside. */
  readonly memoryBytes: number;
}

/** Counts what processes hold that are started while it is there: it sets NODE_OPTIONS for them. */
export class Inspection {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mctunnel-inspect-'));

  constructor() {
    process.env['NODE_OPTIONS'] = `--disable-warning=ExperimentalWarning --import=${PRELOAD}`;
    process.env['MCTUNNEL_TEST_INSPECT'] = this.#folder;
  }

  async held(one: MctunnelProcess): Promise<Held> {
    const { pid } = one;
    const path = join(this.#folder, `${pid}.json`);
    rmSync(path, { force: true });
    process.kill(pid, 'SIGUSR2');
    const text = await waitFor('the inspection', () => readFileSync(path, 'utf8'));
    const { open, memory } = JSON.parse(text) as {
      open: Record<string, number>;
      memory: { heapUsed: number; external: number };
    };
    const { ops } = await one.logged(/^(the hub is ready|serving health and metrics)$/);
    const gauges = gaugesIn(await metrics(Number(ops)));
    return { sockets: socketsOf(pid), open, gauges, memoryBytes: memory.heapUsed + memory.external };
  }

  close(): void {
    delete process.env['NODE_OPTIONS'];
    delete process.env['MCTUNNEL_TEST_INSPECT'];
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  let count = 0;
  for (const fd of readdirSync(folder)) {
    try {
      if (readlinkSync(join(folder, fd)).startsWith('socket:')) count++;
    } catch {
      // Closed meanwhile.
    }
  }
  return count;
}

/** On a connection of its own, which is gone when the answer is here. */
function metrics(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path: '/metrics', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('close', () => resolve(text));
    });
    call.on('error', reject);
    call.end();
  });
}

/** The gauges of ours without labels. */
function gaugesIn(text: string): Record<string, number> {
  const names = new Set([...text.matchAll(/^# TYPE (mctunnel_\w+) gauge$/gm)].map(([, name]) => name));
  const values = [...text.matchAll(/^(mctunnel_\w+) ([\d.e+-]+)$/gm)].filter(([, name]) => names.has(name));
  return Object.fromEntries<number>(values.map(([, name = '', value]) => [name, Number(value)]));
}
