import { Pool } from 'undici';
import { MctunnelError } from '../errors.ts';
import type { ImpersonationRight } from '../lib/impersonation-right.ts';
import { Discovery, type DiscoveryClient } from './discovery.ts';
import { unreachable } from './failure.ts';
import { CONNECT_TIMEOUT_MS, type Destination } from './destination.ts';
import { escapeExtraKey, utf8AsLatin1 } from './identity.ts';
import { resolveMember, type MemberEndpoint } from './member.ts';
import type { Policy } from './policy.ts';
import { prefixOf } from './name-match.ts';
import { nameResources, unservedRules, type UnservedRule } from './unserved-rules.ts';

/** A probe that is not answered after this long failed. */
const PROBE_TIMEOUT_MS = 10_000;
/** Of an answer to a probe. The largest is discovery's: some 800 bytes for each resource, of which an operator may bring thousands. */
const MAX_PROBE_BYTES = 8 * 1024 * 1024;
/** Of users and groups in the verbs of constrained impersonation. */
const CONSTRAINED_GROUP = 'authentication.k8s.io';
/** Name of the user and group of the trial, before the mapping: it stands in the audit log of the member. */
const PROBE = 'mctunnel-probe';

/** What the agent finds out about its member with its own account, impersonating nobody but for one trial, and that only where it lacks a plain right. */
export interface MemberState {
  readonly apiServer:
    | { readonly reachable: true; readonly version: string; readonly roundTripMs: number }
    | { readonly reachable: false; readonly problem: MctunnelError };
  /** uid of the namespace kube-system; undefined: not known, the agent may not read it or the apiserver is not reachable. */
  readonly clusterUid: string | undefined;
  /** Condition ImpersonationReady; undefined: could not be asked. */
  readonly missingRights: readonly ImpersonationRight[] | undefined;
  /** Rules of the policy that deny nothing here; undefined: the cluster does not say what it serves. */
  readonly unservedRules: readonly UnservedRule[] | undefined;
}

/**
 * The least rights that the policy needs: users by name where it lists nothing but exact ones, any otherwise. Groups cannot be listed when
 * users may come with any of theirs. Names are those after the mapping.
 */
export function impersonationRights(policy: Policy): readonly ImpersonationRight[] {
  const { users, groups, passExtras } = policy.rules;
  const names =
    users !== undefined && groups === undefined && users.every((user) => prefixOf(user) === undefined);
  const mapped = names ? users.flatMap((user) => mappedName(policy, user) ?? []) : [''];
  return [
    ...mapped.map((name) => ({ group: '', resource: 'users', subresource: '', name }) as const),
    { group: '', resource: 'groups', subresource: '', name: '' },
    ...passExtras.map(
      (key) =>
        ({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: '' }) as const,
    ),
  ];
}

/** undefined: the mapping refuses that name (`system:…` behind a prefix of `passUsers`), so that nobody is impersonated by it. */
function mappedName({ mapping }: Policy, user: string): string | undefined {
  try {
    return mapping.map({ user, uid: '', groups: [], extra: [] }).user;
  } catch {
    return undefined;
  }
}

export interface ProbeOptions {
  /** `NAME/VERSION`: what audit logs of the member show. Default: none. */
  readonly userAgent?: string;
  /** Knows what earlier probes of the member found. */
  readonly discovery?: Discovery;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Probes the member once, on connections of its own. Never rejects: what cannot be found out is undefined, or says why. */
export async function probeMember(
  cluster: string,
  endpoint: MemberEndpoint,
  policy: Policy,
  { userAgent, discovery = new Discovery(), now = () => performance.now() }: ProbeOptions = {},
): Promise<MemberState> {
  const client = new ProbeClient(resolveMember(cluster, endpoint), userAgent);
  try {
    const apiServer = await apiServerState(client, now);
    // A server that answers something may answer these as well.
    const isThere = apiServer.reachable || apiServer.problem.code !== 'UPSTREAM_UNREACHABLE';
    const [clusterUid, missingRights, unserved] = isThere
      ? await Promise.all([
          kubeSystemUid(client),
          missing(client, policy),
          unservedRulesOf(client, policy, discovery),
        ])
      : [undefined, undefined, undefined];
    return { apiServer, clusterUid, missingRights, unservedRules: unserved };
  } finally {
    await client.close();
  }
}

async function apiServerState(client: ProbeClient, now: () => number): Promise<MemberState['apiServer']> {
  const start = now();
  try {
    const version = await client.json('GET', '/version');
    return { reachable: true, version: textAt(version, 'gitVersion') ?? '', roundTripMs: now() - start };
  } catch (error) {
    return { reachable: false, problem: MctunnelError.from(error) };
  }
}

async function kubeSystemUid(client: ProbeClient): Promise<string | undefined> {
  try {
    return textAt(await client.json('GET', '/api/v1/namespaces/kube-system'), 'metadata', 'uid');
  } catch {
    return undefined;
  }
}

async function unservedRulesOf(
  client: DiscoveryClient,
  { rules: { denyResources } }: Policy,
  discovery: Discovery,
): Promise<readonly UnservedRule[] | undefined> {
  if (!nameResources(denyResources)) return [];
  try {
    return unservedRules(denyResources, await discovery.read(client));
  } catch {
    return undefined;
  }
}

async function missing(
  client: ProbeClient,
  policy: Policy,
): Promise<readonly ImpersonationRight[] | undefined> {
  const rights = impersonationRights(policy);
  try {
    const lacking: ImpersonationRight[] = [];
    const constrained: ImpersonationRight[] = [];
    const coversNames = await mayBeAnyOf(client, rights);
    for (const right of rights) {
      if (coversNames && right.name !== '') continue;
      if (await isAllowed(client, 'impersonate', right)) continue;
      const isConstrained = await isAllowed(client, 'impersonate:user-info', {
        ...right,
        group: CONSTRAINED_GROUP,
      });
      (isConstrained ? constrained : lacking).push(right);
    }
    if (constrained.length === 0 || (await honoursConstrained(client, policy, constrained))) return lacking;
    return rights.filter((right) => lacking.includes(right) || constrained.includes(right));
  } catch {
    return undefined;
  }
}

/** Whether one right to be any user holds for all that are named: a policy may name thousands, and they are asked for four times a minute. */
async function mayBeAnyOf(client: ProbeClient, rights: readonly ImpersonationRight[]): Promise<boolean> {
  const [first, ...others] = rights.filter(({ name }) => name !== '');
  if (first === undefined || others.length === 0) return false;
  return isAllowed(client, 'impersonate', { ...first, name: '' });
}

/**
 * Does the server take the verbs of constrained impersonation (KEP 5284) for anything? RBAC knows every verb, discovery says nothing, and by its version it may be
 * turned on or off: only a trial tells. It asks, as somebody whom the policy lets in, who that is; what else it may, does not matter.
 */
async function honoursConstrained(
  client: ProbeClient,
  policy: Policy,
  rights: readonly ImpersonationRight[],
): Promise<boolean> {
  const named = impersonationRights(policy).find(({ resource }) => resource === 'users')?.name;
  const anybody = policy.mapping.map({ user: PROBE, uid: '', groups: [PROBE], extra: [] });
  const headers: Record<string, string> = {
    'impersonate-user': utf8AsLatin1(named === undefined || named === '' ? anybody.user : named),
  };
  // A plain right to one of them must not speak for the others.
  for (const { resource, subresource } of rights) {
    if (resource === 'groups') headers['impersonate-group'] = anybody.groups[0] ?? PROBE;
    if (resource === 'userextras') headers[`impersonate-extra-${escapeExtraKey(subresource)}`] = PROBE;
  }
  const { status, text } = await client.answer(
    'POST',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    headers,
  );
  if (status >= 200 && status <= 299) return true;
  if (status !== 403) throw client.unusable(`it answers ${status} to an impersonated request`);
  // Refused for what is asked (by a role of somebody's own), or to that user: then it took the verbs.
  return text.includes('impersonate-on:') || !text.includes('cannot impersonate');
}

async function isAllowed(client: ProbeClient, verb: string, right: ImpersonationRight): Promise<boolean> {
  const review = await client.json('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb, ...right } },
  });
  return valueAt(review, 'status', 'allowed') === true;
}

/** Small JSON questions under the agent's own account. */
class ProbeClient {
  readonly #member: Destination;
  readonly #userAgent: Readonly<Record<string, string>>;
  readonly #pool: Pool;

  constructor(member: Destination, userAgent: string | undefined) {
    const { tls } = member;
    this.#member = member;
    this.#userAgent = userAgent === undefined ? {} : { 'user-agent': userAgent };
    this.#pool = new Pool(member.origin, {
      connections: 1,
      allowH2: false,
      headersTimeout: PROBE_TIMEOUT_MS,
      bodyTimeout: PROBE_TIMEOUT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      maxResponseSize: MAX_PROBE_BYTES,
      connect: {
        rejectUnauthorized: true,
        ...(tls !== undefined && { secureContext: tls.secureContext }),
        ...(tls !== undefined && tls.serverName !== '' && { servername: tls.serverName }),
      },
    });
  }

  /** Throws MctunnelError UPSTREAM_UNREACHABLE, or PROTOCOL for an answer that is no 2xx with JSON. */
  async json(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const { status, text } = await this.answer(method, path, body);
    if (status < 200 || status > 299) throw this.unusable(`it answers ${status} to ${path}`);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.unusable(`its answer to ${path} is no JSON`, cause);
    }
  }

  /** Whatever its status. Throws MctunnelError UPSTREAM_UNREACHABLE. */
  async answer(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly text: string; readonly etag: string | undefined }> {
    const authorization = this.#member.credential.authorization();
    try {
      const answer = await this.#pool.request({
        method,
        path: this.#member.basePath + path,
        headers: {
          ...this.#userAgent,
          accept: 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const { etag } = answer.headers;
      return {
        status: answer.statusCode,
        text: await answer.body.text(),
        etag: typeof etag === 'string' ? etag : undefined,
      };
    } catch (cause) {
      throw unreachable(this.#member.description, cause);
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  unusable(words: string, cause?: unknown): MctunnelError {
    return new MctunnelError('PROTOCOL', `${this.#member.description} is not usable: ${words}`, {
      hop: 'agent',
      cause,
    });
  }
}

function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[key];
  }
  return at;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const text = valueAt(value, ...path);
  return typeof text === 'string' ? text : undefined;
}
