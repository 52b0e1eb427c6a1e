import { DNS_LABEL } from './dns-name.ts';

/** Would be mistaken for a path of the hub's own in the short form `/NAME/…`. */
export const RESERVED_NAMES = [
  'api',
  'apis',
  'openapi',
  'version',
  'healthz',
  'livez',
  'readyz',
  'metrics',
  'clusters',
  'debug',
] as const;

const MAX_NAME_LENGTH = 63;

const NAME_RULE_MESSAGE =
  'a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "-", start and end with ' +
  'an alphanumeric character, and be at most 63 characters long';
const RESERVED_RULE_MESSAGE = `must not be one of the reserved names ${RESERVED_NAMES.join(', ')}`;

/** Whether a cluster can be called that: a DNS-1123 label that is none of the hub's own paths. */
export function isClusterName(name: string): boolean {
  return nameFault(name) === undefined;
}

/** Why a cluster may not be called that; undefined when it may. */
export function nameFault(name: string): string | undefined {
  if (name.length > MAX_NAME_LENGTH || !DNS_LABEL.test(name)) return NAME_RULE_MESSAGE;
  return (RESERVED_NAMES as readonly string[]).includes(name) ? RESERVED_RULE_MESSAGE : undefined;
}

/** The same rules in CEL, for the CRD. `self` is the object. */
export const NAME_RULES = [
  {
    rule: `self.metadata.name.size() <= ${MAX_NAME_LENGTH} && self.metadata.name.matches('${DNS_LABEL.source}')`,
    message: NAME_RULE_MESSAGE,
  },
  {
    rule: `!(self.metadata.name in [${RESERVED_NAMES.map((name) => `'${name}'`).join(', ')}])`,
    message: RESERVED_RULE_MESSAGE,
  },
] as const;
