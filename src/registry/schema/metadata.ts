import { z } from 'zod';
import type { FieldFault } from '../../errors.ts';
import { invalidValue } from './faults.ts';
import { nameFault } from '../../lib/cluster-name.ts';

/** The part of ObjectMeta that a client may write. What is not named here is dropped, managedFields among it. */
export const metadataSchema = z.object({
  name: z.string().exactOptional(),
  generateName: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  finalizers: z.array(z.string()).max(64).exactOptional(),
  ownerReferences: z
    .array(
      z.object({
        apiVersion: z.string().min(1),
        kind: z.string().min(1),
        name: z.string().min(1),
        uid: z.string().min(1),
        controller: z.boolean().exactOptional(),
        blockOwnerDeletion: z.boolean().exactOptional(),
      }),
    )
    .max(64)
    .exactOptional(),
});

export type WritableMetadata = z.infer<typeof metadataSchema>;

const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_NAME_PART = 63;
const MAX_PREFIX = 253;
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/** `[prefix/]name`, as label keys, annotation keys and finalizers are called. */
export function isQualifiedName(value: string): boolean {
  const slash = value.indexOf('/');
  const prefix = slash < 0 ? undefined : value.slice(0, slash);
  const name = value.slice(slash + 1);
  if (prefix !== undefined && (prefix.length > MAX_PREFIX || !DNS_SUBDOMAIN.test(prefix))) return false;
  return name.length <= MAX_NAME_PART && NAME_PART.test(name);
}

export function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= MAX_NAME_PART && NAME_PART.test(value));
}

const QUALIFIED_NAME_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  'character, at most 63 characters, after an optional DNS subdomain and /';
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
  'end with an alphanumeric character, at most 63 characters';

/** What is wrong with names, labels, annotations and finalizers, in the API server's words. */
export function metadataFaults(metadata: WritableMetadata): FieldFault[] {
  const faults: FieldFault[] = [];
  const nameRule = nameFault(metadata.name ?? '');
  if (nameRule !== undefined) faults.push(invalidValue('metadata.name', metadata.name ?? '', nameRule));
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!isQualifiedName(key)) faults.push(invalidValue('metadata.labels', key, QUALIFIED_NAME_RULE));
    if (!isLabelValue(value)) faults.push(invalidValue('metadata.labels', value, LABEL_VALUE_RULE));
  }
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    annotationBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    if (!isQualifiedName(key.toLowerCase())) {
      faults.push(invalidValue('metadata.annotations', key, QUALIFIED_NAME_RULE));
    }
  }
  if (annotationBytes > MAX_ANNOTATIONS_BYTES) {
    const message = `Too long: may not be more than ${MAX_ANNOTATIONS_BYTES} bytes`;
    faults.push({ field: 'metadata.annotations', reason: 'FieldValueTooLong', message });
  }
  for (const finalizer of metadata.finalizers ?? []) {
    if (!isQualifiedName(finalizer)) {
      faults.push(invalidValue('metadata.finalizers', finalizer, QUALIFIED_NAME_RULE));
    }
  }
  return faults;
}
