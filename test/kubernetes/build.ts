/**
 * Builds what is missing of the programs that the tests run, once, into the user's cache folder:
 *
 *     node test/kubernetes/build.ts
 */
import { spawn } from 'node:child_process';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { leashed } from './process.ts';
import {
  buildFolder,
  builtPath,
  cacheFolder,
  findProgram,
  hasGo,
  linkerFlags,
  moduleFolder,
  programs,
  type Program,
  type ProgramName,
} from './programs.ts';

/** The paths of the executables. */
export type Programs = Readonly<Record<ProgramName, string>>;

/** How much of a failing build's output is shown. */
const maxOutputBytes = 16 * 1024;
const progressIntervalMs = 10_000;
const buildsKept = 3;

/**
 * The executables, after building those that are missing. A second run that comes in between waits for the first.
 * `report` gets one line of progress at a time (default: to standard error).
 *
 * @throws Error with one line that says what to do (no Go) or with the end of the compiler's output.
 */
export async function buildPrograms(
  names: readonly ProgramName[] = programs
    .filter(({ onDemand }) => onDemand !== true)
    .map((program) => program.name),
  report: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<Programs> {
  if (names.some((name) => findProgram(name) === undefined)) {
    if (!hasGo()) {
      throw new Error(
        'no Go on the PATH to build Kubernetes with; install Go 1.26 or set KUBEBUILDER_ASSETS',
      );
    }
    const lock = await lockBuilds(report);
    try {
      const missing = programs.filter(
        (program) => names.includes(program.name) && findProgram(program.name) === undefined,
      );
      for (const [index, program] of missing.entries()) {
        await build(program, `[${index + 1}/${missing.length}]`, report);
      }
    } finally {
      lock.close();
    }
  }
  const paths = programs.map(
    (program) => [program.name, findProgram(program.name) ?? builtPath(program)] as const,
  );
  return Object.fromEntries(paths) as Record<ProgramName, string>;
}

async function build(program: Program, count: string, report: (line: string) => void): Promise<void> {
  const title = `${count} building ${program.name} ${program.version}`;
  report(
    `${title}: once, then it is kept in ${buildFolder(program)}; takes about ${duration(program.usualSeconds)}`,
  );
  const startedAt = Date.now();
  const elapsed = (): string => duration(Math.round((Date.now() - startedAt) / 1000));
  const progress = setInterval(() => report(`${title}: ${elapsed()} so far`), progressIntervalMs);
  const target = builtPath(program);
  const unfinished = `${target}.${process.pid}.unfinished`;
  await mkdir(dirname(target), { recursive: true });
  try {
    const packagePath = program.module === 'kubernetes' ? `./${program.name}` : '.';
    await go(program, [
      'build',
      '-trimpath',
      '-ldflags',
      linkerFlags(program),
      '-o',
      unfinished,
      packagePath,
    ]);
    // A rename is atomic: nobody ever sees half a program.
    await rename(unfinished, target);
  } finally {
    clearInterval(progress);
    await rm(unfinished, { force: true });
  }
  await removeOldBuilds(program);
  report(`${title}: done in ${elapsed()}`);
}

async function go(program: Program, args: readonly string[]): Promise<void> {
  const [file, argv] = leashed('nice', ['-n', '10', 'go', ...args], 'TERM');
  const child = spawn(file, argv, {
    cwd: moduleFolder(program.module),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-maxOutputBytes);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new Error(
      `go ${args[0] ?? ''} of ${program.name} failed with status ${code ?? 'signal'}:\n${output}`,
    );
  }
}

/** Keeps the newest few builds of a program: a changed source must not fill the disk over the years. */
async function removeOldBuilds(program: Program): Promise<void> {
  const ours = (await readdir(cacheFolder())).filter((name) => name.startsWith(`${program.name}-v`));
  const dated = await Promise.all(
    ours.map(async (name) => ({ name, at: (await stat(join(cacheFolder(), name))).mtimeMs })),
  );
  dated.sort((a, b) => b.at - a.at);
  for (const { name } of dated.slice(buildsKept)) {
    await rm(join(cacheFolder(), name), { recursive: true, force: true });
  }
}

/**
 * One run builds at a time. The lock is a listening socket in Linux' abstract namespace: the kernel frees it with the
 * process, however that dies, so that no lock is ever stale. Who finds it taken waits for the holder's connection to end.
 */
async function lockBuilds(report: (line: string) => void): Promise<Server> {
  const path = `\0mctunnel-kubernetes-${createHash('sha256').update(cacheFolder()).digest('hex').slice(0, 16)}`;
  let told = false;
  for (;;) {
    const lock = createServer(() => undefined);
    try {
      lock.listen({ path });
      await once(lock, 'listening');
      lock.unref();
      const close = lock.close.bind(lock);
      const waiting = new Set<Socket>();
      lock.on('connection', (socket) => {
        waiting.add(socket);
        socket.on('error', () => undefined).on('close', () => waiting.delete(socket));
      });
      lock.close = (callback) => {
        close(callback);
        for (const socket of waiting) socket.destroy();
        return lock;
      };
      return lock;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
    if (!told) report('another run is building Kubernetes for the tests; waiting for it');
    told = true;
    await new Promise<void>((resolve) => {
      connect({ path })
        .on('error', () => undefined)
        .on('close', () => resolve())
        .resume();
    });
  }
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const paths = await buildPrograms();
    for (const { name, onDemand } of programs) {
      if (onDemand !== true) process.stdout.write(`${name}\t${paths[name]}\n`);
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
