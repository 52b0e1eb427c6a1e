import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { LABEL } from './target.ts';

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;
const ADDRESS_LIKE = /^[0-9.]+$/;

const label = z.string().regex(LABEL, 'is no name: lower-case letters, digits and "-", at most 63 of them');
const port = z.unknown().transform((value, context): string => {
  const isNumber = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
  if (isNumber || (typeof value === 'string' && LABEL.test(value))) return String(value);
  const message = 'is no port: write a number from 1 to 65535, or the name of a port of the Service';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const where = {
  namespace: label,
  name: label,
  /** Number or name of a port of the Service, as it stands in requests. */
  port,
  /** Endpoints that are addresses of nodes (pods with `hostNetwork`) may be reached. */
  nodeAddresses: z.boolean().default(false),
};

const httpRule = z.strictObject({ ...where, scheme: z.literal('http') });
const httpsRule = z
  .strictObject({
    ...where,
    scheme: z.literal('https'),
    /** PEM bundle that the service's certificate must chain to. */
    ca: z.string().superRefine(requireCertificates).optional(),
    /** Default: `NAME.NAMESPACE.svc`. */
    serverName: z
      .string()
      .refine((value) => HOST_NAME.test(value) && !ADDRESS_LIKE.test(value), 'is no host name')
      .optional(),
    insecureSkipTLSVerify: z.boolean().default(false),
  })
  .superRefine(({ ca, serverName, insecureSkipTLSVerify }, context) => {
    const fault = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (insecureSkipTLSVerify) {
      if (ca !== undefined) fault('ca', 'means nothing beside insecureSkipTLSVerify: true');
      if (serverName !== undefined) fault('serverName', 'means nothing beside insecureSkipTLSVerify: true');
    } else if (ca === undefined) {
      fault(
        'ca',
        'is missing: give the PEM of the CA that the service\'s certificate is of, or "insecureSkipTLSVerify: true"',
      );
    }
  });

/** One entry of `services`. */
export const serviceRule = z
  .discriminatedUnion('scheme', [httpRule, httpsRule], { error: 'the scheme must be "http" or "https"' })
  .superRefine(refuseApiServer);

/** One entry of `tcp`. */
export const tcpRule = z.strictObject(where).superRefine(refuseApiServer);

export type ServiceRule = Readonly<z.output<typeof serviceRule>>;
export type TcpRule = Readonly<z.output<typeof tcpRule>>;

/** A list in which no port stands twice: of two entries only one could hold. */
export function withoutRepeats(
  entries: readonly { namespace: string; name: string; port: string; scheme?: string }[],
  context: z.RefinementCtx,
): void {
  const seen = new Map<string, number>();
  for (const [index, { namespace, name, port: at, scheme = '' }] of entries.entries()) {
    const key = `${namespace}/${scheme}:${name}:${at}`;
    const first = seen.get(key);
    if (first !== undefined) {
      context.addIssue({ code: 'custom', path: [index], message: `the same as entry ${first}` });
    }
    seen.set(key, index);
  }
}

/** It has a way of its own, on which everybody is impersonated. */
function refuseApiServer(
  { namespace, name }: { namespace: string; name: string },
  context: z.RefinementCtx,
): void {
  if (namespace === 'default' && name === 'kubernetes') {
    context.addIssue({
      code: 'custom',
      path: ['name'],
      message: 'default/kubernetes is the API server, which is never reached as a service',
    });
  }
}

function requireCertificates(pem: string, context: z.RefinementCtx): void {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  let fault = blocks.length === 0 ? 'holds no PEM certificate' : undefined;
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    fault = 'holds a private key; it takes certificates alone';
  try {
    for (const block of blocks) new X509Certificate(block);
    if (fault === undefined) createSecureContext({ ca: pem });
  } catch {
    fault ??= 'holds a certificate that cannot be read';
  }
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
}
