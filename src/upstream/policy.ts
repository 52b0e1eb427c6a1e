import { MctunnelError } from '../errors.ts';
import type { RequestInfo } from '../lib/request-info.ts';
import type { Identity } from '../tunnel/index.ts';
import { DEFAULT_IDENTITY_PREFIX, IdentityMapping } from './identity.ts';
import { NameMatch } from './name-match.ts';
import { DEFAULT_POLICY, type DenyRule, type PolicyRules } from './policy-schema.ts';
import type { ServiceRule, TcpRule } from './service/rule.ts';
import type { ServiceTarget } from './service/target.ts';

/** Subresources that run something, or open a way to something that may: resource → its subresources, all of the core group. */
const EXEC: Readonly<Record<string, readonly string[]>> = {
  pods: ['exec', 'attach', 'portforward', 'proxy'],
  nodes: ['proxy'],
  services: ['proxy'],
};
/** Of methods of requests to services. */
const READ_SERVICE_VERBS: ReadonlySet<string> = new Set(['get']);
const READ_VERBS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
/** For all namespaces at once an API server offers list and watch alone (apiserver, pkg/endpoints/installer.go), so with these verbs the resource is cluster-scoped. */
const ONE_OBJECT_VERBS: ReadonlySet<string> = new Set(['get', 'create', 'update', 'patch', 'delete']);
/** Methods that read, as verbs of requests for something that is no resource (`/version`, `/openapi/v3`). */
const READ_METHODS: ReadonlySet<string> = new Set(['get', 'head', 'options']);
/** Only here does "reviews" mean a question: a custom resource may be called previews. */
const REVIEW_GROUPS: ReadonlySet<string> = new Set(['authorization.k8s.io', 'authentication.k8s.io']);

/** The rules of the cluster's owner, and the mapping of names by them. Immutable: a reload makes a new one. */
export class Policy {
  readonly rules: PolicyRules;
  readonly mapping: IdentityMapping;
  readonly #cluster: string;
  readonly #users: NameMatch | undefined;
  readonly #groups: NameMatch | undefined;

  /** Throws MctunnelError INVALID for an identity prefix that cannot keep names apart. */
  constructor(
    cluster: string,
    rules: PolicyRules = DEFAULT_POLICY,
    identityPrefix = DEFAULT_IDENTITY_PREFIX,
  ) {
    this.#cluster = cluster;
    this.rules = rules;
    const { passUsers, passGroups, passExtras } = rules;
    this.mapping = new IdentityMapping({
      cluster,
      prefix: identityPrefix,
      passUsers,
      passGroups,
      passExtras,
    });
    this.#users = rules.users && new NameMatch(rules.users);
    this.#groups = rules.groups && new NameMatch(rules.groups);
  }

  /**
   * Throws MctunnelError POLICY_DENIED (hop agent, delivered no) when the rules refuse. `identity` is the hub's, before mapping;
   * `request` says how the apiserver will understand the canonical path.
   */
  check(identity: Identity, request: RequestInfo, isUpgrade: boolean): void {
    const reason = this.#refusal(identity, request, isUpgrade);
    if (reason !== undefined) throw this.#denied(reason);
  }

  /**
   * The entry by which a request to a service may go there. Throws MctunnelError POLICY_DENIED without one, and when another rule refuses: `denyResources`
   * of services/proxy, `readOnly`, and of upgrades `allowExec`.
   */
  service(
    identity: Identity | undefined,
    target: ServiceTarget,
    verb: string,
    isUpgrade: boolean,
  ): ServiceRule {
    const rule = this.rules.services.find((entry) => entry.scheme === target.scheme && isOf(entry, target));
    return this.#listed(identity, target, verb, isUpgrade, rule);
  }

  /** The same of a raw connection, which counts as an upgrade. */
  tcp(identity: Identity | undefined, target: ServiceTarget): TcpRule {
    const rule = this.rules.tcp.find((entry) => isOf(entry, target));
    return this.#listed(identity, target, 'create', true, rule);
  }

  #listed<T>(
    identity: Identity | undefined,
    target: ServiceTarget,
    verb: string,
    isUpgrade: boolean,
    rule: T | undefined,
  ): T {
    const { namespace, name, text, scheme } = target;
    const { rules } = this;
    const shown = `${JSON.stringify(text)} in the namespace ${JSON.stringify(namespace)}`;
    if (identity === undefined || !this.#mayCome(identity)) {
      throw this.#denied(`the user ${JSON.stringify(identity?.user ?? '')} may not come`);
    }
    if (rule === undefined) {
      throw this.#denied(`the service ${shown} is not listed (${scheme === 'tcp' ? 'tcp' : 'services'})`);
    }
    if (isUpgrade && !rules.allowExec)
      throw this.#denied(`a connection to the service ${shown} is refused (allowExec: false)`);
    if (rules.readOnly && (isUpgrade || !READ_SERVICE_VERBS.has(verb))) {
      throw this.#denied(`${verb} of the service ${shown} is refused (readOnly: true)`);
    }
    const request = { apiGroup: '', resource: 'services', subresource: 'proxy', namespace, name, verb };
    if (rules.denyResources.some((deny) => denies(deny, request))) {
      throw this.#denied(`${verb} of the service ${shown} is refused (denyResources)`);
    }
    return rule;
  }

  #denied(reason: string): MctunnelError {
    return new MctunnelError(
      'POLICY_DENIED',
      `forbidden by the policy of cluster ${this.#cluster}: ${reason}`,
      { hop: 'agent', delivered: 'no' },
    );
  }

  #refusal(identity: Identity, request: RequestInfo, isUpgrade: boolean): string | undefined {
    const { rules } = this;
    if (!this.#mayCome(identity)) return `the user ${JSON.stringify(identity.user)} may not come`;
    const runs = isUpgrade || isExec(request);
    if (runs && !rules.allowExec) return `${described(request)} is refused (allowExec: false)`;
    if (rules.readOnly && (runs || !isRead(request)))
      return `${described(request)} is refused (readOnly: true)`;
    if (request.isResourceRequest && rules.denyResources.some((rule) => denies(rule, request))) {
      return `${described(request)} is refused (denyResources)`;
    }
    return undefined;
  }

  /** A user who is listed, or one of whose groups is listed; everybody when neither list is given. */
  #mayCome(identity: Identity): boolean {
    const users = this.#users;
    const groups = this.#groups;
    if (users === undefined && groups === undefined) return true;
    if (users?.matches(identity.user) === true) return true;
    return groups !== undefined && identity.groups.some((group) => groups.matches(group));
  }
}

/** The policy that is in use now: a constant one, or a file that is followed. */
export interface PolicySource {
  readonly current: Policy;
}

/** Ports match as they are written: a number is not the name that it may have. */
function isOf(entry: TcpRule, target: ServiceTarget): boolean {
  return entry.namespace === target.namespace && entry.name === target.name && entry.port === target.port;
}

function isExec(request: RequestInfo): boolean {
  if (!request.isResourceRequest) return false;
  // The legacy prefix `/api/v1/proxy/…`, gone from Kubernetes since 1.10.
  if (request.verb === 'proxy') return true;
  if (request.apiGroup !== '') return false;
  return (
    Object.hasOwn(EXEC, request.resource) && EXEC[request.resource]?.includes(request.subresource) === true
  );
}

function isRead(request: RequestInfo): boolean {
  if (!request.isResourceRequest) return READ_METHODS.has(request.verb);
  if (READ_VERBS.has(request.verb)) return true;
  return (
    request.verb === 'create' &&
    request.subresource === '' &&
    REVIEW_GROUPS.has(request.apiGroup) &&
    request.resource.endsWith('reviews')
  );
}

/** What a rule leaves out matches everything. */
function denies(
  rule: DenyRule,
  request: Pick<RequestInfo, 'apiGroup' | 'resource' | 'subresource' | 'namespace' | 'verb'>,
): boolean {
  if (!matches(rule.resource, request.resource)) return false;
  if (rule.group !== undefined && !matches(rule.group, request.apiGroup)) return false;
  if (rule.subresource !== undefined && !matchesSubresource(rule.subresource, request.subresource))
    return false;
  if (rule.verbs !== undefined && !rule.verbs.some((verb) => matches(verb, request.verb))) return false;
  if (rule.namespaces === undefined) return true;
  // A request for all namespaces at once would show the listed ones as well. One object, or a new one, without a namespace has none.
  if (request.namespace === '') return !ONE_OBJECT_VERBS.has(request.verb);
  return rule.namespaces.includes(request.namespace);
}

function matches(pattern: string, value: string): boolean {
  return pattern === '*' || pattern === value;
}

/** `*` means any subresource; the resource itself is `""`. */
function matchesSubresource(pattern: string, value: string): boolean {
  return pattern === '*' ? value !== '' : pattern === value;
}

function described(request: RequestInfo): string {
  if (!request.isResourceRequest) return `${request.verb} of a path that is no resource`;
  const resource =
    request.subresource === '' ? request.resource : `${request.resource}/${request.subresource}`;
  const group = request.apiGroup === '' ? '' : `.${request.apiGroup}`;
  const namespace = request.namespace === '' ? '' : ` in the namespace ${JSON.stringify(request.namespace)}`;
  return `${request.verb} ${resource}${group}${namespace}`;
}
