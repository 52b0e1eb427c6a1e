/** What agents at rest cost the servers of the rivals: the agents are one process, with a TLS connection and a tunnel each, as each rival's own agent opens them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fatal } from '../test/kubernetes/wait.ts';
import { benchCloser } from './bench-closer.ts';
import { comes, measureAtRest, type AtRest, type RestTimes } from './at-rest.ts';
import { LoadProgram } from './program.ts';
import { RivalServers, type RivalServer } from './rival-servers.ts';
import { pidOf, startProgram, type BenchWorld } from './systems.ts';

const CONNECTED = /^connected$/m;
/** Of their names. */
const AGENT = 'bench';

interface IdleRival {
  start(): Promise<RivalServer>;
  /** The command that is so many agents, and says `connected` when all are. */
  agents(port: number, count: number): readonly string[];
}

export async function measureRival(
  name: string,
  binaries: string,
  count: number,
  times: RestTimes,
  told: () => void,
): Promise<AtRest> {
  const closer = benchCloser(told);
  const folder = mkdtempSync(join(tmpdir(), 'mctunnel-scale-'));
  closer.add('folder', () => rmSync(folder, { recursive: true, force: true }));
  try {
    const load = await LoadProgram.build(folder);
    const certificates = join(folder, 'certificates');
    mkdirSync(certificates);
    await load.certificates(certificates);
    // Nobody asks for anything.
    const world: BenchWorld = { folder, load, closer, certificates, upstream: '127.0.0.1:9' };
    const rival = idleRivals(world, binaries)[name];
    if (rival === undefined) throw new Error(`no idle agents of ${name}`);
    const server = await rival.start();
    return await measureAtRest(pidOf(server.process), times, async () => {
      const agents = startProgram(world, `${name}-agents`, rival.agents(server.agentPort, count));
      await comes(() => {
        if (!agents.running)
          throw new Fatal(new Error(`${agents.name} have ended (${agents.outcome}):\n${agents.logTail()}`));
        return CONNECTED.test(readFileSync(agents.logFile, 'utf8'));
      });
    });
  } finally {
    await closer.close();
  }
}

function idleRivals(world: BenchWorld, binaries: string): Readonly<Record<string, IdleRival>> {
  const servers = new RivalServers(world, binaries);
  const common = (count: number): readonly string[] => ['-ca', servers.ca, '-agents', String(count)];
  return {
    'anp-grpc': {
      start: () => servers.konnectivity('anp', 'grpc'),
      agents: (port, count) => {
        const [certificate, key] = servers.pair('client');
        return [
          ...[servers.path('anp-agents'), '-server', `127.0.0.1:${port}`, ...common(count)],
          ...['-cert', certificate, '-key', key],
        ];
      },
    },
    mct: {
      start: () => servers.multiclustertunnel(),
      agents: (port, count) => [
        ...[servers.path('mct-bench-agent'), '-hub', `127.0.0.1:${port}`, ...common(count)],
        ...['-cluster', AGENT],
      ],
    },
    rd: {
      start: () => servers.remotedialer(),
      agents: (port, count) => [
        ...[servers.path('rd-agent'), '-hub', `wss://127.0.0.1:${port}/`, ...common(count)],
        ...['-cluster', AGENT],
      ],
    },
  };
}
