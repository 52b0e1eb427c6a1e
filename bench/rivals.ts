import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../test/kubernetes/index.ts';
import { runsAt } from './namespaces.ts';
import { direct, hubAddress, lineTo, pidOf, startProgram, type BenchWorld, type System } from './systems.ts';

const BEARER = 'bench';
const KONNECTIVITY = ['anp-server', 'anp-agent'];
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'anp-connect': KONNECTIVITY,
  'anp-gw': [...KONNECTIVITY, 'gateway'],
  'anp-gw-fresh': [...KONNECTIVITY, 'gateway'],
  mct: ['mct-server', 'mct-bench-agent'],
};

export function rivalNames(): readonly string[] {
  return Object.keys(PROGRAMS);
}

/** Those whose programs are in the folder (`bench/rivals/build.sh` puts them there). */
export function rivalsIn(binaries: string): readonly string[] {
  return rivalNames().filter((name) =>
    PROGRAMS[name]?.every((program) => existsSync(join(binaries, program))),
  );
}

/** Those of the wanted rivals whose programs are in the folder. */
export async function startRivals(
  world: BenchWorld,
  binaries: string,
  wanted: (name: string) => boolean,
): Promise<System[]> {
  const rivals = new Rivals(world, binaries);
  const starts: Readonly<Record<string, () => Promise<System>>> = {
    'anp-connect': () => rivals.connect(),
    'anp-gw': () => rivals.gateway('anp-gw', []),
    'anp-gw-fresh': () => rivals.gateway('anp-gw-fresh', ['-fresh']),
    mct: () => rivals.multiclustertunnel(),
  };
  const systems: System[] = [];
  for (const name of rivalsIn(binaries).filter(wanted)) {
    const system = await starts[name]?.();
    if (system !== undefined) systems.push(system);
  }
  return systems;
}

class Rivals {
  readonly #world: BenchWorld;
  readonly #binaries: string;
  readonly #ca: string;

  constructor(world: BenchWorld, binaries: string) {
    this.#world = world;
    this.#binaries = binaries;
    this.#ca = join(world.certificates, 'ca.crt');
  }

  /** Raw TCP by HTTP CONNECT over mutual TLS: the load generator carries the TLS to the upstream itself. */
  async connect(): Promise<System> {
    const { port, pids } = await this.#konnectivity('anp-connect', 'http-connect');
    const [certificate, key] = this.#pair('client');
    return {
      name: 'anp-connect',
      args: [
        ...direct(this.#world).args,
        ...['-proxy', `127.0.0.1:${port}`, '-proxy-ca', this.#ca],
        ...['-proxy-cert', certificate, '-proxy-key', key],
      ],
      pids,
    };
  }

  /** An HTTPS reverse proxy in front of konnectivity's gRPC mode: connections are pooled, or made for each request (`-fresh`). */
  async gateway(name: string, flags: readonly string[]): Promise<System> {
    const { port: proxy, pids } = await this.#konnectivity(name, 'grpc');
    const port = await freePort();
    const [serverCertificate, serverKey] = this.#pair('server');
    const [clientCertificate, clientKey] = this.#pair('client');
    const gateway = startProgram(this.#world, `${name}-gateway`, [
      ...[this.#path('gateway'), '-listen', `127.0.0.1:${port}`, ...flags],
      ...['-cert', serverCertificate, '-key', serverKey],
      ...['-target', `https://${this.#world.upstream}`, '-proxy', `127.0.0.1:${proxy}`, '-ca', this.#ca],
      ...['-client-cert', clientCertificate, '-client-key', clientKey],
    ]);
    return { name, args: this.#bearerArgs(port), pids: { ...pids, gateway: pidOf(gateway) } };
  }

  /** Its own server, and its agent library behind a router that sends everything to the upstream; no token is checked. */
  async multiclustertunnel(): Promise<System> {
    const world = this.#world;
    const [http, grpc] = [await freePort(), await freePort()];
    const [certificate, key] = this.#pair('server');
    const server = startProgram(world, 'mct-server', [
      ...[this.#path('mct-server'), '-v', '0'],
      ...['-http-address', `127.0.0.1:${http}`, '-http-cert-file', certificate, '-http-key-file', key],
      ...['-grpc-address', `${hubAddress(world)}:${grpc}`, '-grpc-cert-file', certificate],
      ...['-grpc-key-file', key],
    ]);
    const { host, port } = await lineTo(world, 'mct', grpc);
    const agent = startProgram(world, 'mct-agent', [
      ...[...runsAt(world.far), this.#path('mct-bench-agent'), '-hub', `${host}:${port}`],
      ...['-cluster', 'cluster-a', '-target', world.upstream, '-ca', this.#ca],
      ...['-socket', join(world.folder, 'mct.sock')],
    ]);
    return {
      name: 'mct',
      args: this.#bearerArgs(http),
      pids: { server: pidOf(server), agent: pidOf(agent) },
    };
  }

  async #konnectivity(name: string, mode: string): Promise<{ port: number; pids: Record<string, number> }> {
    const world = this.#world;
    const ports: number[] = [];
    for (let i = 0; i < 6; i++) ports.push(await freePort());
    const [port = 0, agentPort = 0, health = 0, admin = 0, agentAdmin = 0, agentHealth = 0] = ports;
    const [serverCertificate, serverKey] = this.#pair('server');
    const [clientCertificate, clientKey] = this.#pair('client');
    const server = startProgram(world, `${name}-server`, [
      ...[this.#path('anp-server'), '--mode', mode, '-v', '0'],
      ...['--server-bind-address', '127.0.0.1', '--server-port', String(port)],
      ...['--agent-bind-address', hubAddress(world), '--agent-port', String(agentPort)],
      ...['--health-bind-address', '127.0.0.1', '--health-port', String(health)],
      ...['--admin-port', String(admin)],
      ...['--server-ca-cert', this.#ca, '--server-cert', serverCertificate, '--server-key', serverKey],
      ...['--cluster-ca-cert', this.#ca, '--cluster-cert', serverCertificate, '--cluster-key', serverKey],
    ]);
    const dialled = await lineTo(world, `${name}-agent`, agentPort);
    const agent = startProgram(world, `${name}-agent`, [
      ...[...runsAt(world.far), this.#path('anp-agent'), '-v', '0'],
      ...['--proxy-server-host', dialled.host, '--proxy-server-port', String(dialled.port)],
      ...['--admin-server-port', String(agentAdmin), '--health-server-port', String(agentHealth)],
      ...['--ca-cert', this.#ca, '--agent-cert', clientCertificate, '--agent-key', clientKey],
    ]);
    return { port, pids: { server: pidOf(server), agent: pidOf(agent) } };
  }

  #bearerArgs(port: number): readonly string[] {
    return ['-url', `https://127.0.0.1:${port}/cluster-a`, '-ca', this.#ca, '-bearer', BEARER];
  }

  #path(program: string): string {
    return join(this.#binaries, program);
  }

  #pair(name: string): [string, string] {
    const { certificates } = this.#world;
    return [join(certificates, `${name}.crt`), join(certificates, `${name}.key`)];
  }
}
