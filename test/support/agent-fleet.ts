/** Hundreds or thousands of agents from one process, for tests of many clusters (agent-fleet-process.ts, the agent's own code) and benchmarks (bench/load/fleet.go). */
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseMaterial, type NewKeyMaterial } from '../../src/pki/index.ts';
import type { ControlPlane } from '../kubernetes/index.ts';
import { leashed } from '../kubernetes/process.ts';
import { Fatal } from '../kubernetes/wait.ts';

const PROGRAM = fileURLToPath(new URL('agent-fleet-process.ts', import.meta.url));

export interface FleetOrder {
  /** HOST:PORT of the hub's tunnel port. */
  readonly hub: string;
  /** PEM of the CA that signed its certificate. */
  readonly caBundle: string;
  /** The hub's CA of agents, with its key: certificates are made from it, not asked for. */
  readonly authority: NewKeyMaterial;
  /** One agent each; `uid`: of the registration. */
  readonly clusters: readonly { readonly name: string; readonly uid: string }[];
}

export interface AgentFleet {
  readonly pid: number;
  /** Agents with a session now. Throws Fatal when the process has ended. */
  readonly connected: number;
  /** Resolves when so many are connected. Rejects when the process ends first, or has. */
  until(connected: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the agents; they connect, and come back when they are disconnected, by themselves. The caller stops it. */
export function startAgentFleet(order: FleetOrder): AgentFleet {
  return startFleetProgram(process.execPath, ['--disable-warning=ExperimentalWarning', PROGRAM], order);
}

/** The same of another program that reads its order, and tells how many are connected, as agent-fleet-process.ts does. */
export function startFleetProgram(path: string, flags: readonly string[], order: object): AgentFleet {
  const [command, args] = leashed(path, flags, 'KILL');
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let connected = 0;
  let said = '';
  let waiting: {
    readonly count: number;
    readonly resolve: () => void;
    readonly reject: (e: Error) => void;
  }[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4096)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    ({ connected } = JSON.parse(line) as { connected: number });
    for (const { resolve } of waiting.filter(({ count }) => count <= connected)) resolve();
    waiting = waiting.filter(({ count }) => count > connected);
  });
  let ended: Error | undefined;
  const closed = once(child, 'close').then(() => {
    ended = new Error(`the agents have ended:\n${said}`);
    for (const { reject } of waiting) reject(ended);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(order)}\n`);
  return {
    get pid() {
      return child.pid ?? 0;
    },
    get connected() {
      if (ended !== undefined) throw new Fatal(ended);
      return connected;
    },
    until: (count) => {
      if (ended !== undefined) return Promise.reject(ended);
      if (connected >= count) return Promise.resolve();
      return new Promise((resolve, reject) => waiting.push({ count, resolve, reject }));
    },
    async stop() {
      child.stdin.end();
      await closed;
    },
  };
}

/** What the agents of an aggregated hub need, read from its Secrets. */
export async function fleetTrust(plane: ControlPlane): Promise<Pick<FleetOrder, 'caBundle' | 'authority'>> {
  const read = async (name: string, key: string): Promise<string> => {
    const path = `/api/v1/namespaces/mctunnel-system/secrets/mctunnel-ca-${name}`;
    const { data } = JSON.parse((await plane.request('GET', path)).body) as { data: Record<string, string> };
    return Buffer.from(data[key] ?? '', 'base64').toString();
  };
  const [agents, caBundle] = await Promise.all([
    read('agent-client', 'ca.pem'),
    read('tunnel-serving', 'ca.crt'),
  ]);
  return { caBundle, authority: parseMaterial(agents, 'the Secret of the agents’ CA') };
}

/** The same for a standalone hub, from its data folder. */
export function folderTrust(dataDir: string): Pick<FleetOrder, 'caBundle' | 'authority'> {
  const path = join(dataDir, 'agent-client-ca.pem');
  return {
    caBundle: readFileSync(join(dataDir, 'tunnel-serving-ca.crt'), 'utf8'),
    authority: parseMaterial(readFileSync(path, 'utf8'), path),
  };
}
