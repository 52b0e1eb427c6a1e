import { z } from 'zod';
import { DATE_TIME, isDateTime } from './date-time.ts';

/** Group, version and names of the registration: the CRD, and the embedded store's resource. */
export const REGISTRATION = {
  group: 'registry.mctunnel.io',
  version: 'v1',
  kind: 'ClusterRegistration',
  listKind: 'ClusterRegistrationList',
  plural: 'clusterregistrations',
  singular: 'clusterregistration',
  shortName: 'mcreg',
  category: 'mctunnel',
} as const;

/** The read view of the same objects in the aggregated API. */
export const CLUSTER = {
  group: 'gateway.mctunnel.io',
  version: 'v1',
  kind: 'Cluster',
  listKind: 'ClusterList',
  plural: 'clusters',
  singular: 'cluster',
  shortName: 'mcl',
  category: 'mctunnel',
} as const;

const text = (description: string, maxLength: number) => z.string().max(maxLength).meta({ description });
const time = (description: string) =>
  z
    .string()
    .refine(isDateTime, { params: { format: 'date-time' } })
    .meta({ description, format: 'date-time', pattern: DATE_TIME.source });
const count = (description: string) => z.int32().min(1).meta({ description });

/** A list that is a map: items with the same values of `keys` are the same item. */
function listMap<Item extends z.ZodObject>(
  item: Item,
  keys: readonly string[],
  max: number,
  description: string,
) {
  const keyOf = (value: Readonly<Record<string, unknown>>) => JSON.stringify(keys.map((key) => value[key]));
  return z
    .array(item)
    .max(max)
    .superRefine((items, context) => {
      const seen = new Set<string>();
      for (const [index, value] of items.entries()) {
        const key = keyOf(value);
        if (seen.has(key)) {
          context.addIssue({ code: 'custom', path: [index], params: { duplicate: true }, input: value });
        }
        seen.add(key);
      }
    })
    .meta({ description, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
}

export const specSchema = z
  .object({
    paused: z
      .boolean()
      .meta({
        description: 'A paused cluster accepts no agent: its live sessions are closed and new ones refused.',
      })
      .exactOptional(),
    credentials: z
      .object({
        notBefore: time('Agent certificates issued before this time are refused.').exactOptional(),
      })
      .meta({ description: 'Which of the certificates issued for this cluster count.' })
      .exactOptional(),
    limits: z
      .object({
        maxInFlight: count(
          'Requests in flight to this cluster, watches included, before 429.',
        ).exactOptional(),
        maxInFlightPerUser: count('The same for one user.').exactOptional(),
      })
      .meta({ description: "Limits of this cluster, in place of the hub's defaults." })
      .exactOptional(),
  })
  .meta({ description: 'What an administrator decides about a cluster.' });

const CONDITION_TYPES = [
  'Connected',
  'APIServerReachable',
  'ImpersonationReady',
  'IdentityConfirmed',
] as const;

const conditionSchema = z.object({
  type: z.enum(CONDITION_TYPES).meta({ description: 'What the condition is about.' }),
  status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'Whether it holds.' }),
  reason: text('Why, in one CamelCase word.', 1024),
  message: text('Why, for people.', 32768),
  lastTransitionTime: time('When the status last changed.'),
  observedGeneration: z
    .int()
    .min(0)
    .meta({ description: 'The generation of the registration that this was computed from.', format: 'int64' })
    .exactOptional(),
});

const sessionSchema = z.object({
  replica: text('The hub replica that holds the session; it alone writes this item.', 253),
  instance: text("The agent's process.", 253),
  since: time('When the session began.'),
  agentVersion: text("The agent's version.", 64),
  remoteAddress: text('Where the agent dialled from, as the hub sees it.', 128),
  authority: text(
    "SHA-256 of the public key of the CA that signed the agent's certificate.",
    71,
  ).exactOptional(),
  roundTripMs: z
    .number()
    .min(0)
    .meta({ description: 'Round trip of the tunnel in milliseconds, the least of the last minute.' })
    .exactOptional(),
});

export const statusSchema = z
  .object({
    conditions: listMap(conditionSchema, ['type'], 16, `${CONDITION_TYPES.join(', ')}.`).exactOptional(),
    clusterUID: text(
      "uid of the cluster's kube-system namespace, pinned at the first connect.",
      128,
    ).exactOptional(),
    kubernetesVersion: text("The version of the cluster's apiserver.", 64).exactOptional(),
    sessions: listMap(sessionSchema, ['replica', 'instance'], 64, 'Live sessions of agents.').exactOptional(),
    lastDisconnect: z
      .object({
        time: time('When.'),
        reason: text('Why, in one CamelCase word.', 128),
        message: text('Why, for people.', 4096),
      })
      .meta({ description: 'How the last session ended.' })
      .exactOptional(),
    certificate: z
      .object({
        serial: text('Serial number, hexadecimal.', 128),
        notAfter: time('When it expires.'),
        authority: text('SHA-256 of the public key of the CA that signed it.', 71).exactOptional(),
        trustedAuthorities: z
          .array(text('SHA-256 of a public key.', 71))
          .max(64)
          .meta({
            description: 'The CAs by which the agent knows the hub.',
            'x-kubernetes-list-type': 'atomic',
          })
          .exactOptional(),
      })
      .meta({ description: "The agent's current certificate." })
      .exactOptional(),
  })
  .meta({ description: 'What the hub observes of a cluster.' });

/** Everything of a registration but its metadata: the one schema of CRD, OpenAPI documents and validation. */
export const registrationSchema = z
  .object({
    apiVersion: z.string().meta({ description: 'Version of the schema of this object.' }).exactOptional(),
    kind: z.string().meta({ description: 'Kind of this object.' }).exactOptional(),
    spec: specSchema.exactOptional(),
    status: statusSchema.exactOptional(),
  })
  .meta({
    description:
      'A cluster that may be reached through the hub. Its name is what the cluster is called in every path.',
  });
