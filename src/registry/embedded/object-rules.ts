import { isDeepStrictEqual } from 'node:util';
import { MctunnelError } from '../../errors.ts';
import type { ClusterRegistration, ClusterStatus, ObjectMeta } from '../ports.ts';
import {
  invalid,
  invalidValue,
  isJsonObject,
  mergePatch,
  parseRegistration,
  readMetadata,
  REGISTRATION,
  type ParsedRegistration,
} from '../schema/index.ts';

/** As etcd's limit for one object. */
export const MAX_OBJECT_BYTES = 1_572_864;

const RESOURCE = `${REGISTRATION.plural}.${REGISTRATION.group}`;

export function notFound(name: string): MctunnelError {
  return new MctunnelError('NOT_FOUND', `${RESOURCE} "${name}" not found`);
}

export function alreadyExists({ metadata: { name, deletionTimestamp } }: ClusterRegistration): MctunnelError {
  const going = deletionTimestamp === undefined ? '' : 'object is being deleted: ';
  return new MctunnelError('ALREADY_EXISTS', `${going}${RESOURCE} "${name}" already exists`);
}

function conflict(name: string, why: string): MctunnelError {
  return new MctunnelError('CONFLICT', `Operation cannot be fulfilled on ${RESOURCE} "${name}": ${why}`);
}

export interface Precondition {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** Of a deletion. Throws CONFLICT in the API server's words. */
export function checkPrecondition(current: ClusterRegistration, wanted: Precondition): void {
  const { name, resourceVersion } = current.metadata;
  checkUid(current, wanted.uid);
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
    const words = `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion})`;
    throw conflict(name, `${words}. The object might have been modified`);
  }
}

function checkUid({ metadata: { name, uid } }: ClusterRegistration, wanted: string | undefined): void {
  if (wanted === undefined || wanted === uid) return;
  const words = `the UID in the precondition (${wanted}) does not match the UID in record (${uid})`;
  throw conflict(name, `${words}. The object might have been deleted and then recreated`);
}

/** Throws INVALID: what a patch made does not say what it is. */
function checkTyped(patched: unknown): void {
  const object = isJsonObject(patched) ? patched : {};
  for (const [field, called] of [
    ['kind', 'Kind'],
    ['apiVersion', 'apiVersion'],
  ] as const) {
    const value = object[field] ?? '';
    if (typeof value === 'string' && value !== '') continue;
    const why = value === '' ? 'is missing in' : 'is no text in';
    throw new MctunnelError('INVALID', `patch: Object '${called}' ${why} what the patch makes`);
  }
}

/**
 * Throws BAD_REQUEST (no name is left) or INVALID: what a patch made is not said to be anything, its metadata is unreadable, or has another
 * uid, which in a patch is no precondition but a change, and not to be had.
 */
export function checkPatched({ metadata }: ClusterRegistration, patched: unknown): void {
  checkTyped(patched);
  const next = isJsonObject(patched) && isJsonObject(patched['metadata']) ? patched['metadata'] : {};
  if (next['name'] === undefined) {
    const words = `the name of the object (${metadata.name} based on URL) was undeterminable: name must be provided`;
    throw new MctunnelError('BAD_REQUEST', words);
  }
  try {
    readMetadata(next);
  } catch (error) {
    throw new MctunnelError('INVALID', MctunnelError.from(error).message, { cause: error });
  }
  if (next['uid'] === undefined || next['uid'] === metadata.uid) return;
  throw invalid(metadata.name, [invalidValue('metadata.uid', next['uid'], 'field is immutable')]);
}

/** Only what has a value: an absent label map is not an empty one. */
function writable(metadata: ParsedRegistration['metadata']): Partial<ObjectMeta> {
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  return {
    ...(labels && Object.keys(labels).length > 0 && { labels }),
    ...(annotations && Object.keys(annotations).length > 0 && { annotations }),
    ...(finalizers && finalizers.length > 0 && { finalizers }),
    ...(ownerReferences && ownerReferences.length > 0 && { ownerReferences }),
  };
}

function envelope(
  metadata: ObjectMeta,
  rest: Pick<ClusterRegistration, 'spec' | 'status'>,
): ClusterRegistration {
  return {
    apiVersion: `${REGISTRATION.group}/${REGISTRATION.version}`,
    kind: REGISTRATION.kind,
    metadata,
    spec: rest.spec,
    status: rest.status,
  };
}

export interface Birth {
  readonly uid: string;
  /** RFC 3339. */
  readonly creationTimestamp: string;
}

/** A new object; the resourceVersion is the store's to set. The status of a manifest is not taken. */
export function newRegistration(parsed: ParsedRegistration, birth: Birth): ClusterRegistration {
  const { name, resourceVersion } = parsed.metadata;
  if (resourceVersion !== undefined && resourceVersion !== '') {
    throw new MctunnelError('BAD_REQUEST', 'resourceVersion should not be set on objects to be created');
  }
  const metadata = { name, ...birth, resourceVersion: '', generation: 1, ...writable(parsed.metadata) };
  return envelope(metadata, { spec: parsed.spec, status: {} });
}

/**
 * Throws INVALID: it is for a DELETE alone to say when an object goes. Of one that goes already another time is dropped; what is left out stays
 * as it is.
 */
export function checkDeletion({ metadata }: ClusterRegistration, manifest: unknown): void {
  const given = isJsonObject(manifest) && isJsonObject(manifest['metadata']) ? manifest['metadata'] : {};
  const isGoing = metadata.deletionTimestamp !== undefined;
  const faults = (['deletionTimestamp', 'deletionGracePeriodSeconds'] as const).flatMap((field) => {
    const value = given[field] ?? undefined;
    const isKept = value === undefined || value === metadata[field];
    if (isKept || (isGoing && field === 'deletionTimestamp')) return [];
    return [invalidValue(`metadata.${field}`, value, 'field is immutable')];
  });
  if (faults.length > 0) throw invalid(metadata.name, faults);
}

/** A manifest without its status, which only the subresource takes. */
export function withoutStatus(manifest: unknown): unknown {
  return isJsonObject(manifest) ? mergePatch(manifest, { status: null }) : manifest;
}

/** Throws BAD_REQUEST (another name), CONFLICT (uid or resourceVersion of another time). */
function checkSame(current: ClusterRegistration, { metadata }: ParsedRegistration): void {
  const { name, uid, resourceVersion } = metadata;
  const was = current.metadata.name;
  if (name !== was) {
    const words = `the name of the object (${name}) does not match the name on the URL (${was})`;
    throw new MctunnelError('BAD_REQUEST', words);
  }
  checkUid(current, uid);
  if ((resourceVersion ?? '') === '' || resourceVersion === current.metadata.resourceVersion) return;
  const words = 'the object has been modified; please apply your changes to the latest version and try again';
  throw conflict(was, words);
}

/**
 * `current` with the labels, annotations, finalizers, owners and spec of `parsed`. The same object when nothing changes.
 * Throws BAD_REQUEST (another name), CONFLICT (uid or resourceVersion of another time), INVALID.
 */
export function changedRegistration(
  current: ClusterRegistration,
  parsed: ParsedRegistration,
): ClusterRegistration {
  checkSame(current, parsed);
  const was = current.metadata;
  const { name } = was;
  const change = writable(parsed.metadata);
  if (was.deletionTimestamp !== undefined) {
    const added = (change.finalizers ?? []).filter((finalizer) => !was.finalizers?.includes(finalizer));
    if (added.length > 0) {
      const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
      throw invalid(name, [{ field: 'metadata.finalizers', reason: 'FieldValueForbidden', message }]);
    }
  }
  const { deletionTimestamp, deletionGracePeriodSeconds } = was;
  const specChanged = !isDeepStrictEqual(current.spec, parsed.spec);
  const metadata: ObjectMeta = {
    name,
    uid: was.uid,
    resourceVersion: was.resourceVersion,
    generation: was.generation + (specChanged ? 1 : 0),
    creationTimestamp: was.creationTimestamp,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
    ...change,
  };
  const next = envelope(metadata, { spec: parsed.spec, status: current.status });
  return isDeepStrictEqual(next, current) ? current : next;
}

/** `current` with another status; the same object when it is equal. */
export function withStatus(current: ClusterRegistration, status: ClusterStatus): ClusterRegistration {
  if (isDeepStrictEqual(current.status, status)) return current;
  const pinned = current.status.clusterUID ?? '';
  const wanted = status.clusterUID ?? '';
  if (pinned !== '' && wanted !== '' && pinned !== wanted) {
    const message =
      'Invalid value: "object": clusterUID is immutable once set: clear it first to admit another cluster under this name';
    throw invalid(current.metadata.name, [{ field: 'status', reason: 'FieldValueInvalid', message }]);
  }
  return { ...current, status };
}

/** `current` with the status of a manifest, whose other parts are not looked at. Throws as `changedRegistration`. */
export function changedStatus(current: ClusterRegistration, manifest: unknown): ClusterRegistration {
  const given = isJsonObject(manifest) ? manifest['metadata'] : undefined;
  readMetadata(given);
  const { name, uid, resourceVersion } = isJsonObject(given) ? given : {};
  const metadata = {
    name,
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  const parsed = parseRegistration(
    isJsonObject(manifest)
      ? { ...manifest, spec: current.spec, ...(isJsonObject(given) && { metadata }) }
      : manifest,
  );
  checkSame(current, parsed);
  return withStatus(current, parsed.status);
}

/** Something else still has to be done before the object may go. */
export function isHeldByFinalizer(registration: ClusterRegistration): boolean {
  return (registration.metadata.finalizers ?? []).length > 0;
}
