import { Registry } from 'prom-client';
import { Probes, startOpsServer } from '../../src/observe/index.ts';

/** The port for health and metrics, with nothing behind it. */
export function startOpsStage(): ReturnType<typeof startOpsServer> {
  return startOpsServer({ host: '127.0.0.1', port: 0, probes: new Probes(), metrics: new Registry() });
}
