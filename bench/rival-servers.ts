import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, waitFor } from '../test/kubernetes/index.ts';
import type { Process } from '../test/kubernetes/process.ts';
import { Fatal } from '../test/kubernetes/wait.ts';
import { hubAddress, startProgram, type BenchWorld } from './systems.ts';

export interface RivalServer {
  readonly process: Process;
  /** Where it is asked, on this machine. */
  readonly port: number;
  /** Where agents dial it. */
  readonly agentPort: number;
}

/** Starts the rivals' servers, with the certificates of the benchmark. */
export class RivalServers {
  readonly #world: BenchWorld;
  readonly #binaries: string;
  readonly ca: string;

  constructor(world: BenchWorld, binaries: string) {
    this.#world = world;
    this.#binaries = binaries;
    this.ca = join(world.certificates, 'ca.crt');
  }

  path(program: string): string {
    return join(this.#binaries, program);
  }

  /** Certificate and key of the `server` or the `client`. */
  pair(name: string): [string, string] {
    const { certificates } = this.#world;
    return [join(certificates, `${name}.crt`), join(certificates, `${name}.key`)];
  }

  /** It asks clients and agents for certificates. */
  async konnectivity(name: string, mode: 'grpc' | 'http-connect'): Promise<RivalServer> {
    const [port, agentPort] = [await freePort(), await freePort()];
    const [health, admin] = [await freePort(), await freePort()];
    const [certificate, key] = this.pair('server');
    const process = startProgram(this.#world, `${name}-server`, [
      ...[this.path('anp-server'), '--mode', mode, '-v', '0'],
      ...['--server-bind-address', '127.0.0.1', '--server-port', String(port)],
      ...['--agent-bind-address', hubAddress(this.#world), '--agent-port', String(agentPort)],
      ...['--health-bind-address', '127.0.0.1', '--health-port', String(health)],
      ...['--admin-port', String(admin)],
      ...['--server-ca-cert', this.ca, '--server-cert', certificate, '--server-key', key],
      ...['--cluster-ca-cert', this.ca, '--cluster-cert', certificate, '--cluster-key', key],
    ]);
    return await this.listening({ process, port, agentPort });
  }

  async multiclustertunnel(): Promise<RivalServer> {
    const [port, agentPort] = [await freePort(), await freePort()];
    const [certificate, key] = this.pair('server');
    const process = startProgram(this.#world, 'mct-server', [
      ...[this.path('mct-server'), '-v', '0'],
      ...['-http-address', `127.0.0.1:${port}`, '-http-cert-file', certificate, '-http-key-file', key],
      ...['-grpc-address', `${hubAddress(this.#world)}:${agentPort}`],
      ...['-grpc-cert-file', certificate, '-grpc-key-file', key],
    ]);
    return await this.listening({ process, port, agentPort });
  }

  /** Our own program around the library, which has none. */
  async remotedialer(): Promise<RivalServer> {
    const [port, agentPort] = [await freePort(), await freePort()];
    const [certificate, key] = this.pair('server');
    const process = startProgram(this.#world, 'rd-server', [
      ...[this.path('rd-server'), '-listen', `127.0.0.1:${port}`],
      ...['-agent-listen', `${hubAddress(this.#world)}:${agentPort}`, '-cert', certificate, '-key', key],
      ...['-target', `https://${this.#world.upstream}`, '-ca', this.ca],
    ]);
    return await this.listening({ process, port, agentPort });
  }

  /** Agents that come too early wait before they come again, for seconds. */
  async listening(server: RivalServer): Promise<RivalServer> {
    const host = hubAddress(this.#world);
    await waitFor(`a listener of ${server.process.name}`, async () => {
      if (!server.process.running) throw new Fatal(new Error(`it has ended: ${server.process.outcome}`));
      const socket = connect(server.agentPort, host);
      try {
        await once(socket, 'connect');
      } finally {
        socket.destroy();
      }
      return true;
    }).catch((error: unknown) => {
      throw new Error(`${server.process.name} does not listen:\n${server.process.logTail()}`, {
        cause: error,
      });
    });
    return server;
  }
}
