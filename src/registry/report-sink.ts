import type { ConnectedAgent } from './agent.ts';
import type { AgentReport } from './report.ts';

/**
 * Where reports go besides the status of the registration, which is built in: an extension point. `report` is called for each valid report,
 * from the session's dispatch: it must not block, and what it throws is logged. An agent reports after each connect and at each change,
 * at most once a second.
 */
export interface ReportSink {
  report(agent: ConnectedAgent, report: AgentReport): void;
}
