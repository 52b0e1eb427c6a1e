import { Counter, Gauge, type Registry } from 'prom-client';
import type { Log } from '../lib/log.ts';
import type { SessionObserver } from '../registry/index.ts';
import type { ServerObserver } from '../transport/index.ts';

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
    help: 'Connections and calls of agents that were refused before there was a session',
    labelNames: ['method'],
    registers,
  });
  const connections = new Gauge({
    name: 'mctunnel_tunnel_connections',
    help: 'TCP connections on the tunnel port',
    registers,
  });
  const windows = new Gauge({
    name: 'mctunnel_http2_window_raised',
    help: '1 while the 8 MiB HTTP/2 windows could be set; 0 means slow tunnels over long distances',
    registers,
  });
  const dropped = new Counter({
    name: 'mctunnel_audit_lines_dropped_total',
    help: 'Lines of the audit log that were lost because its disk took none',
    registers,
  });
  return {
    auditLineDropped: () => dropped.inc(),
    sessions: {
      opened: () => open.inc(),
      closed: (_cluster, reason) => {
        open.dec();
        ended.labels(reason).inc();
      },
      refused: () => refused.labels('connect').inc(),
    },
    server: (log) => ({
      refused: ({ remoteAddress, method, error }) => {
        refused.labels(method).inc();
        log.debug({ remoteAddress, method, code: error.code }, `refused: ${error.message}`);
      },
      window: (raised) => windows.set(raised ? 1 : 0),
      connections: (count) => connections.set(count),
    }),
  };
}
