import { isIP } from 'node:net';
import { z } from 'zod';
import { isClusterName, RESERVED_NAMES } from '../lib/cluster-name.ts';
import { DNS_LABEL, DNS_SUBDOMAIN } from '../lib/dns-name.ts';

/** Where to listen or dial. An IPv6 host has no brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const MAX_NAMESPACE_LENGTH = 63;
const MAX_REPLICA_NAME_LENGTH = 200;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*\.?$/;

function isHost(host: string): boolean {
  return isIP(host) !== 0 || HOST_NAME.test(host);
}

/** Reads `HOST:PORT`, `[IPv6]:PORT` or, where a host may be left out, `:PORT`. */
function parseHostPort(text: string, emptyHost: string | undefined): HostPort | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  const bracketed = match[1];
  const host = bracketed ?? (match[2] === '' ? emptyHost : match[2]);
  if (host === undefined || port > 65_535) return undefined;
  if (bracketed === undefined ? !isHost(host) : isIP(bracketed) !== 6) return undefined;
  return { host, port };
}

/** An address to listen on; port 0 lets the system choose. `:8080` means every address. */
export const listenAddress = z
  .string()
  .transform(
    (text, context) =>
      parseHostPort(text, '0.0.0.0') ?? refuse(context, 'HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080'),
  );

/** An address to dial. */
export const dialAddress = z.string().transform((text, context) => {
  const address = parseHostPort(text, undefined);
  return address !== undefined && address.port > 0
    ? address
    : refuse(context, 'HOST:PORT without a scheme, such as hub.example.com:8443');
});

function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d{1,9})(ms|s|m|h)/g)];
  const total = parts.reduce(
    (sum, part) => sum + Number(part[1]) * UNIT_MS[part[2] as keyof typeof UNIT_MS],
    0,
  );
  return parts.length > 0 && parts.map((part) => part[0]).join('') === text ? total : undefined;
}

/** A duration in milliseconds, given as `500ms`, `60s`, `5m`, `1h`, or a sum such as `1h30m`. The bounds, written so as well, are allowed. */
export function duration(min: string, max: string): z.ZodType<number> {
  const minMs = parseDuration(min) ?? 0;
  const maxMs = parseDuration(max) ?? Infinity;
  return z.string().transform((text, context) => {
    const totalMs = parseDuration(text);
    return totalMs !== undefined && totalMs >= minMs && totalMs <= maxMs
      ? totalMs
      : refuse(context, `a duration from ${min} to ${max}, such as 90s, 5m or 1h30m`);
  });
}

/** A wait. The bound is below setTimeout's own, 2^31 ms. */
export const durationMs = duration('1ms', '596h');

export const positiveInteger = z
  .union([z.string(), z.number()])
  .transform((value, context) =>
    /^[1-9]\d{0,8}$/.test(String(value))
      ? Number(value)
      : refuse(context, 'a whole number from 1 to 999999999'),
  );

/** A switch: present, `true` or `false`. */
export const toggle = z
  .union([z.boolean(), z.string()])
  .transform((value, context) =>
    value === true || value === 'true'
      ? true
      : value === false || value === 'false'
        ? false
        : refuse(context, 'true or false'),
  );

// eslint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/** Any text but the empty one, without control characters. */
export const text = z
  .string()
  .transform((value, context) =>
    value !== '' && !CONTROL_CHARACTER.test(value)
      ? value
      : refuse(context, 'a text without control characters'),
  );

/** As the API server takes it; an empty one selects everything. */
export const selector = z
  .string()
  .transform((value, context) =>
    CONTROL_CHARACTER.test(value) ? refuse(context, 'a selector without control characters') : value,
  );

export const filePath = z
  .string()
  .transform((value, context) =>
    value !== '' && !value.includes('\0') ? value : refuse(context, 'the path of a file'),
  );

/** A comma-separated list, or a YAML sequence, of non-empty texts. */
export const textList = z
  .union([z.string().transform((value) => value.split(',')), z.array(z.string())])
  .transform((values, context) => {
    const trimmed = values.map((value) => value.trim());
    return trimmed.every((value) => value !== '')
      ? trimmed
      : refuse(context, 'a comma-separated list without empty items');
  });

/** Host names and addresses for a certificate's subject alternative names. */
export const hostList = textList.transform((hosts, context) =>
  hosts.every(isHost)
    ? hosts
    : refuse(context, 'host names or IP addresses without ports, separated by commas'),
);

/** A host name or an address, without a port. */
export const host = z
  .string()
  .transform((value, context) =>
    isHost(value) ? value : refuse(context, 'a host name or an IP address without a port'),
  );

export const namespace = z
  .string()
  .transform((value, context) =>
    value.length <= MAX_NAMESPACE_LENGTH && DNS_LABEL.test(value)
      ? value
      : refuse(context, 'the name of a namespace: at most 63 characters of a-z, 0-9 and -'),
  );

/** A part of the name of a Lease: a DNS-1123 subdomain. */
export const replicaName = z
  .string()
  .transform((value, context) =>
    isReplicaName(value)
      ? value
      : refuse(context, 'a DNS-1123 subdomain: at most 200 characters of a-z, 0-9, - and .'),
  );

export function isReplicaName(text: string): boolean {
  return text.length <= MAX_REPLICA_NAME_LENGTH && DNS_SUBDOMAIN.test(text);
}

/** A cluster's name: a DNS-1123 label that no route of ours uses. */
export const clusterName = z
  .string()
  .transform((name, context) =>
    isClusterName(name)
      ? name
      : refuse(
          context,
          `a DNS-1123 label: at most 63 characters of a-z, 0-9 and -, beginning and ending with a letter or digit, and none of ${RESERVED_NAMES.join(', ')}`,
        ),
  );

/** `sha256:` and 64 hexadecimal digits. */
export const sha256Hash = z
  .string()
  .transform((value, context) =>
    /^sha256:[0-9a-f]{64}$/i.test(value)
      ? value.toLowerCase()
      : refuse(context, 'sha256: followed by 64 hexadecimal digits'),
  );

export function oneOf<const T extends string>(...values: readonly T[]): z.ZodType<T> {
  return z
    .string()
    .transform(
      (value, context) =>
        values.find((known) => known === value) ?? refuse(context, `one of ${values.join(', ')}`),
    );
}

function refuse(context: z.core.$RefinementCtx, wanted: string): never {
  context.addIssue({ code: 'custom', message: wanted });
  return z.NEVER;
}
