import { Counter, type Registry } from 'prom-client';
import { MctunnelError } from '../errors.ts';
import type { Authenticator, Authorizer, Caller, Decision } from '../gateway/ports.ts';

export interface AccessMetrics {
  /** The same, counted. */
  authenticator(inner: Authenticator): Authenticator;
  /** The same, counted. */
  authorizer(inner: Authorizer): Authorizer;
}

interface Count {
  inc(): void;
}

/** Every decision about a caller: who they are, and whether they may. Series are bound once each, so a request costs a map look-up. */
export function createAccessMetrics(registry: Registry): AccessMetrics {
  const decisions = new Counter({
    name: 'mctunnel_access_decisions_total',
    help: 'Decisions about callers: check authentication (reason: how, or the code of the refusal) or authorization; decision error: nobody could be asked',
    labelNames: ['check', 'decision', 'reason'],
    registers: [registry],
  });
  const bound = new Map<string, Count>();
  const count = (check: string, decision: string, reason: string): void => {
    const key = `${check} ${decision} ${reason}`;
    let counter = bound.get(key);
    if (counter === undefined) bound.set(key, (counter = decisions.labels(check, decision, reason)));
    counter.inc();
  };
  const failed = (check: string, thrown: unknown): void => {
    const code = thrown instanceof MctunnelError ? thrown.code : 'INTERNAL';
    const isRefusal = code === 'UNAUTHENTICATED' || code === 'FORBIDDEN' || code === 'BAD_REQUEST';
    count(check, isRefusal ? 'deny' : 'error', code);
  };
  const watched = <T>(
    check: string,
    ask: () => T | Promise<T>,
    tell: (answer: T) => void,
  ): T | Promise<T> => {
    let answer: T | Promise<T>;
    try {
      answer = ask();
    } catch (error) {
      failed(check, error);
      throw error;
    }
    if (answer instanceof Promise) {
      answer.then(tell, (error: unknown) => failed(check, error));
    } else tell(answer);
    return answer;
  };
  const named = (caller: Caller | undefined): void => {
    if (caller === undefined) count('authentication', 'deny', 'UNAUTHENTICATED');
    else
      count('authentication', 'allow', caller.impersonator === undefined ? caller.method : 'impersonation');
  };
  const decided = ({ allowed }: Decision): void => count('authorization', allowed ? 'allow' : 'deny', '');
  return {
    authenticator: (inner) => ({
      authenticate: (request) => watched('authentication', () => inner.authenticate(request), named),
    }),
    authorizer: (inner) => ({
      authorize: (identity, attributes) =>
        watched('authorization', () => inner.authorize(identity, attributes), decided),
    }),
  };
}
