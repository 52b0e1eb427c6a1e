import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FAR_VARIABLE, type TcpSettings } from './namespaces.ts';
import { idleRivalNames, idleRivalsIn, rivalNames, rivalsIn } from './rival-programs.ts';
import type { Line } from './systems.ts';
import { WrongSetting } from './wrong-setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface BenchSettings {
  readonly rounds: number;
  /** Per point. */
  readonly seconds: number;
  /** Only these; undefined: see `caseSystems` and `scaleSystems`. */
  readonly systems: readonly string[] | undefined;
  /** Another checkout, measured beside this one as `base`: what a change is worth. */
  readonly base: string | undefined;
  readonly nodeOptions: string | undefined;
  /** HTTP/2 connections of the load generator; undefined: HTTP/1.1. */
  readonly http2: number | undefined;
  /** The folder of the rivals' programs. */
  readonly rivals: string | undefined;
  /** A file for the measurements. */
  readonly json: string | undefined;
  readonly line: Line | undefined;
  /** The line is between two network namespaces. */
  readonly isBetweenNamespaces: boolean;
  readonly tcp: TcpSettings;
}

/** Through a real kube-apiserver. */
export const AGGREGATED = ['apiserver-mctunnel', 'apiserver-trivial'];
const OWN_SYSTEMS = ['direct', 'mctunnel', ...AGGREGATED];
/** `mctunnel` otherwise: measured only when named. */
const VARIANTS = ['mctunnel-1000', 'mctunnel-audit'];
/** Without an agent there is no line between agent and hub. */
const NOT_RELAYED = ['direct', 'apiserver-trivial'];
/** They offer HTTP/1.1 only, or are asked through a proxy. */
const NO_HTTP2 = ['direct', 'mctunnel', ...VARIANTS, 'base', 'anp-connect', 'anp-grpc'];
/** The one of them that `scale` measures. */
const SCALED = 'mctunnel';
/** As Go writes them. */
const DURATION = /^\d{1,4}(\.\d{1,3})?(us|µs|ms|s)$/;
/** Longer waits overflow a timer. */
const MAX_SECONDS = 86_400;
const MIN_SECONDS = 0.1;
const MIN_TCP_BUFFER_BYTES = 16_384;

/** What each kind of run reads: the cases that `benchCases` has, `clusters`, `scale`. */
const READ = {
  cases: [
    ...['BENCH_ROUNDS', 'BENCH_SECONDS', 'BENCH_SYSTEMS', 'BENCH_RIVALS', 'BENCH_BASE', 'BENCH_NODE_OPTIONS'],
    ...['BENCH_HTTP2', 'BENCH_JSON', 'BENCH_DELAY', 'BENCH_MBIT', 'BENCH_NAMESPACES', 'BENCH_TCP_BUFFER'],
    ...['BENCH_TCP_CONGESTION', FAR_VARIABLE],
  ],
  clusters: ['BENCH_REGISTRATIONS', 'BENCH_AGENTS', 'BENCH_ROUNDS', 'BENCH_REST_SECONDS', 'BENCH_JSON'],
  scale: [
    ...['BENCH_AGENTS', 'BENCH_SETTLE_SECONDS', 'BENCH_REST_SECONDS', 'BENCH_OUTAGE_SECONDS', 'BENCH_ROUNDS'],
    ...['BENCH_RIVALS', 'BENCH_SYSTEMS', 'BENCH_JSON'],
  ],
} as const;
/** What Node's and Go's programs are told by their environment. */
const RUNTIMES = [
  ...['NODE_OPTIONS', 'UV_THREADPOOL_SIZE', 'LD_PRELOAD'],
  ...['GODEBUG', 'GOGC', 'GOMAXPROCS', 'GOMEMLIMIT'],
];
const CONGESTION_CONTROLS = '/proc/sys/net/ipv4/tcp_allowed_congestion_control';

/** Throws `WrongSetting` for a variable that would be left out without a word. */
export function refuseUnread(env: Environment, run: keyof typeof READ): void {
  const read: readonly string[] = READ[run];
  const set = Object.keys(env).filter((name) => text(env, name) !== undefined);
  const inherited = set.find((name) => name.startsWith('MCTUNNEL_') || RUNTIMES.includes(name));
  if (inherited !== undefined) {
    throw new WrongSetting(`${inherited} would change the programs that are measured; unset it`);
  }
  const unread = set.find((name) => name.startsWith('BENCH_') && !read.includes(name));
  if (unread === undefined) return;
  const known = read.filter((name) => name !== FAR_VARIABLE).join(' ');
  throw new WrongSetting(`${unread}: not read with ${run} (${known} are)`);
}

export function benchSettings(env: Environment): BenchSettings {
  const base = text(env, 'BENCH_BASE');
  if (base !== undefined && !existsSync(join(base, 'src/cli/main.ts'))) {
    throw new WrongSetting(`BENCH_BASE: no checkout of mctunnel in ${base}`);
  }
  const rivals = text(env, 'BENCH_RIVALS');
  if (rivals !== undefined && rivalsIn(rivals).length + idleRivalsIn(rivals).length === 0) {
    throw new WrongSetting(
      `BENCH_RIVALS: no rival's programs in ${rivals} (bench/rivals/build.sh puts them into bin)`,
    );
  }
  const named = systems(env, { base, rivals });
  const http2 = http2Connections(env);
  if (http2 !== undefined && named?.every((name) => !NO_HTTP2.includes(name)) !== true) {
    throw new WrongSetting(
      'BENCH_HTTP2: name systems that speak it in BENCH_SYSTEMS, such as apiserver-mctunnel',
    );
  }
  const line = lineSettings(env);
  const lineless = named?.find((name) => linelessSystems(line).includes(name));
  if (lineless !== undefined) {
    throw new WrongSetting(
      line.isBetweenNamespaces
        ? `BENCH_NAMESPACES: not with ${lineless}, whose hub listens on 127.0.0.1`
        : `BENCH_DELAY: needs BENCH_NAMESPACES=1 for ${lineless}, which no relay stands before`,
    );
  }
  if (base !== undefined && named?.includes('base') === false) {
    throw new WrongSetting('BENCH_BASE: base is not among BENCH_SYSTEMS');
  }
  const nodeOptions = text(env, 'BENCH_NODE_OPTIONS');
  if (nodeOptions !== undefined && named?.includes('mctunnel') === false) {
    throw new WrongSetting('BENCH_NODE_OPTIONS: of mctunnel only, which is not among BENCH_SYSTEMS');
  }
  return {
    rounds: whole(env, 'BENCH_ROUNDS', 3),
    seconds: secondsPerPoint(env),
    systems: named,
    base,
    http2,
    nodeOptions,
    rivals,
    json: writable(env, 'BENCH_JSON'),
    ...line,
  };
}

function http2Connections(env: Environment): number | undefined {
  return text(env, 'BENCH_HTTP2') === undefined ? undefined : whole(env, 'BENCH_HTTP2', 1);
}

/** As `whole`, and at most a day. */
export function wholeSeconds(env: Environment, name: string, otherwise: number): number {
  const asked = whole(env, name, otherwise);
  if (asked > MAX_SECONDS) throw new WrongSetting(`${name}: more than a day: ${asked}`);
  return asked;
}

/** A whole number of at least one. */
export function whole(env: Environment, name: string, otherwise: number): number {
  const asked = text(env, name);
  return asked === undefined ? otherwise : wholeNumber(name, asked);
}

/** Whole numbers with commas between them. */
export function wholes(env: Environment, name: string, otherwise: readonly number[]): readonly number[] {
  return (
    text(env, name)
      ?.split(',')
      .map((one) => wholeNumber(name, one)) ?? otherwise
  );
}

function wholeNumber(name: string, asked: string): number {
  if (!/^[1-9]\d{0,8}$/.test(asked))
    throw new WrongSetting(`${name}: not a whole number of at least 1: ${asked}`);
  return Number(asked);
}

function secondsPerPoint(env: Environment): number {
  const asked = positive(env, 'BENCH_SECONDS') ?? 4;
  if (asked < MIN_SECONDS || asked > MAX_SECONDS) {
    throw new WrongSetting(`BENCH_SECONDS: not from ${MIN_SECONDS} to ${MAX_SECONDS}: ${asked}`);
  }
  return asked;
}

function positive(env: Environment, name: string): number | undefined {
  const asked = text(env, name);
  if (asked === undefined) return undefined;
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(asked) || Number(asked) === 0) {
    throw new WrongSetting(`${name}: not a number above 0: ${asked}`);
  }
  return Number(asked);
}

/** An empty one is as good as none. */
function text(env: Environment, name: string): string | undefined {
  const asked = env[name];
  return asked === '' ? undefined : asked;
}

function systems(
  env: Environment,
  { base, rivals }: { readonly base: string | undefined; readonly rivals: string | undefined },
): readonly string[] | undefined {
  const named = text(env, 'BENCH_SYSTEMS')?.split(',');
  if (named === undefined) return undefined;
  for (const name of named) {
    if (name === 'base' && base === undefined) throw new WrongSetting('BENCH_SYSTEMS: base needs BENCH_BASE');
    if (rivalNames().includes(name)) {
      if (rivals === undefined) throw new WrongSetting(`BENCH_SYSTEMS: ${name} needs BENCH_RIVALS`);
      if (!rivalsIn(rivals).includes(name)) {
        throw new WrongSetting(`BENCH_SYSTEMS: the programs of ${name} are not in ${rivals}`);
      }
    } else if (name !== 'base' && ![...OWN_SYSTEMS, ...VARIANTS].includes(name)) {
      const known = [...OWN_SYSTEMS, ...VARIANTS, 'base', ...rivalNames()].join(' ');
      throw new WrongSetting(`BENCH_SYSTEMS: no such system: ${name} (there are ${known})`);
    }
  }
  return named;
}

/** What the cases measure: what BENCH_SYSTEMS names, or all that the line allows. */
export function caseSystems({
  systems,
  rivals,
  base,
  ...line
}: Pick<BenchSettings, 'systems' | 'rivals' | 'base' | 'line' | 'isBetweenNamespaces'>): readonly string[] {
  if (systems !== undefined) return systems;
  const lineless = linelessSystems(line);
  return [
    ...OWN_SYSTEMS.filter((name) => !lineless.includes(name)),
    ...(base === undefined ? [] : ['base']),
    ...(rivals === undefined ? [] : rivalsIn(rivals)),
  ];
}

/** Those that a line cannot be put before. */
function linelessSystems({
  line,
  isBetweenNamespaces,
}: Pick<BenchSettings, 'line' | 'isBetweenNamespaces'>): readonly string[] {
  if (isBetweenNamespaces) return AGGREGATED;
  return line === undefined ? [] : NOT_RELAYED;
}

/** What `scale` measures. */
export function scaleSystems({
  systems,
  rivals,
}: Pick<BenchSettings, 'systems' | 'rivals'>): readonly string[] {
  const there = [SCALED, ...(rivals === undefined ? [] : idleRivalsIn(rivals))];
  for (const name of systems ?? []) {
    if (name !== SCALED && !idleRivalNames().includes(name)) {
      const known = [SCALED, ...idleRivalNames()].join(' ');
      throw new WrongSetting(`BENCH_SYSTEMS: scale knows no ${name} (there are ${known})`);
    }
    if (!there.includes(name)) {
      throw new WrongSetting(`BENCH_SYSTEMS: BENCH_RIVALS lacks the programs of ${name} for scale`);
    }
  }
  return there.filter((name) => systems?.includes(name) ?? true);
}

/** It is written when everything has been measured: too late to find out that it cannot be. */
function writable(env: Environment, name: string): string | undefined {
  const file = text(env, name);
  if (file === undefined) return undefined;
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch {
    throw new WrongSetting(`${name}: ${file} cannot be written`);
  }
  if (existsSync(file) && statSync(file).isDirectory())
    throw new WrongSetting(`${name}: ${file} is a folder`);
  return file;
}

function lineSettings(env: Environment): Pick<BenchSettings, 'line' | 'isBetweenNamespaces' | 'tcp'> {
  const delay = text(env, 'BENCH_DELAY');
  const megabits = positive(env, 'BENCH_MBIT');
  const namespaces = text(env, 'BENCH_NAMESPACES');
  const congestionControl = text(env, 'BENCH_TCP_CONGESTION');
  const bufferBytes = text(env, 'BENCH_TCP_BUFFER');
  if (delay === undefined) {
    const lost = ['BENCH_MBIT', 'BENCH_NAMESPACES'].find((name) => text(env, name) !== undefined);
    if (lost !== undefined) throw new WrongSetting(`${lost} needs BENCH_DELAY, such as 25ms`);
  } else if (!DURATION.test(delay)) {
    throw new WrongSetting(`BENCH_DELAY: not a time such as 25ms: ${delay}`);
  }
  if (namespaces !== undefined && namespaces !== '1') {
    throw new WrongSetting(`BENCH_NAMESPACES: 1 or nothing, not ${namespaces}`);
  }
  if (namespaces === undefined) {
    const lost = ['BENCH_TCP_BUFFER', 'BENCH_TCP_CONGESTION'].find((name) => text(env, name) !== undefined);
    if (lost !== undefined) throw new WrongSetting(`${lost} needs BENCH_NAMESPACES=1`);
  } else if (process.getuid?.() !== 0) {
    throw new WrongSetting('BENCH_NAMESPACES=1 needs root');
  }
  if (bufferBytes !== undefined && wholeNumber('BENCH_TCP_BUFFER', bufferBytes) < MIN_TCP_BUFFER_BYTES) {
    throw new WrongSetting(`BENCH_TCP_BUFFER: less than ${MIN_TCP_BUFFER_BYTES} bytes: ${bufferBytes}`);
  }
  if (congestionControl !== undefined) {
    const allowed = readFileSync(CONGESTION_CONTROLS, 'utf8').trim().split(' ');
    if (!allowed.includes(congestionControl)) {
      throw new WrongSetting(
        `BENCH_TCP_CONGESTION: ${congestionControl} is not in net.ipv4.tcp_allowed_congestion_control (${allowed.join(' ')})`,
      );
    }
  }
  return {
    line: delay === undefined ? undefined : { delay, megabits },
    isBetweenNamespaces: namespaces !== undefined,
    tcp: { bufferBytes, congestionControl },
  };
}
