import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { MctunnelError } from '../errors.ts';
import { DNS_LABEL, DNS_SUBDOMAIN } from '../lib/dns-name.ts';
import { duplicateYamlKeys } from '../lib/duplicate-keys.ts';
import { headerTextFault, isReservedExtra } from './identity.ts';
import { prefixOf } from './name-match.ts';
import { serviceRule, tcpRule, withoutRepeats } from './service/rule.ts';

/** Bound of a policy file. */
export const MAX_POLICY_BYTES = 1024 * 1024;

const SYSTEM_PREFIX = 'system:';
const name = z.string().min(1, 'is empty');
const nameOrPrefix = name
  .refine((entry) => !entry.slice(0, -1).includes('*'), 'may have "*" only at its end')
  .superRefine((entry, context) => {
    const prefix = prefixOf(entry);
    // Something stands behind a prefix, so that white space at its end is not the name's.
    const fault = headerTextFault(prefix === undefined ? entry : `${prefix}x`);
    if (fault !== undefined) {
      context.addIssue({ code: 'custom', message: `${fault}, which no name that may come does` });
    }
  });
const passedName = nameOrPrefix
  .refine((entry) => prefixOf(entry) !== '', '"*" would give up all mapping; list names or prefixes')
  .refine(
    (entry) => !entry.startsWith(SYSTEM_PREFIX),
    'names that begin with "system:" never pass, so that this entry would only make requests fail',
  );
const passedExtra = name
  .refine((key) => key === key.toLowerCase(), 'keys of extras are lower case')
  // As a right, `userextras/*` is that to all extras, Kubernetes' own among them.
  .refine((key) => !key.endsWith('*'), 'keys of extras are listed one by one, there is no "*" in them')
  .refine((key) => !isReservedExtra(key), 'extras of authentication.kubernetes.io never pass');

// A rule that can match nothing leaves open what its author takes for closed.
const isLabelOrAny = (value: string): boolean => value === '*' || DNS_LABEL.test(value);
const NOT_A_LABEL = 'is lower case, and "*" stands alone or not at all';

const denyRule = z.strictObject({
  /** API group; `""` is the core group, `*` any. Absent: any. */
  group: z
    .string()
    .refine((value) => value !== 'core', 'the core group is written ""')
    .refine((value) => !/^v\d/.test(value), 'is a version; the group stands before it, and of "v1" it is ""')
    .refine(
      (value) => value === '' || value === '*' || DNS_SUBDOMAIN.test(value),
      'is no API group: "", "*" or a name like apps or rbac.authorization.k8s.io',
    )
    .optional(),
  /** Plural name, lower case, or `*`. */
  resource: name
    .refine((value) => !value.includes('/'), 'write the part after "/" as subresource')
    .refine((value) => value.includes('/') || isLabelOrAny(value), `a resource's plural name ${NOT_A_LABEL}`),
  /** `""` is the resource itself, `*` any subresource. Absent: the resource and all of its subresources. */
  subresource: z
    .string()
    .refine((value) => value === '' || isLabelOrAny(value), `a subresource ${NOT_A_LABEL}`)
    .optional(),
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection` or `*`. Absent: all. */
  verbs: z
    .array(z.enum(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection', '*']))
    .min(1, 'an empty list would match nothing')
    .optional(),
  /** A request for all namespaces at once counts as one for each. Absent: all, and cluster-scoped resources. */
  namespaces: z
    .array(
      name.refine(
        (value) => DNS_LABEL.test(value),
        'is no name of a namespace; without namespaces a rule is for all, and there is no "*" in them',
      ),
    )
    .min(1, 'an empty list would match nothing')
    .optional(),
});

const policyRules = z.strictObject({
  /** Who may come at all, by the hub's names; exact or a prefix. One listed user **or** group suffices. Absent: everybody. */
  users: z.array(nameOrPrefix).optional(),
  groups: z.array(nameOrPrefix).optional(),
  passUsers: z.array(passedName).default([]),
  passGroups: z.array(passedName).default([]),
  passExtras: z.array(passedExtra).default([]),
  /** Only get, list, watch, and `create` on the `*reviews`; no upgrade, no exec. */
  readOnly: z.boolean().default(false),
  /** False refuses every upgrade and pods/{exec,attach,portforward,proxy}, nodes/proxy, services/proxy under any method. */
  allowExec: z.boolean().default(true),
  denyResources: z.array(denyRule).default([]),
  /** Ports of Services that may be reached straight from the agent; nothing else may. */
  services: z.array(serviceRule).superRefine(withoutRepeats).default([]),
  /** Ports of Services to which raw connections may be made. */
  tcp: z.array(tcpRule).superRefine(withoutRepeats).default([]),
});

export type PolicyRules = Readonly<z.output<typeof policyRules>>;
export type DenyRule = Readonly<z.output<typeof denyRule>>;

/** Without a policy file. */
export const DEFAULT_POLICY: PolicyRules = policyRules.parse({});

/**
 * Reads a policy file. Throws MctunnelError INVALID whose message has a line for everything that is wrong, each with its path
 * (`denyResources[0].verbs[1]: …`); an unknown key is wrong.
 */
export function parsePolicy(text: string, identityPrefix: string): PolicyRules {
  const parsed = policyRules.safeParse(parseYaml(text));
  const faults = parsed.success
    ? passFaults(parsed.data, identityPrefix)
    : parsed.error.issues.flatMap((issue) => issueLines(issue));
  if (!parsed.success || faults.length > 0) throw invalid(faults);
  return parsed.data;
}

const EMPTY = 'it is empty; write {} to forbid nothing';

function parseYaml(text: string): unknown {
  // What an editor leaves for a moment while it writes must not lift every rule.
  if (text.trim() === '') throw invalid([EMPTY]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  if (document.errors.length > 0) throw invalid(document.errors.map((error) => error.message));
  const duplicates = duplicateYamlKeys(document);
  if (duplicates.length > 0) {
    throw invalid(
      duplicates.map(
        ({ key, offset }) =>
          `line ${lines.linePos(offset).line}: keys must be unique, and ${JSON.stringify(key)} stands twice`,
      ),
    );
  }
  let value: unknown;
  try {
    // No aliases: a small file could stand for a huge document.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw invalid(['an alias (*name) is not allowed in a policy']);
  }
  // Comments only, or the beginning of a file that is being written.
  if (value === null || value === undefined) throw invalid([EMPTY]);
  return value;
}

/** Such an entry would never pass anything: a name that begins with the prefix always gets the prefix. */
function passFaults(rules: PolicyRules, identityPrefix: string): string[] {
  return (['passUsers', 'passGroups'] as const).flatMap((key) =>
    rules[key].flatMap((entry, index) =>
      entry.startsWith(identityPrefix)
        ? [
            `${key}[${index}]: names that begin with the identity prefix "${identityPrefix}" never pass unchanged`,
          ]
        : [],
    ),
  );
}

function issueLines(issue: z.core.$ZodIssue): string[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${path === '' ? key : `${path}.${key}`}: there is no such key`);
  }
  return [`${path === '' ? 'the file' : path}: ${issue.message}`];
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    text += typeof part === 'number' ? `[${part}]` : text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

function invalid(faults: readonly string[]): MctunnelError {
  return new MctunnelError('INVALID', faults.join('\n'), { hop: 'agent' });
}
