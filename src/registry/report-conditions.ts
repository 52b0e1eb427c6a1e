import { describeRight } from '../lib/impersonation-right.ts';
import type { AgentReport } from './report.ts';
import type { Condition } from './ports.ts';

export type ConditionFacts = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** APIServerReachable and ImpersonationReady as a connected agent's report tells them; undefined: it has not reported yet. */
export function reportConditions(report: AgentReport | undefined): readonly ConditionFacts[] {
  if (report === undefined) {
    return unknown('NotReported', 'the agent has not reported on its cluster yet');
  }
  const { apiServer } = report;
  if (!apiServer.reachable) {
    return [
      {
        type: 'APIServerReachable',
        status: 'False',
        reason: apiServer.reason,
        message: apiServer.message,
      },
      impersonation('Unknown', 'APIServerNotReachable', "the cluster's API server cannot be asked"),
    ];
  }
  return [
    {
      type: 'APIServerReachable',
      status: 'True',
      reason: 'Answers',
      message: "the cluster's API server answers the agent",
    },
    impersonationOf(report.impersonation),
  ];
}

/** Nobody is connected who could know. */
export function conditionsWithoutAgent(): readonly ConditionFacts[] {
  return unknown('NotConnected', 'no agent is connected');
}

function unknown(reason: string, message: string): readonly ConditionFacts[] {
  return [
    { type: 'APIServerReachable', status: 'Unknown', reason, message },
    impersonation('Unknown', reason, message),
  ];
}

function impersonationOf(rights: AgentReport['impersonation']): ConditionFacts {
  if (rights === undefined) {
    return impersonation('Unknown', 'NotAnswered', 'the cluster does not say whom the agent may impersonate');
  }
  const { missing, missingCount } = rights;
  if (missingCount === 0) {
    return impersonation('True', 'RightsGranted', 'the agent may impersonate whom its policy lets in');
  }
  const more = missingCount - missing.length;
  const named = missing.map(describeRight).join(', ');
  const rest = more === 0 ? '' : `${named === '' ? '' : ' and '}${more} more`;
  return impersonation(
    'False',
    'RightsMissing',
    `the agent's account lacks the verb impersonate on ${named}${rest}; "mctunnel agent rbac" prints the role that it needs`,
  );
}

function impersonation(status: Condition['status'], reason: string, message: string): ConditionFacts {
  return { type: 'ImpersonationReady', status, reason, message };
}
