import { join } from 'node:path';
import { freePort } from '../test/kubernetes/index.ts';
import type { Process } from '../test/kubernetes/process.ts';
import { runsAt } from './namespaces.ts';
import { rivalsIn } from './rival-programs.ts';
import { RivalServers } from './rival-servers.ts';
import { direct, lineTo, pidOf, startProgram, type BenchWorld, type System } from './systems.ts';

const BEARER = 'bench';
const CLUSTER = 'cluster-a';

/** Those of the wanted rivals whose programs are in the folder. */
export async function startRivals(
  world: BenchWorld,
  binaries: string,
  wanted: (name: string) => boolean,
): Promise<System[]> {
  const rivals = new Rivals(world, binaries);
  const starts: Readonly<Record<string, () => Promise<System>>> = {
    'anp-connect': () => rivals.raw('anp-connect', 'connect'),
    'anp-grpc': () => rivals.raw('anp-grpc', 'grpc'),
    'anp-gw': () => rivals.gateway('anp-gw', []),
    'anp-gw-fresh': () => rivals.gateway('anp-gw-fresh', ['-fresh']),
    mct: () => rivals.multiclustertunnel(),
    rd: () => rivals.remotedialer(),
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
  readonly #servers: RivalServers;

  constructor(world: BenchWorld, binaries: string) {
    this.#world = world;
    this.#servers = new RivalServers(world, binaries);
  }

  /**
   * Raw TCP through konnectivity over mutual TLS, by HTTP CONNECT or by gRPC, a tunnel for each connection: the load generator is the tunnel's client and carries
   * the TLS to the upstream itself.
   */
  async raw(name: string, mode: 'connect' | 'grpc'): Promise<System> {
    const { port, pids } = await this.#konnectivity(name, mode === 'grpc' ? 'grpc' : 'http-connect');
    const [certificate, key] = this.#servers.pair('client');
    return {
      name,
      args: [
        ...direct(this.#world).args,
        ...['-proxy', `127.0.0.1:${port}`, '-proxy-mode', mode, '-proxy-ca', this.#servers.ca],
        ...['-proxy-cert', certificate, '-proxy-key', key],
      ],
      pids,
    };
  }

  /** An HTTPS reverse proxy in front of konnectivity's gRPC mode: connections are pooled, or made for each request (`-fresh`). */
  async gateway(name: string, flags: readonly string[]): Promise<System> {
    const { port: proxy, pids } = await this.#konnectivity(name, 'grpc');
    const port = await freePort();
    const [serverCertificate, serverKey] = this.#servers.pair('server');
    const [clientCertificate, clientKey] = this.#servers.pair('client');
    const gateway = startProgram(this.#world, `${name}-gateway`, [
      ...[this.#servers.path('gateway'), '-listen', `127.0.0.1:${port}`, ...flags],
      ...['-cert', serverCertificate, '-key', serverKey],
      ...['-target', `https://${this.#world.upstream}`, '-proxy', `127.0.0.1:${proxy}`],
      ...['-ca', this.#servers.ca, '-client-cert', clientCertificate, '-client-key', clientKey],
    ]);
    return { name, args: this.#bearerArgs(port), pids: { ...pids, gateway: pidOf(gateway) } };
  }

  /**
   * Its own server, and its agent library behind a router that sends everything to the upstream; no token is checked. Each request leaves an idle connection to the
   * upstream behind, for 90 s, until agent or upstream have no file descriptors left: so it begins each measurement anew.
   */
  async multiclustertunnel(): Promise<System> {
    const world = this.#world;
    const server = await this.#servers.multiclustertunnel();
    const { host, port } = await lineTo(world, 'mct', server.agentPort);
    const agent = startProgram(world, 'mct-agent', [
      ...[...runsAt(world.far), this.#servers.path('mct-bench-agent'), '-hub', `${host}:${port}`],
      ...['-cluster', CLUSTER, '-target', world.upstream, '-ca', this.#servers.ca],
      ...['-socket', join(world.folder, 'mct.sock')],
    ]);
    return {
      name: 'mct',
      args: this.#bearerArgs(server.port),
      get pids() {
        return pidsOf(server.process, agent);
      },
      restart: async () => {
        // The server too: it locks itself up when a tunnel ends that carries requests.
        await Promise.all([agent.kill(), server.process.kill()]);
        server.process.start();
        await this.#servers.listening(server);
        agent.start();
      },
    };
  }

  /** An HTTPS reverse proxy around the library's server, connections pooled, and the library's client. */
  async remotedialer(): Promise<System> {
    const world = this.#world;
    const server = await this.#servers.remotedialer();
    const { host, port } = await lineTo(world, 'rd', server.agentPort);
    const agent = startProgram(world, 'rd-agent', [
      ...[...runsAt(world.far), this.#servers.path('rd-agent'), '-hub', `wss://${host}:${port}/`],
      ...['-cluster', CLUSTER, '-ca', this.#servers.ca],
    ]);
    return { name: 'rd', args: this.#bearerArgs(server.port), pids: pidsOf(server.process, agent) };
  }

  async #konnectivity(
    name: string,
    mode: 'grpc' | 'http-connect',
  ): Promise<{ port: number; pids: Record<string, number> }> {
    const world = this.#world;
    const server = await this.#servers.konnectivity(name, mode);
    const [admin, health] = [await freePort(), await freePort()];
    const [certificate, key] = this.#servers.pair('client');
    const dialled = await lineTo(world, `${name}-agent`, server.agentPort);
    const agent = startProgram(world, `${name}-agent`, [
      ...[...runsAt(world.far), this.#servers.path('anp-agent'), '-v', '0'],
      ...['--proxy-server-host', dialled.host, '--proxy-server-port', String(dialled.port)],
      ...['--admin-server-port', String(admin), '--health-server-port', String(health)],
      ...['--ca-cert', this.#servers.ca, '--agent-cert', certificate, '--agent-key', key],
    ]);
    return { port: server.port, pids: pidsOf(server.process, agent) };
  }

  #bearerArgs(port: number): readonly string[] {
    return [
      ...['-url', `https://127.0.0.1:${port}/${CLUSTER}`, '-ca', this.#servers.ca],
      ...['-bearer', BEARER],
    ];
  }
}

function pidsOf(server: Process, agent: Process): Record<string, number> {
  return { server: pidOf(server), agent: pidOf(agent) };
}
