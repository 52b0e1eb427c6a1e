import { z } from 'zod';
import { MctunnelError } from '../errors.ts';

/** Longest report, in bytes of UTF-8. */
export const MAX_REPORT_BYTES = 16 * 1024;
/** Rights that a report names; further ones are only counted. */
const MAX_NAMED_RIGHTS = 64;
const MAX_TRUSTS = 64;

/** Control, format (bidirectional ones too) and surrogate characters, and the two line separators: nothing that could disguise what a terminal shows. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
const text = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((value) => !UNPRINTABLE.test(value), 'has unprintable characters');
const word = z.string().regex(/^[A-Z][A-Za-z]{0,63}$/);

const rightSchema = z.object({
  group: text(253),
  resource: text(253).min(1),
  subresource: text(253),
  name: text(253),
});

/** Fields that are not known here are dropped: an agent may be newer than its hub. */
const reportSchema = z.object({
  version: z.literal(1),
  trusts: z
    .array(z.string().regex(/^sha256:[0-9a-f]{64}$/))
    .max(MAX_TRUSTS)
    .exactOptional(),
  apiServer: z.discriminatedUnion('reachable', [
    z.object({
      reachable: z.literal(true),
      kubernetesVersion: z
        .string()
        .regex(/^[\x21-\x7e]{1,64}$/)
        .exactOptional(),
    }),
    z.object({ reachable: z.literal(false), reason: word, message: text(1024) }),
  ]),
  impersonation: z
    .object({
      missing: z.array(rightSchema).max(MAX_NAMED_RIGHTS),
      missingCount: z.int().min(0).max(1_000_000),
    })
    .refine(({ missing, missingCount }) => missingCount >= missing.length)
    .exactOptional(),
});

/**
 * What an agent says about its cluster. `apiServer`: as its own account sees it; without `impersonation` the cluster did not say whom the
 * agent may impersonate. `trusts`: SPKI hashes of the CAs by which it knows the hub; without it it cannot be told to renew. Which cluster it is stands in the agent's certificate and nowhere else.
 */
export type AgentReport = z.infer<typeof reportSchema>;

/** Throws MctunnelError BAD_REQUEST; its message has nothing of the report's own text in it. */
export function parseReport(bytes: Uint8Array): AgentReport {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new MctunnelError('BAD_REQUEST', 'the report is not JSON in UTF-8', { cause });
  }
  const parsed = reportSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new MctunnelError(
    'BAD_REQUEST',
    field === '' ? 'the report is not the expected object' : `the report's field ${field} is not valid`,
    { cause: parsed.error },
  );
}
