import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { WrongSetting } from './wrong-setting.ts';

const SOURCE = fileURLToPath(new URL('load', import.meta.url));
/** The first time gRPC is built too. */
const BUILD_TIMEOUT_MS = 600_000;
/** Beyond what a measurement is told to take: connecting, and waiting for the last answers, of two windows. */
const RUN_GRACE_MS = 150_000;

/** One measurement, as the Go program prints it. */
export interface Measurement {
  readonly requests: number;
  readonly errors: number;
  readonly error?: string;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly megabytesPerSecond: number;
  /** Of the downloads beside it. */
  readonly besideMegabytesPerSecond: number;
  /** User and system time, by the name of the process. */
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly peakMiB: Readonly<Record<string, number>>;
  /** Of each quiet watch beside it, resident. */
  readonly quietKiB?: Readonly<Record<string, number>>;
  /** Connections that HTTP/2 took. */
  readonly dials?: number;
  /** The same just before, when nothing else went on beside it. */
  readonly alone?: Alone;
}

export type Alone = Pick<Measurement, 'perSecond' | 'p50Ms' | 'p99Ms'>;

/** Load generator, upstream, lines and agents: a Go program, so that neither is what limits Node's side of the comparison. */
export class LoadProgram {
  readonly path: string;
  /** kube-apiserver speaks HTTP/2. */
  readonly #version: readonly string[];
  readonly #stopped = new AbortController();

  private constructor(path: string, http2: number | undefined) {
    this.path = path;
    this.#version = http2 === undefined ? [] : ['-h2', String(http2)];
  }

  /** `http2`: everything over so many HTTP/2 connections, where the server speaks it; undefined: HTTP/1.1. */
  static async build(folder: string, http2?: number): Promise<LoadProgram> {
    const path = join(mkdtempSync(join(folder, 'load-')), 'load');
    await promisify(execFile)('go', ['build', '-o', path, '.'], {
      cwd: SOURCE,
      timeout: BUILD_TIMEOUT_MS,
    }).catch((error: unknown) => {
      if ((error as ExecFileException).code !== 'ENOENT') throw error;
      throw new WrongSetting('there is no go in PATH: the load generator is built with it');
    });
    return new LoadProgram(path, http2);
  }

  async certificates(folder: string): Promise<void> {
    await promisify(execFile)(this.path, ['certs', '-dir', folder]);
  }

  /** Rejects with an AbortError once `stop` was called. */
  async run(args: readonly string[], seconds: number): Promise<Measurement> {
    const { stdout } = await promisify(execFile)(this.path, ['run', ...this.#version, ...args], {
      timeout: Math.ceil(seconds * 1_000) + RUN_GRACE_MS,
      signal: this.#stopped.signal,
    });
    return JSON.parse(stdout) as Measurement;
  }

  /** Ends the measurement that runs: hubs and agents wait for requests in flight. */
  stop(): void {
    this.#stopped.abort();
  }
}

/** Of a run that failed: nothing but why. Throws the error when somebody ended the run (Ctrl-C), which tells nothing about the system. */
export function failedMeasurement(error: unknown): Measurement {
  const { stderr, message, name, signal, killed } = error as ExecFileException;
  if (name === 'AbortError' || (typeof signal === 'string' && killed !== true)) throw error;
  const said = stderr?.trim().split('\n').at(-1) ?? '';
  return {
    ...{ requests: 0, errors: 1, error: said === '' ? message : said },
    ...{ seconds: 0, perSecond: 0, p50Ms: 0, p99Ms: 0, maxMs: 0, megabytesPerSecond: 0 },
    ...{ besideMegabytesPerSecond: 0, cpuMs: {}, peakMiB: {} },
  };
}
