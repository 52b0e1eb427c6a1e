import type { ResourceName, ServedResources } from './discovery.ts';
import type { DenyRule } from './policy-schema.ts';

/** Rules that the log names; further ones are only counted. */
const MAX_NAMED_RULES = 20;
const MAX_MEANT = 3;

/** A rule of `denyResources` whose resource the cluster does not serve, at least not now: it denies nothing that there is. */
export interface UnservedRule {
  /** In the list of rules. */
  readonly index: number;
  readonly resource: string;
  /** undefined: any. */
  readonly group: string | undefined;
  /** What kubectl would have taken the name for, or where that resource is. */
  readonly meant: readonly string[];
}

/** Whether there is a rule that could name what is not served: then discovery is worth its cost. */
export function nameResources(rules: readonly DenyRule[]): boolean {
  return rules.some(({ resource }) => resource !== '*');
}

export function unservedRules(
  rules: readonly DenyRule[],
  served: readonly ServedResources[],
): readonly UnservedRule[] {
  return rules.flatMap((rule, index) => {
    const { resource } = rule;
    const group = rule.group === '*' ? undefined : rule.group;
    if (resource === '*' || served.some((part) => mayServe(part, resource, group))) return [];
    return [{ index, resource, group, meant: meantBy(served, resource, group) }];
  });
}

/** Of a group whose own API server is away nobody knows what it serves. */
function mayServe(
  { groups, staleGroups }: ServedResources,
  resource: string,
  group: string | undefined,
): boolean {
  const having = groups.get(resource);
  if (group === undefined) return having !== undefined;
  return having?.has(group) === true || staleGroups.has(group);
}

function meantBy(
  served: readonly ServedResources[],
  resource: string,
  group: string | undefined,
): readonly string[] {
  const candidates = served.flatMap(({ groups, byOtherName }): ResourceName[] => [
    ...(byOtherName.get(resource) ?? []),
    ...Array.from(groups.get(resource) ?? [], (other) => ({ group: other, plural: resource })),
  ]);
  const near = candidates.filter((candidate) => group === undefined || candidate.group === group);
  const meant =
    near.length > 0
      ? near.map(({ plural }) => described(plural, undefined))
      : candidates.map((candidate) => described(candidate.plural, candidate.group));
  return [...new Set(meant)].slice(0, MAX_MEANT);
}

/** For the log. */
export function describeUnserved(rules: readonly UnservedRule[]): string {
  const named = rules.slice(0, MAX_NAMED_RULES).map(({ index, resource, group, meant }) => {
    const hint = meant.length === 0 ? '' : ` (probably ${meant.join(' or ')} is meant)`;
    return `denyResources[${index}] ${described(resource, group)}${hint}`;
  });
  const more = rules.length - named.length;
  return (
    'this cluster serves no such resource, so that these rules of the policy deny nothing: ' +
    [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
  );
}

function described(resource: string, group: string | undefined): string {
  const shown = JSON.stringify(resource);
  return group === undefined ? shown : `${shown} of the group ${JSON.stringify(group)}`;
}
