import { Pool } from 'undici';
import { MctunnelError } from '../errors.ts';
import type { ImpersonationRight } from '../lib/impersonation-right.ts';
import { unreachable } from './failure.ts';
import { CONNECT_TIMEOUT_MS, type Destination } from './destination.ts';
import { resolveMember, type MemberEndpoint } from './member.ts';
import type { Policy } from './policy.ts';
import { prefixOf } from './name-match.ts';

/** A probe that is not answered after this long failed. */
const PROBE_TIMEOUT_MS = 10_000;
/** Of an answer to a probe. */
const MAX_PROBE_BYTES = 1024 * 1024;
/** Of users and groups in the verbs of constrained impersonation. */
const CONSTRAINED_GROUP = 'authentication.k8s.io';

/** What the agent finds out about its member with its own account, without impersonating anybody. */
export interface MemberState {
  readonly apiServer:
    | { readonly reachable: true; readonly version: string; readonly roundTripMs: number }
    | { readonly reachable: false; readonly problem: MctunnelError };
  /** uid of the namespace kube-system; undefined: not known, the agent may not read it or the apiserver is not reachable. */
  readonly clusterUid: string | undefined;
  /** Condition ImpersonationReady; undefined: could not be asked. */
  readonly missingRights: readonly ImpersonationRight[] | undefined;
}

/**
 * The least rights that the policy needs: users by name where it lists nothing but exact ones, any otherwise. Groups cannot be listed when
 * users may come with any of theirs. Names are those after the mapping.
 */
export function impersonationRights(policy: Policy): readonly ImpersonationRight[] {
  const { users, groups, passExtras } = policy.rules;
  const names =
    users !== undefined && groups === undefined && users.every((user) => prefixOf(user) === undefined);
  const mapped = names
    ? users.map((user) => policy.mapping.map({ user, uid: '', groups: [], extra: [] }).user)
    : [''];
  return [
    ...mapped.map((name) => ({ group: '', resource: 'users', subresource: '', name }) as const),
    { group: '', resource: 'groups', subresource: '', name: '' },
    ...passExtras.map(
      (key) =>
        ({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: '' }) as const,
    ),
  ];
}

/**
 * Probes the member once, on connections of its own. Never rejects: what cannot be found out is undefined, or says why. `now` tells
 * monotonic milliseconds.
 */
export async function probeMember(
  cluster: string,
  endpoint: MemberEndpoint,
  policy: Policy,
  now: () => number = () => performance.now(),
): Promise<MemberState> {
  const client = new ProbeClient(resolveMember(cluster, endpoint));
  try {
    const apiServer = await apiServerState(client, now);
    // A server that answers something may answer these as well.
    const isThere = apiServer.reachable || apiServer.problem.code !== 'UPSTREAM_UNREACHABLE';
    const isConstrained = apiServer.reachable && offersConstrainedImpersonation(apiServer.version);
    const [clusterUid, missingRights] = isThere
      ? await Promise.all([kubeSystemUid(client), missing(client, policy, isConstrained)])
      : [undefined, undefined];
    return { apiServer, clusterUid, missingRights };
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

/** KEP 5284: on by default from 1.36. An older server would take the verbs in its RBAC, and never ask for them. */
function offersConstrainedImpersonation(gitVersion: string): boolean {
  const [, major = '0', minor = '0'] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return Number(major) > 1 || (major === '1' && Number(minor) >= 36);
}

async function missing(
  client: ProbeClient,
  policy: Policy,
  isConstrained: boolean,
): Promise<readonly ImpersonationRight[] | undefined> {
  const rights = impersonationRights(policy);
  try {
    const allowed: boolean[] = [];
    for (const right of rights) {
      allowed.push(
        (await isAllowed(client, 'impersonate', right)) ||
          (isConstrained &&
            (await isAllowed(client, 'impersonate:user-info', { ...right, group: CONSTRAINED_GROUP }))),
      );
    }
    return rights.filter((_, at) => allowed[at] !== true);
  } catch {
    return undefined;
  }
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
  readonly #pool: Pool;

  constructor(member: Destination) {
    const { tls } = member;
    this.#member = member;
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
    const authorization = this.#member.credential.authorization();
    let status: number;
    let text: string;
    try {
      const answer = await this.#pool.request({
        method,
        path: this.#member.basePath + path,
        headers: {
          accept: 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      status = answer.statusCode;
      text = await answer.body.text();
    } catch (cause) {
      throw unreachable(this.#member.description, cause);
    }
    if (status < 200 || status > 299) throw this.#unusable(`it answers ${status} to ${path}`);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#unusable(`its answer to ${path} is no JSON`, cause);
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #unusable(words: string, cause?: unknown): MctunnelError {
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
