import type { Request } from 'express';
import { z } from 'zod';
import { MctunnelError } from '../../../errors.ts';
import { CLUSTER, faultOf } from '../../../registry/schema/index.ts';
import { sendJson } from '../answer.ts';
import { checkMediaType, parseObject, readBody } from '../body.ts';
import type { ApiResponse } from '../context.ts';
import type { ApiOptions } from '../options.ts';
import { acceptsJson, negotiate } from '../read/negotiation.ts';
import { bootstrapTokenSpecSchema, DEFAULT_TTL_SECONDS } from './schemas.ts';

const KIND = 'BootstrapToken';
const API_VERSION = `${CLUSTER.group}/${CLUSTER.version}`;

const bodySchema = z.object({
  apiVersion: z.literal(API_VERSION).exactOptional(),
  kind: z.literal(KIND).exactOptional(),
  spec: bootstrapTokenSpecSchema.exactOptional(),
});

function parse(text: string): z.infer<typeof bootstrapTokenSpecSchema> {
  // A bare POST asks for a token as it is by default.
  const body = text.trim() === '' ? {} : parseObject(text);
  const parsed = bodySchema.safeParse(body, { reportInput: true });
  if (parsed.success) return parsed.data.spec ?? {};
  const faults = parsed.error.issues.map((issue) => faultOf(issue));
  const words = faults.map((fault) => `${fault.field}: ${fault.message}`).join(', ');
  throw new MctunnelError('INVALID', `${KIND}.${CLUSTER.group} "" is invalid: ${words}`, { faults });
}

/** `clusters/{name}/bootstraptoken`: a one-use token with which an agent of that cluster enrols. 404 when there is no such cluster. */
export function bootstrapToken(options: ApiOptions) {
  const { store, tokens } = options;
  return async (request: Request, response: ApiResponse): Promise<void> => {
    negotiate(request.headers.accept, (clause) => (acceptsJson(clause) ? true : undefined));
    checkMediaType(request, ['application/json']);
    const spec = parse(await readBody(request));
    const { name } = response.locals.info;
    const { metadata, spec: registered } = await store.get(name);
    const { ttlSeconds = DEFAULT_TTL_SECONDS, replace = false } = spec;
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
