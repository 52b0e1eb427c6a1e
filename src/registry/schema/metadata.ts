import { z } from 'zod';
import type { FieldFault } from '../../errors.ts';
import { isDateTime } from './date-time.ts';
import { invalidValue } from './faults.ts';
import { nameFault } from '../../lib/cluster-name.ts';
import { DNS_SUBDOMAIN } from '../../lib/dns-name.ts';

/** The part of ObjectMeta that a client may write. What is not named here is dropped, managedFields among it. */
export const metadataSchema = z.object({
  name: z.string().exactOptional(),
  generateName: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
  ownerReferences: z
    .array(
      z.object({
        apiVersion: z.string().exactOptional(),
        kind: z.string().exactOptional(),
        name: z.string().exactOptional(),
        uid: z.string().exactOptional(),
        controller: z.boolean().exactOptional(),
        blockOwnerDeletion: z.boolean().exactOptional(),
      }),
    )
    .exactOptional(),
});

const servedTime = z
  .string()
  .refine(isDateTime, { params: { format: 'date-time' } })
  .exactOptional();

/** The rest of ObjectMeta, which is the server's: a client's is dropped, but must be of its type. */
export const servedMetadataSchema = z.object({
  creationTimestamp: servedTime,
  deletionTimestamp: servedTime,
  deletionGracePeriodSeconds: z.int().exactOptional(),
  generation: z.int().exactOptional(),
  managedFields: z.array(z.record(z.string(), z.unknown())).exactOptional(),
  namespace: z.string().exactOptional(),
  selfLink: z.string().exactOptional(),
});

export type WritableMetadata = z.infer<typeof metadataSchema>;

const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN_SHOWN = DNS_SUBDOMAIN.source.slice(1, -1);
const MAX_NAME_PART = 63;
const MAX_PREFIX = 253;
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

const NAME_PART_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME_PART.source.slice(1, -1)}')`;
const PREFIX_RULE =
  "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'example.com', regex used for validation is '${SUBDOMAIN_SHOWN}')`;
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME_PART.source.slice(1, -1)})?')`;

/** What is wrong with `[prefix/]name`, as label keys, annotation keys and finalizers are called, in the API server's words. */
export function qualifiedNameFault(value: string): string | undefined {
  const slash = value.indexOf('/');
  const prefix = slash < 0 ? undefined : value.slice(0, slash);
  const name = value.slice(slash + 1);
  if (prefix === '') return 'prefix part must be non-empty';
  if (prefix !== undefined && prefix.length > MAX_PREFIX)
    return `prefix part must be no more than ${MAX_PREFIX} bytes`;
  if (prefix !== undefined && !DNS_SUBDOMAIN.test(prefix)) return PREFIX_RULE;
  if (name === '') return 'name part must be non-empty';
  if (name.length > MAX_NAME_PART) return `name part must be no more than ${MAX_NAME_PART} bytes`;
  return NAME_PART.test(name) ? undefined : NAME_PART_RULE;
}

export function labelValueFault(value: string): string | undefined {
  if (value.length > MAX_NAME_PART) return `must be no more than ${MAX_NAME_PART} bytes`;
  return value === '' || NAME_PART.test(value) ? undefined : LABEL_VALUE_RULE;
}

type OwnerReference = NonNullable<WritableMetadata['ownerReferences']>[number];

function ownerFaults(owners: readonly OwnerReference[]): FieldFault[] {
  const faults: FieldFault[] = [];
  const fault = (field: string, value: unknown, rule: string): void =>
    void faults.push(invalidValue(`metadata.ownerReferences${field}`, value, rule));
  for (const owner of owners) {
    const { apiVersion = '', kind = '', name = '', uid = '' } = owner;
    const version = apiVersion.split('/');
    if (version.length > 2 || version.at(-1) === '')
      fault('.apiVersion', apiVersion, 'version must not be empty');
    if (kind === '') fault('.kind', kind, 'must not be empty');
    if (name === '') fault('.name', name, 'must not be empty');
    if (uid === '') fault('.uid', uid, 'must not be empty');
    if (kind === 'Event' && apiVersion === 'v1')
      fault('', owner, '/v1, Kind=Event is disallowed from being an owner');
  }
  if (owners.filter(({ controller }) => controller === true).length > 1) {
    fault('', owners, 'Only one reference can have Controller set to true');
  }
  return faults;
}

/** What is wrong with names, labels, annotations and finalizers, in the API server's words. */
export function metadataFaults(metadata: WritableMetadata): FieldFault[] {
  const faults: FieldFault[] = [];
  const check = (field: string, value: string, rule: string | undefined): void => {
    if (rule !== undefined) faults.push(invalidValue(field, value, rule));
  };
  check('metadata.name', metadata.name ?? '', nameFault(metadata.name ?? ''));
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    check('metadata.labels', key, qualifiedNameFault(key));
    check('metadata.labels', value, labelValueFault(value));
  }
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    annotationBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    check('metadata.annotations', key, qualifiedNameFault(key.toLowerCase()));
  }
  if (annotationBytes > MAX_ANNOTATIONS_BYTES) {
    const message = `Too long: may not be more than ${MAX_ANNOTATIONS_BYTES} bytes`;
    faults.push({ field: 'metadata.annotations', reason: 'FieldValueTooLong', message });
  }
  for (const finalizer of metadata.finalizers ?? []) {
    check('metadata.finalizers', finalizer, qualifiedNameFault(finalizer));
  }
  return [...faults, ...ownerFaults(metadata.ownerReferences ?? [])];
}
