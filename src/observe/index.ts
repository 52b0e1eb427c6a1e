export { createLogger, type LoggerOptions } from './logger.ts';
export { startOpsServer, type OpsServer, type OpsServerOptions } from './ops-server.ts';
export { Probes, type Check, type ProbeKind } from './probes.ts';
