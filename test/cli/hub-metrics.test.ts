import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { createHubMetrics } from '../../src/cli/hub-metrics.ts';

describe('the metrics of a hub', () => {
  it('count a line that the audit log lost', async () => {
    const registry = new Registry();
    const { auditLineDropped } = createHubMetrics(registry);
    auditLineDropped();
    auditLineDropped();
    expect(await registry.metrics()).toContain('mctunnel_audit_lines_dropped_total 2');
  });
});
