export { createAccessMetrics, type AccessMetrics } from './access-metrics.ts';
export { agentAuditLine } from './agent-audit.ts';
export { apiAuditLine, auditLine } from './audit.ts';
export { LineFile, type LineFileOptions } from './line-file.ts';
export { createLogger, type LoggerOptions } from './logger.ts';
export { startOpsServer, type OpsServer, type OpsServerOptions } from './ops-server.ts';
export { Probes, type Check, type ProbeKind } from './probes.ts';
export { createProxyMetrics } from './proxy-metrics.ts';
export { addReadGauge } from './read-gauge.ts';
