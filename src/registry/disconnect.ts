import type { ErrorCode, MctunnelError } from '../errors.ts';
import { boundedText } from './agent.ts';

/** How a cluster lost its last session, or why its agent was refused. */
export interface Disconnect {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Monotonic milliseconds. */
  readonly at: number;
  /** One CamelCase word. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** The agent will most likely be back in seconds: it was not refused. */
  readonly isLoss: boolean;
}

const REASONS: Partial<Record<ErrorCode, string>> = {
  TUNNEL_LOST: 'ConnectionLost',
  DRAINING: 'AgentStopped',
  PROTOCOL: 'ProtocolError',
  FLOW_CONTROL: 'ProtocolError',
  UNAUTHENTICATED: 'Unauthenticated',
  FORBIDDEN: 'Refused',
  TIMEOUT: 'ConnectionLost',
  STALLED: 'ConnectionLost',
  TOO_MANY_REQUESTS: 'TooManySessions',
  INTERNAL: 'InternalError',
};

const MAX_MESSAGE_LENGTH = 1024;

const BETWEEN = 'a load balancer, proxy or firewall between it and this hub';

/** What the operating system says of a connection that broke, by its code. */
const NETWORK: Readonly<Record<string, { readonly reason: string; readonly message: string }>> = {
  ECONNRESET: {
    reason: 'ConnectionReset',
    message: `the connection was reset by the agent's machine, or by ${BETWEEN}`,
  },
  EPIPE: {
    reason: 'ConnectionReset',
    message: `the connection was closed by the agent's machine, or by ${BETWEEN}`,
  },
  ETIMEDOUT: {
    reason: 'ConnectionTimedOut',
    message: "the agent's machine does not answer any more (ETIMEDOUT)",
  },
  EHOSTUNREACH: {
    reason: 'ConnectionTimedOut',
    message: "there is no way to the agent's machine any more (EHOSTUNREACH)",
  },
};

/** undefined: the network did not say why. */
function networkFault({ code, cause, statusCause }: MctunnelError): (typeof NETWORK)[string] | undefined {
  if (code !== 'TUNNEL_LOST' || statusCause !== undefined) return undefined;
  const known = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof known === 'string' && Object.hasOwn(NETWORK, known) ? NETWORK[known] : undefined;
}

/** Puts the end of a session into words; `openMs` is how long it lived. */
export function disconnectOf(
  error: MctunnelError,
  when: { readonly time: number; readonly at: number },
  openMs?: number,
): Disconnect {
  const isRefusal = error.code === 'FORBIDDEN' || error.code === 'UNAUTHENTICATED';
  const lived = openMs === undefined ? '' : ` (after ${formatAge(openMs)})`;
  const network = networkFault(error);
  const words =
    error.code === 'DRAINING' && error.statusCause === undefined
      ? 'the agent, or the hub for it, ended the session in an orderly way'
      : (network?.message ?? boundedText(error.message, MAX_MESSAGE_LENGTH));
  return {
    ...when,
    reason: error.statusCause ?? network?.reason ?? REASONS[error.code] ?? 'ConnectionLost',
    message: words + lived,
    isLoss: !isRefusal,
  };
}

/** As `kubectl get` prints ages: `45s`, `3m10s`, `5h`, `12d`. */
function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d`;
}
