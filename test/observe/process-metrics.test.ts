import { afterEach, describe, expect, it, jest } from '@jest/globals';
import perfHooks from 'node:perf_hooks';
import { Registry } from 'prom-client';
import { collectProcessMetrics } from '../../src/observe/process-metrics.ts';

describe('metrics of the process', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('tell how long the event loop was busy, and no delay that was not measured', async () => {
    const registry = new Registry();
    collectProcessMetrics(registry);
    const active = async (): Promise<number> => {
      const metric = await registry.getSingleMetric('nodejs_eventloop_active_seconds_total')?.get();
      return metric?.values[0]?.value ?? Number.NaN;
    };
    const before = await active();
    // A turn of the event loop that takes a while.
    const end = performance.now() + 20;
    while (performance.now() < end);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await active()) - before).toBeGreaterThanOrEqual(0.02);
    const text = await registry.metrics();
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).not.toMatch(/nodejs_eventloop_lag_(min|max|mean|stddev|p\d+)/);
  });

  it('wake nobody between scrapes', () => {
    const monitor = jest.spyOn(perfHooks, 'monitorEventLoopDelay');
    collectProcessMetrics(new Registry());
    expect(monitor.mock.calls).toEqual([[{ resolution: 2 ** 31 - 1 }]]);
  });
});
