import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Closer } from '../src/lib/closer.ts';
import { freePort, type User } from '../test/kubernetes/index.ts';
import { Process } from '../test/kubernetes/process.ts';
import { createToken } from '../test/support/enrol.ts';
import { LastingClient } from '../test/support/lasting-client.ts';
import { MctunnelProcess } from '../test/support/mctunnel.ts';
import { startStandaloneHub } from '../test/support/standalone-hub.ts';
import { registerCluster } from './registrations.ts';
import { runsAt, type FarEnd } from './namespaces.ts';
import type { LoadProgram } from './program.ts';

/** A way from the load generator to the upstream. */
export interface System {
  readonly name: string;
  /** Flags of the load generator that lead there. */
  readonly args: readonly string[];
  /** Its own processes by name, whose CPU time counts. */
  readonly pids: Readonly<Record<string, number>>;
  /** Starts it again before each measurement, and nothing warms it up: what does not bear longer use. */
  readonly restart?: () => Promise<void>;
}

export interface BenchWorld {
  readonly folder: string;
  readonly load: LoadProgram;
  readonly closer: Closer;
  /** Holds ca.crt, server.crt, server.key, client.crt, client.key. */
  readonly certificates: string;
  /** `127.0.0.1:port` */
  readonly upstream: string;
  /** The line between agents and hubs; undefined: the machine's own. */
  readonly line?: Line | undefined;
  /** Agents and the upstream are in another network namespace, at the end of that line. */
  readonly far?: FarEnd | undefined;
}

export interface Line {
  /** One way, as Go writes durations: `25ms`. */
  readonly delay: string;
  /** Megabits per second; undefined: no limit. */
  readonly megabits?: number | undefined;
}

export function startProgram(world: BenchWorld, name: string, command: readonly string[]): Process {
  const [path = '', ...args] = command;
  const process = new Process({
    name,
    path,
    args,
    env: {},
    logFile: join(world.folder, `${name}.log`),
    plane: 'bench',
    orphanSignal: 'KILL',
  });
  process.start();
  world.closer.add(name, () => process.stop(1_000));
  return process;
}

export function pidOf(process: Process): number {
  if (process.pid === undefined) throw new Error(`${process.name} has ended:\n${process.logTail()}`);
  return process.pid;
}

export async function startUpstream(world: Omit<BenchWorld, 'upstream'>): Promise<BenchWorld> {
  const { certificates, far } = world;
  const upstream = `${far?.address ?? '127.0.0.1'}:${await freePort()}`;
  const started = { ...world, upstream };
  startProgram(started, 'upstream', [
    ...runsAt(far),
    ...[world.load.path, 'upstream', '-listen', upstream],
    ...['-cert', join(certificates, 'server.crt'), '-key', join(certificates, 'server.key')],
  ]);
  return started;
}

/** Where an agent dials this port of a hub that listens on `hubAddress`. */
export async function lineTo(world: BenchWorld, name: string, port: number): Promise<Destination> {
  const { line, load, far } = world;
  const host = hubAddress(world);
  if (line === undefined || far !== undefined) return { host, port };
  const near = await freePort();
  startProgram(world, `${name}-line`, [
    ...[load.path, 'relay', '-listen', `127.0.0.1:${near}`, '-to', `127.0.0.1:${port}`],
    ...['-delay', line.delay, '-mbit', String(line.megabits ?? 0)],
  ]);
  return { host, port: near };
}

interface Destination {
  readonly host: string;
  readonly port: number;
}

/** Where a hub listens for agents. */
export function hubAddress({ far }: BenchWorld): string {
  return far?.nearAddress ?? '127.0.0.1';
}

export function direct(world: BenchWorld): System {
  const args = ['-url', `https://${world.upstream}`, '-ca', join(world.certificates, 'ca.crt')];
  return { name: 'direct', args, pids: {} };
}

/** Flags of a hub whose limits are above what any case opens. */
export const HIGH_LIMITS: readonly string[] = [
  ...['--max-in-flight-per-user', '100000', '--max-in-flight-per-cluster', '100000'],
  ...['--max-gateway-connections', '15000'],
];
const CLUSTER = 'bench';
export const PROXY_PATH = `/apis/gateway.mctunnel.io/v1/clusters/${CLUSTER}/proxy`;

export interface MctunnelVariant {
  readonly name: string;
  /** The root of a checkout; undefined: this one. */
  readonly checkout?: string | undefined;
  /** NODE_OPTIONS of hub and agent. */
  readonly nodeOptions?: string | undefined;
  /** Clusters that are registered at its hub; default 1. */
  readonly registered?: number;
  /** Hub and agent write audit logs. */
  readonly isAudited?: boolean;
}

/** A standalone hub, called by its administrator with a client certificate, and an agent whose member is the upstream. */
export async function startMctunnel(base: BenchWorld, variant: MctunnelVariant): Promise<System> {
  const folder = join(base.folder, variant.name);
  mkdirSync(folder);
  const world = { ...base, folder };
  const { closer } = world;
  const { checkout, nodeOptions } = variant;
  const env: Record<string, string> = nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions };
  const main = checkout === undefined ? undefined : join(checkout, 'src/cli/main.ts');
  const audit = (name: string): readonly string[] =>
    variant.isAudited === true ? ['--audit-log', join(folder, `${name}-audit.log`)] : [];
  const create = (name: 'hub' | 'agent', args: readonly string[]): MctunnelProcess =>
    new MctunnelProcess(
      name,
      [...args, ...audit(name)],
      env,
      main,
      name === 'agent' ? runsAt(world.far) : [],
    );
  const address = hubAddress(world);
  const hub = await startStandaloneHub(
    join(folder, 'hub'),
    [...HIGH_LIMITS, '--tunnel-listen', `${address}:0`, '--advertise', `localhost,127.0.0.1,${address}`],
    (args) => create('hub', args),
  );
  closer.add('hub', () => hub.process.stop());
  await registerOthers(hub.admin, variant.registered ?? 1);
  const agent = await startAgent(world, hub, (args) => create('agent', args));
  return {
    name: variant.name,
    args: [
      ...['-url', `https://127.0.0.1:${hub.gateway.port}${PROXY_PATH}`],
      ...clientArgs(folder, hub.gateway.ca, hub.admin),
    ],
    pids: { hub: hub.process.pid, agent: agent.pid },
  };
}

/** Clusters without an agent, so that with the measured one there are `count`. */
async function registerOthers(admin: User, count: number): Promise<void> {
  const client = new LastingClient(admin.kubeconfig);
  try {
    for (let i = 1; i < count; i++) await registerCluster(client, `other-${i}`);
  } finally {
    client.close();
  }
}

/** The agent of the measured cluster, connected. The closer stops it. */
export async function startAgent(
  world: BenchWorld,
  hub: { readonly tunnelPort: number; readonly admin: User },
  create = (args: readonly string[]) => new MctunnelProcess('agent', args),
): Promise<MctunnelProcess> {
  const { token, hubCaHash } = await createToken(CLUSTER, hub.admin.kubeconfig);
  const kubeconfig = join(world.folder, 'member.kubeconfig');
  writeFileSync(kubeconfig, memberKubeconfig(world));
  const { host, port } = await lineTo(world, 'agent', hub.tunnelPort);
  const agent = create([
    ...['--hub', `${host}:${port}`],
    ...['--cluster', CLUSTER, '--kubeconfig', kubeconfig, '--data-dir', join(world.folder, 'agent')],
    ...['--bootstrap-token', token, '--hub-ca-hash', hubCaHash],
  ]);
  agent.start();
  world.closer.add('agent', () => agent.stop());
  await agent.logged('connected to the hub');
  return agent;
}

/** Flags of the load generator for a server with this CA, and a user with a client certificate. */
export function clientArgs(folder: string, ca: string, { credentials }: User): readonly string[] {
  if (!('certificate' in credentials)) throw new Error('the administrator has no client certificate');
  const file = (name: string, text: string): string => {
    const path = join(folder, `client-${name}`);
    writeFileSync(path, text);
    return path;
  };
  return [
    ...['-ca', file('ca.crt', ca)],
    ...['-cert', file('client.crt', credentials.certificate), '-key', file('client.key', credentials.key)],
  ];
}

function memberKubeconfig({ certificates, upstream }: BenchWorld): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'member',
    contexts: [{ name: 'member', context: { cluster: 'member', user: 'agent' } }],
    clusters: [
      {
        name: 'member',
        cluster: { server: `https://${upstream}`, 'certificate-authority': join(certificates, 'ca.crt') },
      },
    ],
    users: [{ name: 'agent', user: { token: 'bench' } }],
  });
}
