import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createHubMetrics } from '../../src/cli/hub-metrics.ts';
import { MctunnelError } from '../../src/errors.ts';
import { silentLog } from '../../src/lib/log.ts';

describe('the metrics of a hub', () => {
  it('count a line that the audit log lost', async () => {
    const registry = new Registry();
    const { auditLineDropped } = createHubMetrics(registry);
    auditLineDropped();
    auditLineDropped();
    expect(await registry.metrics()).toContain('mctunnel_audit_lines_dropped_total 2');
  });

  it('count each agent that was refused once, by what it asked for and why', async () => {
    const registry = new Registry();
    const hub = createHubMetrics(registry);
    const port = hub.server(silentLog);
    const remoteAddress = '192.0.2.1:1';
    const paused = new MctunnelError('FORBIDDEN', 'it is paused', { statusCause: 'Paused' });
    // Both the registry and the port tell of it.
    hub.sessions.refused?.('a', 'Paused');
    port.refused?.({ remoteAddress, method: 'connect', error: paused });
    port.refused?.({ remoteAddress, method: 'enroll', error: new MctunnelError('UNAUTHENTICATED', 'used') });
    const text = await registry.metrics();
    expect(text).toContain('mctunnel_agents_refused_total{method="connect",reason="Paused"} 1');
    expect(text).toContain('mctunnel_agents_refused_total{method="enroll",reason="UNAUTHENTICATED"} 1');
  });

  it('count sessions that are open, and why others ended', async () => {
    const registry = new Registry();
    const { sessions } = createHubMetrics(registry);
    sessions.opened?.('a');
    sessions.opened?.('b');
    sessions.closed?.('a', 'CertificateRevoked');
    const text = await registry.metrics();
    expect(text).toContain('mctunnel_sessions 1');
    expect(text).toContain('mctunnel_sessions_ended_total{reason="CertificateRevoked"} 1');
  });
});
