import { MctunnelError } from '../errors.ts';
import type { ClusterRegistration, NewRegistration, ObjectMeta } from '../registry/ports.ts';
import { nameFault } from '../lib/cluster-name.ts';
import { REGISTRATION } from '../registry/schema/index.ts';
import type { RawClient, RawRequest } from './raw-client.ts';
import { errorOfStatus } from './status-error.ts';

export const COLLECTION_PATH = `/apis/${REGISTRATION.group}/${REGISTRATION.version}/${REGISTRATION.plural}`;
/** A page of 500 objects of at most 1.5 MiB is far below. */
export const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
const PAGE_SIZE = 500;

/** An object as the API server gives it. */
export interface RawRegistration {
  readonly metadata: ObjectMeta;
  readonly spec?: ClusterRegistration['spec'];
  readonly status?: ClusterRegistration['status'];
}

interface RawList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly RawRegistration[];
}

/** What we promise of a registration, and nothing else: no managedFields, which are half of an object's bytes. */
export function registrationOf(raw: RawRegistration): ClusterRegistration {
  const { metadata } = raw;
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  return {
    apiVersion: `${REGISTRATION.group}/${REGISTRATION.version}`,
    kind: REGISTRATION.kind,
    metadata: {
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      generation: metadata.generation,
      creationTimestamp: metadata.creationTimestamp,
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ...(ownerReferences && { ownerReferences }),
    },
    spec: raw.spec ?? {},
    status: raw.status ?? {},
  };
}

/** The calls on `clusterregistrations`. Errors: as ClusterStore's, or those of RawClient.request. */
export class RegistrationApi {
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  async get(name: string): Promise<ClusterRegistration> {
    return registrationOf((await this.#call('GET', pathOf(name))) as RawRegistration);
  }

  /** In pages, all of one version unless that expires on the way: then from the start. */
  async list(signal?: AbortSignal): Promise<{ items: ClusterRegistration[]; resourceVersion: string }> {
    const items: ClusterRegistration[] = [];
    let next = '';
    for (;;) {
      const token = next === '' ? '' : `&continue=${encodeURIComponent(next)}`;
      const path = `${COLLECTION_PATH}?limit=${PAGE_SIZE}${token}`;
      const page = (await this.#call('GET', path, undefined, undefined, signal)) as RawList;
      items.push(...page.items.map(registrationOf));
      next = page.metadata.continue ?? '';
      if (next === '') return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  async create({ name, labels, annotations, spec }: NewRegistration): Promise<ClusterRegistration> {
    const body = {
      apiVersion: `${REGISTRATION.group}/${REGISTRATION.version}`,
      kind: REGISTRATION.kind,
      metadata: { name, ...(labels && { labels }), ...(annotations && { annotations }) },
      spec: spec ?? {},
    };
    return registrationOf((await this.#call('POST', COLLECTION_PATH, body)) as RawRegistration);
  }

  async patch(name: string, mergePatch: unknown): Promise<ClusterRegistration> {
    const answer = await this.#call('PATCH', pathOf(name), mergePatch, 'application/merge-patch+json');
    return registrationOf(answer as RawRegistration);
  }

  async delete(name: string, uid: string | undefined): Promise<void> {
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    await this.#call('DELETE', pathOf(name), { kind: 'DeleteOptions', apiVersion: 'v1', ...preconditions });
  }

  /** The resourceVersion in it is a precondition. */
  async putStatus(registration: ClusterRegistration): Promise<ClusterRegistration> {
    const path = `${pathOf(registration.metadata.name)}/status`;
    return registrationOf((await this.#call('PUT', path, registration)) as RawRegistration);
  }

  async #call(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
    signal?: AbortSignal,
  ): Promise<unknown> {
    const headers = [
      'Accept',
      'application/json',
      ...(body === undefined ? [] : ['Content-Type', contentType]),
    ];
    const request: RawRequest = {
      method,
      path,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    };
    const answer = await this.#raw.request(request);
    const text = await answer.text(MAX_ANSWER_BYTES);
    if (answer.status >= 300) throw errorOfStatus(answer.status, text);
    return JSON.parse(text);
  }
}

/** Throws NOT_FOUND for what cannot be a name: it must not become a part of a path. */
function pathOf(name: string): string {
  if (nameFault(name) !== undefined) {
    const { plural, group } = REGISTRATION;
    throw new MctunnelError('NOT_FOUND', `${plural}.${group} "${name}" not found`);
  }
  return `${COLLECTION_PATH}/${name}`;
}
