/**
 * Many agents in one process, for `startAgentFleet`: a certificate, a TLS connection, a connector and a reporter each, as `mctunnel agent` has them,
 * and no cluster behind them. Reads a FleetOrder (JSON) from its standard input, prints one JSON line whenever the number of connected agents
 * changes, and ends with its input.
 *
 * Requests are answered by the agent itself: `/bytes/N` with N bytes, anything else with 1 KiB.
 */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { silentLog } from '../../src/lib/log.ts';
import { Authority } from '../../src/pki/authority.ts';
import { generateKey, privateKeyPem } from '../../src/pki/keys.ts';
import { createConnector, dialTunnel } from '../../src/transport/index.ts';
import { MemoryBudget, type Accept } from '../../src/tunnel/index.ts';
import { Reporter } from '../../src/upstream/index.ts';
import type { FleetOrder } from './agent-fleet.ts';

const CHUNK = Buffer.alloc(64 * 1024, 'x');
const DEFAULT_BYTES = 1024;
const BUDGET_BYTES = 1024 ** 3;

const REPORT = JSON.stringify({
  version: 1,
  apiServer: { reachable: true, kubernetesVersion: 'v1.36.3' },
  impersonation: { missing: [], missingCount: 0 },
});

const accept: Accept = (open, stream) => {
  let left = Number(/\/bytes\/(\d+)/.exec(open.path)?.[1] ?? DEFAULT_BYTES);
  const pump = (): void => {
    while (left > 0) {
      const piece = CHUNK.subarray(0, Math.min(left, CHUNK.length));
      left -= piece.length;
      if (!stream.write(piece)) return;
    }
    stream.end();
  };
  return {
    data: (chunk) => stream.take(chunk.length),
    end: () => {
      const headers = ['Content-Type', 'text/plain', 'Content-Length', String(left)];
      stream.sendHead({ status: 200, headers });
      pump();
    },
    drain: pump,
    error: () => undefined,
  };
};

const lines = createInterface({ input: process.stdin });
const order = JSON.parse(await new Promise<string>((resolve) => lines.once('line', resolve))) as FleetOrder;
lines.once('close', () => process.exit());
const authority = new Authority('agent-client', { ...order.authority, source: 'the fleet’s order' });
const hub = { address: order.hub, caBundle: order.caBundle };
const processBudget = new MemoryBudget(BUDGET_BYTES);
const connected = new Set<string>();
const tell = (): void => void process.stdout.write(`${JSON.stringify({ connected: connected.size })}\n`);

for (const { name, uid } of order.clusters) {
  const key = await generateKey();
  const credentials = {
    certificateChain: authority.issueAgent({ cluster: name, uid, publicKey: key.publicKey }).toString(),
    privateKey: privateKeyPem(key.privateKey),
  };
  const reporter = new Reporter({
    report: () => REPORT,
    sessions: () => connector.sessions,
    log: silentLog,
  });
  const connector = createConnector({
    instanceId: randomUUID(),
    dial: ({ instanceId, handlers, signal }) =>
      dialTunnel({
        ...{ hub, credentials, accept, handlers, signal, tunnel: { processBudget } },
        hello: { agentVersion: 'fleet', instanceId, clusterUid: uid, capabilities: ['http'] },
      }),
    onEvent: (event) => {
      if (event.type === 'connected') {
        connected.add(name);
        reporter.update();
        tell();
      } else if (event.type === 'disconnected' && connector.sessions.length === 0) {
        connected.delete(name);
        tell();
      } else if (event.type === 'failed') {
        process.stderr.write(`${name}: ${event.error.message}\n`);
      }
    },
  });
}
