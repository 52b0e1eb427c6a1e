import { MctunnelError, type FieldFault } from '../../errors.ts';
import type { ClusterSpec, ClusterStatus } from '../ports.ts';
import { faultOf, shown } from './faults.ts';
import { isJsonObject, type JsonObject } from './json-value.ts';
import { metadataFaults, metadataSchema, type WritableMetadata } from './metadata.ts';
import { REGISTRATION, registrationSchema } from './registration.ts';

/** A registration as a client sent it: valid, and without the fields that the schema does not know. */
export interface ParsedRegistration {
  readonly metadata: WritableMetadata & { readonly name: string };
  readonly spec: ClusterSpec;
  readonly status: ClusterStatus;
}

export function invalid(name: string, faults: readonly FieldFault[]): MctunnelError {
  const all = faults.map((fault) => `${fault.field}: ${fault.message}`);
  const words = all.length === 1 ? (all[0] ?? '') : `[${all.join(', ')}]`;
  const message = `${REGISTRATION.kind}.${REGISTRATION.group} "${name}" is invalid: ${words}`;
  return new MctunnelError('INVALID', message, { faults });
}

function checkType(manifest: JsonObject): void {
  const { apiVersion, kind } = manifest;
  const expected = `${REGISTRATION.group}/${REGISTRATION.version}`;
  if (apiVersion !== undefined && apiVersion !== expected) {
    const words = `the API version in the data (${shown(apiVersion)}) does not match the expected API version (${expected})`;
    throw new MctunnelError('BAD_REQUEST', words);
  }
  if (kind !== undefined && kind !== REGISTRATION.kind) {
    const words = `${REGISTRATION.kind} is expected here, the data is of kind ${shown(kind)}`;
    throw new MctunnelError('BAD_REQUEST', words);
  }
}

/**
 * Checks a manifest against the schema. Throws MctunnelError BAD_REQUEST (no object, another kind) or INVALID (with every fault).
 * `generatedName` stands in when the manifest has only a generateName.
 */
export function parseRegistration(
  manifest: unknown,
  generatedName?: (prefix: string) => string,
): ParsedRegistration {
  if (!isJsonObject(manifest)) {
    throw new MctunnelError('BAD_REQUEST', 'the body must be one JSON object');
  }
  checkType(manifest);
  const metadata = metadataSchema.safeParse(manifest['metadata'] ?? {}, { reportInput: true });
  const body = registrationSchema.safeParse(manifest, { reportInput: true });
  const faults: FieldFault[] = [];
  for (const issue of metadata.error?.issues ?? []) faults.push(faultOf(issue, 'metadata'));
  for (const issue of body.error?.issues ?? []) faults.push(faultOf(issue));
  const prefix = metadata.data?.generateName;
  const name =
    metadata.data?.name ?? (prefix && generatedName !== undefined ? generatedName(prefix) : undefined);
  if (metadata.success) {
    if (name === undefined) {
      const message = 'Required value: name or generateName is required';
      faults.push({ field: 'metadata.name', reason: 'FieldValueRequired', message });
    } else {
      faults.push(...metadataFaults({ ...metadata.data, name }));
    }
  }
  if (faults.length > 0 || !metadata.success || !body.success || name === undefined) {
    throw invalid(name ?? '', faults);
  }
  return {
    metadata: { ...metadata.data, name },
    spec: body.data.spec ?? {},
    status: body.data.status ?? {},
  };
}

/** Fields of a manifest that the schema does not know, as `spec.x`: what fieldValidation speaks of. */
export function unknownFields(manifest: unknown): string[] {
  const unknown: string[] = [];
  const walk = (value: unknown, pruned: unknown, path: string): void => {
    if (Array.isArray(value) && Array.isArray(pruned)) {
      for (const [index, item] of value.entries()) walk(item, pruned[index], `${path}[${index}]`);
    } else if (isJsonObject(value) && isJsonObject(pruned)) {
      for (const [key, child] of Object.entries(value)) {
        const childPath = path === '' ? key : `${path}.${key}`;
        if (Object.hasOwn(pruned, key)) walk(child, pruned[key], childPath);
        else unknown.push(childPath);
      }
    }
  };
  if (!isJsonObject(manifest)) return unknown;
  const { metadata, ...rest } = manifest;
  const body = registrationSchema.safeParse(rest);
  if (body.success) walk(rest, body.data, '');
  const meta = metadataSchema.safeParse(metadata ?? {});
  if (meta.success) {
    walk(metadata, meta.data, 'metadata');
  }
  const served = new Set(SERVED_METADATA.map((key) => `metadata.${key}`));
  return unknown.filter((path) => !served.has(path));
}

/** Known to ObjectMeta, but the server's: accepted and dropped. */
const SERVED_METADATA = [
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'managedFields',
  'namespace',
  'selfLink',
] as const;
