import { performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, type Registry } from 'prom-client';

/**
 * prom-client samples the delay of the event loop by a timer, every 10 ms unless told otherwise: half a percent of a core for a process that has nothing
 * to do. Rarer samples would look like longer delays. So none is taken before Node's longest timer, and the metrics that are made of them are left out.
 */
const DELAY_SAMPLE_MS = 2 ** 31 - 1;
const SAMPLED = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/** CPU, memory, descriptors and event loop of this process; read when somebody scrapes, and free of charge otherwise. */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: DELAY_SAMPLE_MS });
  for (const name of SAMPLED) registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
  new Counter({
    name: 'nodejs_eventloop_active_seconds_total',
    help: 'Time in which the event loop had something to do. Its rate is the utilization of the event loop: near 1, requests wait.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(performance.eventLoopUtilization().active / 1_000);
    },
  });
}
