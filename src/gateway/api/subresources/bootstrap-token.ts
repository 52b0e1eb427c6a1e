import type { Request } from 'express';
import { z } from 'zod';
import { MctunnelError } from '../../../errors.ts';
import { CLUSTER, faultOf } from '../../../registry/schema/index.ts';
import { sendJson } from '../answer.ts';
import { checkMediaType, parseObject, readBody } from '../body.ts';
import type { ApiResponse } from '../context.ts';
import type { ApiOptions } from '../options.ts';
import { acceptsJson, negotiate } from '../read/negotiation.ts';
import { dryRunOf } from '../registrations/options.ts';
import { registeredCluster } from './registered-cluster.ts';
import { bootstrapTokenSpecSchema, DEFAULT_TTL_SECONDS } from './schemas.ts';

const KIND = 'BootstrapToken';
/** Of a refusal; the names of fields may be long. */
const MAX_MESSAGE_LENGTH = 512;
const API_VERSION = `${CLUSTER.group}/${CLUSTER.version}`;

/** The server's own, or of no use to a token: a client that reads and sends an object again may have them. */
const ignored = z.unknown().optional();
const bodySchema = z.strictObject({
  apiVersion: z.literal(API_VERSION).exactOptional(),
  kind: z.literal(KIND).exactOptional(),
  metadata: ignored,
  spec: z.strictObject(bootstrapTokenSpecSchema.shape).exactOptional(),
  status: ignored,
});

function parse(text: string): z.infer<typeof bootstrapTokenSpecSchema> {
  // A bare POST asks for a token as it is by default.
  const body = text.trim() === '' ? {} : parseObject(text);
  const parsed = bodySchema.safeParse(body, { reportInput: true });
  if (parsed.success) return parsed.data.spec ?? {};
  // A field that is misspelt would give another token than was asked for, and unheard.
  const unknown = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key].join('.')) : [],
  );
  if (unknown.length > 0) {
    const fields = unknown.map((field) => `unknown field "${field}"`).join(', ');
    const words = `${KIND} in version "${CLUSTER.version}" cannot be handled as a ${KIND}: strict decoding error: ${fields}`;
    throw new MctunnelError('BAD_REQUEST', words.slice(0, MAX_MESSAGE_LENGTH));
  }
  const faults = parsed.error.issues.map((issue) => faultOf(issue));
  const words = faults.map((fault) => `${fault.field}: ${fault.message}`).join(', ');
  throw new MctunnelError('INVALID', `${KIND}.${CLUSTER.group} "" is invalid: ${words}`, { faults });
}

/** `clusters/{name}/bootstraptoken`: a one-use token with which an agent of that cluster enrols. 404 when there is no such cluster, 409 while it is being deleted. */
export function bootstrapToken(options: ApiOptions) {
  const { store, tokens } = options;
  return async (request: Request, response: ApiResponse): Promise<void> => {
    negotiate(request.headers.accept, (clause) => (acceptsJson(clause) ? true : undefined));
    checkMediaType(request, ['application/json']);
    const { info, query } = response.locals;
    const { name } = info;
    if (dryRunOf('CreateOptions', query.getAll('dryRun'))) {
      // An answer without a token would be none of this Kind, and a token that is none would mislead whoever tries it.
      const words = 'dryRun is not supported: a token is issued, or none is; nothing was done';
      throw new MctunnelError('BAD_REQUEST', words);
    }
    const spec = parse(await readBody(request));
    const { ttlSeconds = DEFAULT_TTL_SECONDS, replace = false } = spec;
    response.locals.annotations = { ttlSeconds: String(ttlSeconds), replace: String(replace) };
    const { metadata, spec: registered } = await registeredCluster(store, name);
    if (metadata.deletionTimestamp !== undefined) {
      const words = `cluster ${name} is being deleted, and no agent of it is let in; register it again once it is gone`;
      throw new MctunnelError('CONFLICT', words);
    }
    const notBefore = registered.credentials?.notBefore;
    const status = await tokens.issue({
      ...{ cluster: name, uid: metadata.uid, ttlSeconds, replace },
      ...(notBefore !== undefined && { notBefore: new Date(notBefore) }),
    });
    sendJson(response, 201, {
      kind: KIND,
      apiVersion: API_VERSION,
      metadata: { name },
      spec: { ttlSeconds, replace },
      status,
    });
  };
}
