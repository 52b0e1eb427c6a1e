import { DNS_LABEL } from '../lib/dns-name.ts';

/** One answer for all that a root serves, from Kubernetes 1.27 on; the type that came first last. */
const AGGREGATED = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(', ');
/** The core group, and all others. */
const ROOTS = ['/api', '/apis'] as const;

export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}

/** What an API server serves, of whatever version. */
export interface ServedResources {
  /** Plural name → the groups that have it. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  /** Singular name, kind in lower case or short name → what kubectl takes it for. */
  readonly byOtherName: ReadonlyMap<string, readonly ResourceName[]>;
  /** Their own API server does not answer now, so that they may have more. */
  readonly staleGroups: ReadonlySet<string>;
}

/** Asks under the agent's own account. */
export interface DiscoveryClient {
  answer(
    method: 'GET',
    path: string,
    body: undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string; readonly etag: string | undefined }>;
}

interface Group {
  readonly name: string;
  readonly versions: readonly { readonly freshness?: string; readonly resources?: readonly Resource[] }[];
}

interface Resource {
  readonly resource: string;
  readonly singularResource?: string;
  readonly shortNames?: readonly string[];
  readonly responseKind?: { readonly kind?: string };
}

interface Answer {
  readonly etag: string;
  readonly served: ServedResources;
}

/** Discovery of one API server: asked again and again, it is read again only when something changed. */
export class Discovery {
  readonly #answers = new Map<string, Answer>();

  /** One for each root. Rejects when the server cannot be asked, or does not tell everything at once. */
  async read(client: DiscoveryClient): Promise<readonly ServedResources[]> {
    const served: ServedResources[] = [];
    for (const root of ROOTS) served.push(await this.#read(client, root));
    return served;
  }

  async #read(client: DiscoveryClient, root: string): Promise<ServedResources> {
    const before = this.#answers.get(root);
    const { status, text, etag } = await client.answer('GET', root, undefined, {
      accept: AGGREGATED,
      ...(before !== undefined && { 'if-none-match': before.etag }),
    });
    if (status === 304 && before !== undefined) return before.served;
    const list = status === 200 ? (JSON.parse(text) as { kind?: unknown; items?: unknown }) : undefined;
    if (list?.kind !== 'APIGroupDiscoveryList') throw new Error(`no aggregated discovery: ${status}`);
    const served = indexed(groupsOf(list.items));
    if (etag === undefined) this.#answers.delete(root);
    else this.#answers.set(root, { etag, served });
    return served;
  }
}

/** Of an empty list Go writes null. */
function groupsOf(items: unknown): readonly Group[] {
  return ((items ?? []) as readonly { metadata?: { name?: string }; versions?: Group['versions'] }[]).map(
    ({ metadata, versions }) => ({ name: metadata?.name ?? '', versions: versions ?? [] }),
  );
}

function indexed(all: readonly Group[]): ServedResources {
  const groups = new Map<string, Set<string>>();
  const byOtherName = new Map<string, ResourceName[]>();
  const staleGroups = new Set<string>();
  for (const { name: group, versions } of all) {
    if (versions.some(({ freshness }) => freshness === 'Stale')) staleGroups.add(group);
    for (const resource of versions.flatMap(({ resources }) => resources ?? [])) {
      const plural = resource.resource;
      // Others no rule can name.
      if (!DNS_LABEL.test(plural)) continue;
      const having = groups.get(plural) ?? new Set();
      // Another version of the same.
      if (having.has(group)) continue;
      groups.set(plural, having.add(group));
      for (const name of otherNames(resource)) {
        byOtherName.set(name, [...(byOtherName.get(name) ?? []), { group, plural }]);
      }
    }
  }
  return { groups, byOtherName, staleGroups };
}

function otherNames(resource: Resource): ReadonlySet<string> {
  const { singularResource = '', shortNames, responseKind } = resource;
  const names = [singularResource, (responseKind?.kind ?? '').toLowerCase(), ...(shortNames ?? [])];
  return new Set(names.filter((name) => name !== '' && name !== resource.resource));
}
