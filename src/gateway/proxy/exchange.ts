import { ERRORS, MctunnelError } from '../../errors.ts';
import type { Delivered } from '../../errors.ts';
import type { DeadlineEntry } from '../../lib/deadline-wheel.ts';
import { headerFault, headerValue, headerValues, stripRequestHeaders } from '../../lib/headers.ts';
import { isLongRunning, requestInfo, verbOf } from '../../lib/request-info.ts';
import type { RequestInfo } from '../../lib/request-info.ts';
import { encodeSegment, encodeTarget } from '../../lib/request-path.ts';
import type { Open, Session } from '../../tunnel/index.ts';
import type { Caller, Decision, ProxyRecord, RequestFacts, ResourceAttributes } from '../ports.ts';
import { auditIdOf } from '../audit-id.ts';
import { sourceIPsOf, userAgentOf } from '../origin.ts';
import { API_GROUP, API_VERSION, serviceOf } from '../route.ts';
import type { ProxyRoute, ServiceTarget } from '../route.ts';
import { forbiddenMessage } from '../status.ts';
import type { StatusSubject } from '../status.ts';
import type { ProxyContext } from './context.ts';

/** Headers that are told apart, or that the agent writes itself. */
const TOLD_APART: ReadonlySet<string> = new Set(['host', 'audit-id', 'traceparent', 'x-forwarded-for']);
const TRACEPARENT = /^[0-9a-f]{2}(-[0-9a-f]+){3}$/;
const MAX_TRACEPARENT_LENGTH = 128;
/** What a client-go takes for "your object is gone", or for a question about its credentials: never ours under /proxy. */
const NEVER_UNDER_PROXY: ReadonlySet<number> = new Set([404, 405, 406, 409, 410, 415, 422, 499]);

/**
 * One request on its way: who, may they, is there room, where. A straight line; each step answers at once or by a promise, and a step
 * that answers at once costs no promise. What is done with the stream is the subclass's.
 */
export abstract class Exchange implements ProxyRecord, DeadlineEntry {
  readonly auditId: string;
  readonly traceparent: string;
  readonly startedAtMs: number;
  readonly cluster: string;
  readonly method: string;
  readonly isUpgrade: boolean;
  readonly inner: RequestInfo;
  caller: Caller | undefined;
  mappedUser = '';
  status = 0;
  delivered: Delivered | 'yes' = 'no';
  receivedBytes = 0;
  sentBytes = 0;
  failure: MctunnelError | undefined;
  deadlineSlot = -1;
  /** Over for the client: answered in full, or gone. */
  protected isOver = false;
  protected readonly context: ProxyContext;
  protected readonly route: ProxyRoute;
  protected readonly facts: RequestFacts;
  protected readonly service: ServiceTarget | undefined;
  readonly #startedNowMs: number;
  /** Of a connection that is closed nobody can tell any more. */
  readonly #remoteAddress: string;
  #isCounted = false;

  constructor(context: ProxyContext, route: ProxyRoute, facts: RequestFacts) {
    this.context = context;
    this.route = route;
    this.facts = facts;
    this.cluster = route.cluster;
    this.method = facts.method;
    this.isUpgrade = facts.isUpgrade;
    this.service = serviceOf(route.inner);
    this.inner = requestInfo(facts.method, route.inner);
    this.startedAtMs = context.wallClock();
    this.#startedNowMs = context.clock.now();
    this.#remoteAddress = facts.remoteAddress;
    this.auditId = auditIdOf(facts.headers);
    this.traceparent = traceparentOf(facts);
    context.open.add(this);
  }

  get durationMs(): number {
    return this.context.clock.now() - this.#startedNowMs;
  }

  get sourceIPs(): readonly string[] {
    return sourceIPsOf(this.facts.headers, this.#remoteAddress);
  }

  get userAgent(): string {
    return userAgentOf(this.facts.headers);
  }

  get isWatch(): boolean {
    return this.inner.verb === 'watch' && this.service === undefined && !this.isUpgrade;
  }

  /** `details` of our errors. */
  get subject(): StatusSubject {
    return { name: this.cluster, group: API_GROUP, kind: 'clusters' };
  }

  /** May rightly go without an answer's head for as long as it likes. */
  protected get isLong(): boolean {
    return this.isUpgrade || (this.service === undefined && isLongRunning(this.inner));
  }

  /** Encoded path before the inner one, without a slash at its end. */
  protected get prefix(): string {
    const { prefix, inner } = this.route;
    if (this.service === undefined) return prefix;
    return prefix + '/' + inner.segments.slice(0, this.service.depth).map(encodeSegment).join('/');
  }

  /** Answers with an error, or cuts an answer that has begun. Idempotent. */
  abstract fail(error: MctunnelError): void;
  /** Opens the stream. May throw MctunnelError. */
  protected abstract open(session: Session): void;
  /** The hub stops: a watch ends after a whole event, anything else is cut. */
  abstract shutDown(): void;
  /** Whether bytes of the client's body are awaited, and how long none came. */
  abstract isStalled(nowMs: number): boolean;
  /** Called from time to time: notices, as far as it can, a client that left while its body is not taken. */
  abstract lookForClient(nowMs: number): void;
  /** No answer head in time. */
  expire(): void {
    this.fail(
      new MctunnelError(
        'TIMEOUT',
        `cluster "${this.cluster}" did not answer within ${this.context.headDeadlineMs / 1_000} s`,
        { delivered: 'unknown' },
      ),
    );
  }

  begin(): void {
    try {
      if (this.context.isDraining) throw new MctunnelError('DRAINING', 'the hub is shutting down');
      this.checkRequest();
      const caller = this.context.authenticator.authenticate(this.facts);
      if (caller instanceof Promise) this.#wait(caller, (known) => this.#authenticated(known));
      else this.#authenticated(caller);
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** What can be said before it is known who asks. */
  protected checkRequest(): void {
    if (this.method === 'TRACE' || this.method === 'CONNECT') {
      throw new MctunnelError('METHOD_NOT_ALLOWED', `the method ${this.method} is not allowed`);
    }
    if (this.route.inner.firstEmptySegment >= 0 && this.service === undefined) {
      throw new MctunnelError('BAD_REQUEST', 'the path holds an empty segment');
    }
  }

  #authenticated(caller: Caller | undefined): void {
    if (caller === undefined) throw new MctunnelError('UNAUTHENTICATED', 'Unauthorized');
    this.caller = caller;
    if (caller.method === 'front-proxy') {
      if (hasImpersonation(this.facts)) {
        throw new MctunnelError(
          'BAD_REQUEST',
          'a request through the front proxy may not hold Impersonate-* headers',
        );
      }
      if (this.route.isShortForm) {
        throw new MctunnelError(
          'BAD_REQUEST',
          'the short form of a cluster is not for requests through the front proxy',
        );
      }
    }
    this.#authorize(this.#questions(), 0);
  }

  /** The verbs that must be allowed on `clusters/proxy`. */
  #questions(): readonly string[] {
    const verb = verbOf(this.method);
    const { inner } = this;
    if (!this.isUpgrade && !this.context.authorizeInnerVerb) return [verb];
    const verbs = new Set([verb]);
    if (this.isUpgrade) verbs.add('create');
    if (this.context.authorizeInnerVerb && this.service === undefined) verbs.add(inner.verb);
    return [...verbs];
  }

  #authorize(verbs: readonly string[], from: number): void {
    const identity = this.caller?.identity;
    if (identity === undefined) return;
    for (let i = from; i < verbs.length; i++) {
      const attributes = this.#attributes(verbs[i] ?? '');
      const decision = this.context.authorizer.authorize(identity, attributes);
      if (decision instanceof Promise) {
        this.#wait(decision, (decided) => {
          this.#decided(decided, attributes);
          this.#authorize(verbs, i + 1);
        });
        return;
      }
      this.#decided(decision, attributes);
    }
    this.#admit();
  }

  #attributes(verb: string): ResourceAttributes {
    return {
      verb,
      group: API_GROUP,
      version: API_VERSION,
      resource: 'clusters',
      subresource: 'proxy',
      name: this.cluster,
      namespace: '',
    };
  }

  #decided(decision: Decision, attributes: ResourceAttributes): void {
    const identity = this.caller?.identity;
    if (decision.allowed || identity === undefined) return;
    throw new MctunnelError('FORBIDDEN', forbiddenMessage(identity, attributes, decision.reason));
  }

  #admit(): void {
    const { context, cluster } = this;
    const user = this.caller?.identity.user ?? '';
    // A drain may have begun while the reviewers were asked.
    if (context.isDraining) throw new MctunnelError('DRAINING', 'the hub is shutting down');
    context.inFlight.enter(cluster, user, context.limitsOf(cluster));
    this.#isCounted = true;
    this.open(context.dialer.dial(cluster));
  }

  /** `then` without losing what it throws, and without going on for a client that left. */
  #wait<T>(promise: Promise<T>, next: (value: T) => void): void {
    promise.then(
      (value) => {
        if (this.isOver) return;
        try {
          next(value);
        } catch (thrown) {
          this.#refuse(thrown);
        }
      },
      (thrown: unknown) => this.#refuse(thrown),
    );
  }

  #refuse(thrown: unknown): void {
    const error = MctunnelError.from(thrown);
    if (error !== thrown) this.context.log.error({ err: thrown, auditId: this.auditId }, 'a request failed');
    this.fail(error);
  }

  /** The Open of this request. */
  protected openMessage(): Open {
    const { route, service, context } = this;
    return {
      protocol: service === undefined ? 'http' : 'service',
      target: service === undefined ? 'apiserver' : service.target,
      method: this.method,
      path: encodeTarget(service === undefined ? route.inner : service.path),
      headers: this.#headers(),
      identity: this.caller?.identity,
      deadlineMs: this.isLong ? 0 : context.headDeadlineMs,
      traceparent: this.traceparent,
      auditId: this.auditId,
    };
  }

  #headers(): string[] {
    const { names, prefixes } = this.context.identityHeaders();
    const lines = stripRequestHeaders(this.facts.headers, {
      isUpgrade: this.isUpgrade,
      keepCookies: this.service !== undefined,
      identityNames: names,
      identityPrefixes: prefixes,
    });
    const headers: string[] = [];
    for (let i = 0; i < lines.length; i += 2) {
      const name = lines[i] ?? '';
      if (!TOLD_APART.has(name.toLowerCase())) headers.push(name, lines[i + 1] ?? '');
    }
    const hops = headerValues(this.facts.headers, 'x-forwarded-for');
    if (this.#remoteAddress !== '') hops.push(this.#remoteAddress);
    if (hops.length > 0) headers.push('X-Forwarded-For', hops.join(', '));
    const fault = headerFault(headers);
    if (fault !== undefined) throw new MctunnelError('BAD_REQUEST', fault);
    return headers;
  }

  /** Of an error that becomes an answer: what mctunnel itself may say under /proxy. */
  protected answerable(error: MctunnelError): MctunnelError {
    const { http } = ERRORS[error.code];
    const isOwnWord = error.hop === 'hub' && (http === 401 || http === 405);
    if (isOwnWord || (http !== 401 && !NEVER_UNDER_PROXY.has(http))) return error;
    return new MctunnelError('PROTOCOL', error.message, {
      cause: error,
      delivered: error.delivered,
      hop: error.hop,
    });
  }

  /** The answer of an upgrade or a watch begins. */
  protected started(): void {
    this.context.observer?.start(this);
  }

  /** The client has all it will get. Exactly once per request. */
  protected over(): void {
    if (this.isOver) return;
    this.isOver = true;
    const { context } = this;
    context.deadlines.remove(this);
    if (this.#isCounted) context.inFlight.leave(this.cluster, this.caller?.identity.user ?? '');
    context.open.delete(this);
    // Nothing is done for them any more: a refused impersonation is recorded under its author's name.
    this.caller ??= this.facts.authenticated;
    context.observer?.end(this);
    context.onOver();
  }
}

function traceparentOf(facts: RequestFacts): string {
  const value = headerValue(facts.headers, 'traceparent');
  return value !== undefined && value.length <= MAX_TRACEPARENT_LENGTH && TRACEPARENT.test(value)
    ? value
    : '';
}

function hasImpersonation({ headers }: RequestFacts): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.length > 12 && name.slice(0, 12).toLowerCase() === 'impersonate-') return true;
  }
  return false;
}
