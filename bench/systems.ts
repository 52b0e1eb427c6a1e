import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Closer } from '../src/lib/closer.ts';
import { freePort } from '../test/kubernetes/index.ts';
import { Process } from '../test/kubernetes/process.ts';
import { createToken } from '../test/support/enrol.ts';
import { MctunnelProcess } from '../test/support/mctunnel.ts';
import { startStandaloneHub } from '../test/support/standalone-hub.ts';
import type { LoadProgram } from './program.ts';

/** A way from the load generator to the upstream. */
export interface System {
  readonly name: string;
  /** Flags of the load generator that lead there. */
  readonly args: readonly string[];
  /** Its own processes by name, whose CPU time counts. */
  readonly pids: Readonly<Record<string, number>>;
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
}

export interface Line {
  /** One way, as Go writes durations: `25ms`. */
  readonly delay: string;
  /** Megabits per second; undefined: no limit. */
  readonly megabits?: number | undefined;
}

function start(world: BenchWorld, name: string, path: string, args: readonly string[]): Process {
  const process = new Process({
    name,
    path,
    args: [...args],
    env: {},
    logFile: join(world.folder, `${name}.log`),
    plane: 'bench',
    orphanSignal: 'KILL',
  });
  process.start();
  world.closer.add(name, () => process.stop(1_000));
  return process;
}

function pidOf(process: Process): number {
  if (process.pid === undefined) throw new Error(`${process.name} has ended:\n${process.logTail()}`);
  return process.pid;
}

export async function startUpstream(world: Omit<BenchWorld, 'upstream'>): Promise<BenchWorld> {
  const upstream = `127.0.0.1:${await freePort()}`;
  const started = { ...world, upstream };
  const { certificates } = world;
  start(started, 'upstream', world.load.path, [
    ...['upstream', '-listen', upstream],
    ...['-cert', join(certificates, 'server.crt'), '-key', join(certificates, 'server.key')],
  ]);
  return started;
}

/** The port that an agent dials for this port of a hub. */
async function lineTo(world: BenchWorld, name: string, port: number): Promise<number> {
  const { line, load } = world;
  if (line === undefined) return port;
  const near = await freePort();
  start(world, `${name}-line`, load.path, [
    ...['relay', '-listen', `127.0.0.1:${near}`, '-to', `127.0.0.1:${port}`],
    ...['-delay', line.delay, '-mbit', String(line.megabits ?? 0)],
  ]);
  return near;
}

export function direct(world: BenchWorld): System {
  const args = ['-url', `https://${world.upstream}`, '-ca', join(world.certificates, 'ca.crt')];
  return { name: 'direct', args, pids: {} };
}

/** More than any case opens. */
const MAX_IN_FLIGHT = '100000';

export interface MctunnelVariant {
  readonly name: string;
  /** The root of a checkout; undefined: this one. */
  readonly checkout?: string | undefined;
  /** NODE_OPTIONS of hub and agent. */
  readonly nodeOptions?: string | undefined;
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
  const create = (name: 'hub' | 'agent', args: readonly string[]): MctunnelProcess =>
    new MctunnelProcess(name, args, env, main);
  const cluster = 'bench';
  const hub = await startStandaloneHub(
    join(folder, 'hub'),
    ['--max-in-flight-per-user', MAX_IN_FLIGHT, '--max-in-flight-per-cluster', MAX_IN_FLIGHT],
    (args) => create('hub', args),
  );
  closer.add('hub', () => hub.process.stop());
  const { token, hubCaHash } = await createToken(cluster, hub.admin.kubeconfig);
  const kubeconfig = join(folder, 'member.kubeconfig');
  writeFileSync(kubeconfig, memberKubeconfig(world));
  const agent = create('agent', [
    ...[
      '--hub',
      `localhost:${await lineTo(world, 'agent', hub.tunnelPort)}`,
      '--cluster',
      cluster,
      '--kubeconfig',
      kubeconfig,
    ],
    ...['--data-dir', join(folder, 'agent'), '--bootstrap-token', token, '--hub-ca-hash', hubCaHash],
  ]);
  agent.start();
  closer.add('agent', () => agent.stop());
  await agent.logged('connected to the hub');
  const admin = join(folder, 'admin');
  mkdirSync(admin);
  const { credentials } = hub.admin;
  if (!('certificate' in credentials)) throw new Error('the administrator has no client certificate');
  writeFileSync(join(admin, 'ca.crt'), hub.gateway.ca);
  writeFileSync(join(admin, 'client.crt'), credentials.certificate);
  writeFileSync(join(admin, 'client.key'), credentials.key);
  return {
    name: variant.name,
    args: [
      '-url',
      `https://127.0.0.1:${hub.gateway.port}/apis/gateway.mctunnel.io/v1/clusters/${cluster}/proxy`,
      ...['-ca', join(admin, 'ca.crt')],
      ...['-cert', join(admin, 'client.crt'), '-key', join(admin, 'client.key')],
    ],
    pids: { hub: hub.process.pid, agent: agent.pid },
  };
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

/**
 * konnectivity (kubernetes-sigs/apiserver-network-proxy), whose `anp-server` and `anp-agent` are in a folder: raw TCP by HTTP CONNECT over
 * mutual TLS, and, when a `gateway` is there too, the HTTPS reverse proxy that pools its connections through the gRPC mode.
 */
export async function startRivals(world: BenchWorld, binaries: string): Promise<System[]> {
  const systems: System[] = [];
  const { certificates, upstream } = world;
  const ca = join(certificates, 'ca.crt');
  const pair = (name: string): [string, string] => [
    join(certificates, `${name}.crt`),
    join(certificates, `${name}.key`),
  ];
  const konnectivity = async (
    name: string,
    mode: string,
  ): Promise<{ port: number; pids: Record<string, number> }> => {
    const [port, agentPort, health, admin, agentAdmin, agentHealth] = await Promise.all([
      ...[freePort(), freePort(), freePort(), freePort(), freePort(), freePort()],
    ]);
    const [serverCert, serverKey] = pair('server');
    const [clientCert, clientKey] = pair('client');
    const server = start(world, `${name}-server`, join(binaries, 'anp-server'), [
      ...['--mode', mode, '-v', '0'],
      ...['--server-bind-address', '127.0.0.1', '--server-port', String(port)],
      ...['--agent-bind-address', '127.0.0.1', '--agent-port', String(agentPort)],
      ...[
        '--health-bind-address',
        '127.0.0.1',
        '--health-port',
        String(health),
        '--admin-port',
        String(admin),
      ],
      ...['--server-ca-cert', ca, '--server-cert', serverCert, '--server-key', serverKey],
      ...['--cluster-ca-cert', ca, '--cluster-cert', serverCert, '--cluster-key', serverKey],
    ]);
    const agent = start(world, `${name}-agent`, join(binaries, 'anp-agent'), [
      ...['-v', '0', '--proxy-server-host', '127.0.0.1'],
      ...['--proxy-server-port', String(await lineTo(world, `${name}-agent`, agentPort ?? 0))],
      ...['--admin-server-port', String(agentAdmin), '--health-server-port', String(agentHealth)],
      ...['--ca-cert', ca, '--agent-cert', clientCert, '--agent-key', clientKey],
    ]);
    return { port: port ?? 0, pids: { server: pidOf(server), agent: pidOf(agent) } };
  };
  if (!existsSync(join(binaries, 'anp-server'))) return systems;

  const connect = await konnectivity('anp-connect', 'http-connect');
  const [clientCert, clientKey] = pair('client');
  systems.push({
    name: 'anp-connect',
    args: [
      ...direct(world).args,
      ...['-proxy', `127.0.0.1:${connect.port}`, '-proxy-ca', ca],
      ...['-proxy-cert', clientCert, '-proxy-key', clientKey],
    ],
    pids: connect.pids,
  });
  if (existsSync(join(binaries, 'gateway'))) {
    const grpc = await konnectivity('anp-gw', 'grpc');
    const port = await freePort();
    const [serverCert, serverKey] = pair('server');
    const gateway = start(world, 'anp-gw-gateway', join(binaries, 'gateway'), [
      ...['-listen', `127.0.0.1:${port}`, '-cert', serverCert, '-key', serverKey],
      ...['-target', `https://${upstream}`, '-proxy', `127.0.0.1:${grpc.port}`, '-ca', ca],
      ...['-client-cert', clientCert, '-client-key', clientKey],
    ]);
    systems.push({
      name: 'anp-gw',
      args: ['-url', `https://127.0.0.1:${port}/cluster-a`, '-ca', ca, '-bearer', 'bench'],
      pids: { ...grpc.pids, gateway: pidOf(gateway) },
    });
  }
  return systems;
}
