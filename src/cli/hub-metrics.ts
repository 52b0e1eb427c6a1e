import { Counter, Gauge, type Registry } from 'prom-client';
import type { Log } from '../lib/log.ts';
import type { SessionObserver } from '../registry/index.ts';
import type { ServerObserver } from '../transport/index.ts';
import { auditLineDropped } from './audit-log.ts';

/** Gauges and counters of tunnels: how many, how they end, who was refused. */
export interface HubMetrics {
  readonly sessions: SessionObserver;
  server(log: Log): ServerObserver;
  /** The audit log's disk took nothing for so long that a line was lost. */
  readonly auditLineDropped: () => void;
}

export function createHubMetrics(registry: Registry): HubMetrics {
  const registers = [registry];
  const open = new Gauge({ name: 'mctunnel_sessions', help: 'Tunnel sessions that are open', registers });
  const ended = new Counter({
    name: 'mctunnel_sessions_ended_total',
    help: 'Tunnel sessions that ended, by reason',
    labelNames: ['reason'],
    registers,
  });
  const refused = new Counter({
    name: 'mctunnel_agents_refused_total',
    help: 'Connections and calls of agents that were refused before there was a session, by reason',
    labelNames: ['method', 'reason'],
    registers,
  });
  const connections = new Gauge({
    name: 'mctunnel_tunnel_connections',
    help: 'TCP connections on the tunnel port',
    registers,
  });
  const windows = new Gauge({
    name: 'mctunnel_http2_window_raised',
    help: '1 while the large HTTP/2 windows could be set; 0 means slow tunnels over long distances',
    registers,
  });
  return {
    auditLineDropped: auditLineDropped(registry),
    sessions: {
      opened: () => open.inc(),
      closed: (_cluster, reason) => {
        open.dec();
        ended.labels(reason).inc();
      },
    },
    server: (log) => ({
      refused: ({ remoteAddress, method, error }) => {
        refused.labels(method, error.statusCause ?? error.code).inc();
        log.debug({ remoteAddress, method, code: error.code }, `refused: ${error.message}`);
      },
      window: (raised) => windows.set(raised ? 1 : 0),
      connections: (count) => connections.set(count),
    }),
  };
}
