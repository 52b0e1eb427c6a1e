import type { z } from 'zod';
import { MctunnelError, type FieldFault } from '../../errors.ts';
import type { ClusterSpec, ClusterStatus } from '../ports.ts';
import { faultOf, invalidValue, shown } from './faults.ts';
import { toJsonSchema, type JsonSchema } from './json-schema.ts';
import { goTypeName, isJsonObject, mergePatch, type JsonObject } from './json-value.ts';
import {
  metadataFaults,
  metadataSchema,
  qualifiedNameFault,
  servedMetadataSchema,
  type WritableMetadata,
} from './metadata.ts';
import { REGISTRATION, registrationSchema } from './registration.ts';

/** A registration as a client sent it: valid, and without the fields that the schema does not know. */
export interface ParsedRegistration {
  readonly metadata: WritableMetadata & { readonly name: string };
  readonly spec: ClusterSpec;
  readonly status: ClusterStatus;
}

export function invalid(
  name: string,
  faults: readonly FieldFault[],
  kind: string = REGISTRATION.kind,
): MctunnelError {
  const all = faults.map((fault) => `${fault.field}: ${fault.message}`);
  const words = all.length === 1 ? (all[0] ?? '') : `[${all.join(', ')}]`;
  const message = `${kind}.${REGISTRATION.group} ${JSON.stringify(name)} is invalid: ${words}`;
  return new MctunnelError('INVALID', message, { faults });
}

function checkType(manifest: JsonObject): void {
  const { apiVersion, kind } = manifest;
  const expected = `${REGISTRATION.group}/${REGISTRATION.version}`;
  if (apiVersion !== undefined && apiVersion !== expected) {
    const given = typeof apiVersion === 'string' ? apiVersion.slice(0, MAX_SHOWN_CHARS) : shown(apiVersion);
    const words = `the API version in the data (${given}) does not match the expected API version (${expected})`;
    throw new MctunnelError('BAD_REQUEST', words);
  }
  if (kind === undefined || kind === REGISTRATION.kind) return;
  if (typeof kind !== 'string') throw unreadable(kind, 'struct field .kind of type string');
  const fault = invalidValue('kind', kind, `must be ${REGISTRATION.kind}`);
  const { name } = isJsonObject(manifest['metadata']) ? manifest['metadata'] : {};
  throw invalid(typeof name === 'string' ? name : '', [fault], kind.slice(0, MAX_SHOWN_CHARS));
}

const MAX_SHOWN_CHARS = 256;

/** What the API server says of JSON that does not fit into its Go types. */
function unreadable(input: unknown, target: string): MctunnelError {
  const { kind, version } = REGISTRATION;
  const words = `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${goTypeName(input)} into Go ${target}`;
  return new MctunnelError('BAD_REQUEST', words);
}

/** Of a generateName: five characters are added, and the API server never makes names of more than 63. */
const MAX_GENERATED_PREFIX = 58;

const GO_TYPES: Readonly<Record<string, string>> = {
  labels: 'map[string]string',
  annotations: 'map[string]string',
  finalizers: '[]string',
  ownerReferences: '[]v1.OwnerReference',
  creationTimestamp: 'v1.Time',
  deletionTimestamp: 'v1.Time',
  deletionGracePeriodSeconds: 'int64',
  generation: 'int64',
  managedFields: '[]v1.ManagedFieldsEntry',
};

/** The first field of the metadata that is of another type than it should be. */
function misfit(issues: readonly z.core.$ZodIssue[]): MctunnelError | undefined {
  for (const { code, path, input } of issues) {
    if (input === undefined) continue;
    if (path.length === 0) return unreadable(input, 'value of type v1.ObjectMeta');
    const [field = ''] = path.map(String);
    const type = path.length === 1 ? (GO_TYPES[field] ?? 'string') : 'string';
    if (code !== 'custom') return unreadable(input, `struct field ObjectMeta.${field} of type ${type}`);
    const { kind, version } = REGISTRATION;
    const words = `${kind} in version "${version}" cannot be handled as a ${kind}: parsing time ${shown(input)} of metadata.${field}: it is none, as RFC 3339 has it`;
    return new MctunnelError('BAD_REQUEST', words);
  }
  return undefined;
}

/** A null is as good as nothing, in metadata, spec and status. */
const withoutNulls = (given: unknown): unknown => (isJsonObject(given) ? mergePatch({}, given) : given);

/** The same of metadata; but a label or an annotation that is null (`edge:` in YAML) is an empty one, and no less a label. */
function metadataWithoutNulls(given: unknown): unknown {
  if (!isJsonObject(given)) return given;
  const texts = ['labels', 'annotations'].flatMap((field) => {
    const map = given[field];
    if (!isJsonObject(map)) return [];
    return [[field, Object.fromEntries(Object.entries(map).map(([key, value]) => [key, value ?? '']))]];
  });
  return withoutNulls({ ...given, ...Object.fromEntries(texts) });
}

/** Metadata as a client sent it, without its nulls. Throws BAD_REQUEST: a field is of another type than it should be. */
export function readMetadata(given: unknown): WritableMetadata {
  const sent = metadataWithoutNulls(given) ?? {};
  const metadata = metadataSchema.safeParse(sent, { reportInput: true });
  const served = servedMetadataSchema.safeParse(sent, { reportInput: true });
  const unfit = misfit([...(metadata.error?.issues ?? []), ...(served.error?.issues ?? [])]);
  if (unfit !== undefined || !metadata.success)
    throw unfit ?? unreadable(sent, 'value of type v1.ObjectMeta');
  return metadata.data;
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
  const given = manifest['metadata'];
  const metadata = readMetadata(given);
  const { spec, status } = mergePatch({}, manifest) as JsonObject;
  const rest = { ...(spec !== undefined && { spec }), ...(status !== undefined && { status }) };
  const body = registrationSchema.safeParse(rest, { reportInput: true });
  const faults: FieldFault[] = [];
  for (const issue of body.error?.issues ?? []) faults.push(faultOf(issue));
  const prefix = metadata.generateName;
  const generated =
    prefix && generatedName !== undefined ? generatedName(prefix.slice(0, MAX_GENERATED_PREFIX)) : undefined;
  const name = metadata.name || generated;
  if (name === undefined) {
    const message = 'Required value: name or generateName is required';
    faults.push({ field: 'metadata.name', reason: 'FieldValueRequired', message });
  } else {
    faults.push(...metadataFaults({ ...metadata, name }), ...droppedKeyFaults(metadataWithoutNulls(given)));
  }
  if (faults.length > 0 || !body.success || name === undefined) throw invalid(name ?? '', faults);
  return {
    metadata: { ...metadata, name },
    spec: body.data.spec ?? {},
    status: body.data.status ?? {},
  };
}

/** `__proto__` is no key of a label or an annotation, and the schema's parser, which leaves it out, says nothing of it. */
function droppedKeyFaults(metadata: unknown): FieldFault[] {
  if (!isJsonObject(metadata)) return [];
  return ['labels', 'annotations'].flatMap((field) => {
    const keys = metadata[field];
    const isThere = isJsonObject(keys) && Object.hasOwn(keys, '__proto__');
    const rule = qualifiedNameFault('__proto__') ?? '';
    return isThere ? [invalidValue(`metadata.${field}`, '__proto__', rule)] : [];
  });
}

interface FieldSchemas {
  readonly body: JsonSchema;
  readonly metadata: JsonSchema;
}

let fieldSchemas: FieldSchemas | undefined;

/** Made when first asked for: only a hub that stores registrations itself ever does, and every command would wait for it. */
function schemasOfFields(): FieldSchemas {
  fieldSchemas ??= {
    body: toJsonSchema(registrationSchema),
    metadata: toJsonSchema(metadataSchema.extend(servedMetadataSchema.shape)),
  };
  return fieldSchemas;
}

/**
 * Fields of a manifest that the schema does not know, as `spec.x`: what fieldValidation speaks of. Whatever else is wrong with it, because
 * not all of that is refused: a null counts as nothing, and a status where it is not written.
 */
export function unknownFields(manifest: unknown): string[] {
  if (!isJsonObject(manifest)) return [];
  const { metadata, ...rest } = manifest;
  const schemas = schemasOfFields();
  return [...unknownIn(metadata, schemas.metadata, 'metadata'), ...unknownIn(rest, schemas.body, '')];
}

function unknownIn(value: unknown, { properties, items }: JsonSchema, path: string): string[] {
  if (Array.isArray(value)) {
    if (items === undefined) return [];
    return value.flatMap((item, index) => unknownIn(item, items, `${path}[${index}]`));
  }
  if (!isJsonObject(value) || properties === undefined) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const childPath = path === '' ? key : `${path}.${key}`;
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    return schema === undefined ? [childPath] : unknownIn(child, schema, childPath);
  });
}
