export type { AuthenticatedAgent, ConnectedAgent } from './agent.ts';
export type * from './ports.ts';
export type { AgentReport } from './report.ts';
export type { ReportSink } from './report-sink.ts';
export type { SessionObserver } from './session-registry-options.ts';
export { SessionRegistry } from './session-registry.ts';
export type * from './replicas.ts';
export { tellReplicas } from './replica-notice.ts';
