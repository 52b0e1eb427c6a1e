import type { Request, Router } from 'express';
import { MctunnelError } from '../../../errors.ts';
import type { EmbeddedStore } from '../../../registry/embedded/index.ts';
import type { ClusterRegistration } from '../../../registry/ports.ts';
import {
  isJsonObject,
  jsonPatch,
  mergePatch,
  readMetadata,
  REGISTRATION,
  type JsonObject,
} from '../../../registry/schema/index.ts';
import { sendJson, sendMethodNotAllowed } from '../answer.ts';
import { checkMediaType, checkValue, parseJson, parseObject, readBody } from '../body.ts';
import type { ApiResponse } from '../context.ts';
import { parseListOptions } from '../read/list-options.ts';
import { acceptsJson, negotiate } from '../read/negotiation.ts';
import { apiVersionOf, objectOf, REGISTRATIONS } from '../read/resource.ts';
import { pageOf } from '../read/snapshot.ts';
import { successStatus } from '../status.ts';
import { deleteOptionsOf } from './delete-options.ts';
import { checkFields, invalidOptions, writeOptionsOf } from './options.ts';

const JSON_TYPE = 'application/json';
const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';

/** Writes are answered with the whole object. Throws NOT_ACCEPTABLE. */
function checkAccept(request: Request): void {
  negotiate(request.headers.accept, (clause) => (acceptsJson(clause) ? true : undefined));
}

function warn(response: ApiResponse, warnings: readonly string[]): void {
  const lines = warnings.map((text) => `299 - ${JSON.stringify(text).replaceAll(/[^ -~]/g, '?')}`);
  if (lines.length > 0) response.setHeader('Warning', lines);
}

function metadataOf(manifest: JsonObject): JsonObject {
  return isJsonObject(manifest['metadata']) ? manifest['metadata'] : {};
}

function requireResourceVersion(manifest: JsonObject, name: string): void {
  const { resourceVersion } = metadataOf(manifest);
  if (typeof resourceVersion === 'string' && resourceVersion !== '') return;
  const message = 'Invalid value: 0: must be specified for an update';
  const { plural, group } = REGISTRATION;
  throw new MctunnelError(
    'INVALID',
    `${plural}.${group} "${name}" is invalid: metadata.resourceVersion: ${message}`,
    {
      faults: [{ field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', message }],
    },
  );
}

/** What the API server takes for an object at all. Throws BAD_REQUEST. */
function parseManifest(text: string): JsonObject {
  const manifest = parseObject(text);
  for (const [field, called] of [
    ['kind', 'Kind'],
    ['apiVersion', 'apiVersion'],
  ] as const) {
    if (manifest[field] !== undefined && manifest[field] !== '') continue;
    const words = `Object '${called}' is missing in '${text.slice(0, MAX_SHOWN_CHARS)}'`;
    throw new MctunnelError(
      'BAD_REQUEST',
      `the object provided is unrecognized (must be of type ${REGISTRATION.kind}): ${words}`,
    );
  }
  return manifest;
}

const MAX_SHOWN_CHARS = 256;

/** create, replace, patch, delete and deletecollection of registrations, and the same of their status, on the embedded store, in the shapes of the CRD. */
export function registrationWrites(router: Router, collection: string, store: EmbeddedStore): void {
  const send = (response: ApiResponse, status: number, registration: ClusterRegistration): void =>
    sendJson(response, status, registration);

  router.post(collection, async (request: Request, response: ApiResponse) => {
    checkAccept(request);
    checkMediaType(request, [JSON_TYPE]);
    const { query } = response.locals;
    const { dryRun, validation } = writeOptionsOf('CreateOptions', query);
    const text = await readBody(request);
    const manifest = parseManifest(text);
    const { name } = metadataOf(manifest);
    if (typeof name === 'string') response.locals.objectName = name.slice(0, MAX_SHOWN_CHARS);
    warn(response, checkFields(text, manifest, validation));
    const created = await store.createObject(manifest, { dryRun });
    response.locals.objectName = created.metadata.name;
    send(response, 201, created);
  });

  const change = (path: string, subresource?: 'status'): void => {
    const one = router.route(path);
    one.put(async (request: Request, response: ApiResponse) => {
      checkAccept(request);
      checkMediaType(request, [JSON_TYPE]);
      const { query, info } = response.locals;
      const { dryRun, validation } = writeOptionsOf('UpdateOptions', query);
      const text = await readBody(request);
      const manifest = parseManifest(text);
      // What cannot be read is refused before anybody asks whether the object is there.
      readMetadata(manifest['metadata']);
      warn(response, checkFields(text, manifest, validation));
      await store.get(info.name);
      requireResourceVersion(manifest, info.name);
      send(response, 200, await store.replaceObject(info.name, manifest, { dryRun, subresource }));
    });

    one.patch(async (request: Request, response: ApiResponse) => {
      checkAccept(request);
      const type = checkMediaType(request, [JSON_PATCH, MERGE_PATCH]);
      const { query, info } = response.locals;
      const { dryRun, validation } = writeOptionsOf('PatchOptions', query);
      if (query.has('force')) {
        const message = 'Forbidden: may not be specified for non-apply patch';
        throw invalidOptions('PatchOptions', 'force', 'FieldValueForbidden', message);
      }
      const text = await readBody(request);
      const patched = (current: ClusterRegistration): unknown => {
        const next =
          type === JSON_PATCH ? jsonPatch(current, parseJson(text)) : mergePatch(current, parseObject(text));
        checkValue(next);
        warn(response, checkFields(text, next, validation, 'INVALID'));
        return next;
      };
      send(response, 200, await store.patchObject(info.name, patched, { dryRun, subresource }));
    });
  };
  change(`${collection}/:name`);
  change(`${collection}/:name/status`, 'status');

  router.delete(`${collection}/:name`, async (request: Request, response: ApiResponse) => {
    checkAccept(request);
    checkMediaType(request, [JSON_TYPE]);
    const { query, info } = response.locals;
    const options = deleteOptionsOf(await readBody(request), query);
    const { registration, removed } = await store.deleteObject(info.name, options);
    if (!removed) {
      send(response, 200, registration);
      return;
    }
    const { name, uid } = registration.metadata;
    sendJson(
      response,
      200,
      successStatus({ name, group: REGISTRATION.group, kind: REGISTRATION.plural, uid }),
    );
  });

  router.delete(collection, async (request: Request, response: ApiResponse) => {
    checkAccept(request);
    checkMediaType(request, [JSON_TYPE]);
    const { query } = response.locals;
    const selected = pageOf(store, parseListOptions(query, false));
    const options = deleteOptionsOf(await readBody(request), query);
    const gone = selected.items.map(async ({ metadata }) => {
      try {
        // Of the one that was selected, not of another that came under its name meanwhile.
        const precondition = { ...options, uid: options.uid ?? metadata.uid };
        return [(await store.deleteObject(metadata.name, precondition)).registration];
      } catch (error) {
        const { code } = MctunnelError.from(error);
        if (options.uid === undefined && (code === 'NOT_FOUND' || code === 'CONFLICT')) return [];
        throw error;
      }
    });
    const items = (await Promise.all(gone)).flat();
    sendJson(response, 200, {
      kind: REGISTRATIONS.listKind,
      apiVersion: apiVersionOf(REGISTRATIONS),
      // Of the list that chose them, with `continue` where that is one page of several.
      metadata: selected.metadata,
      items: items.map((item) => objectOf(REGISTRATIONS, item)),
    });
  });

  const refuse = (allowed: string) => (request: Request, response: ApiResponse) => {
    const words = `the server does not allow this method on the requested resource (${request.method})`;
    sendMethodNotAllowed(response, allowed, words);
  };
  router.all(collection, refuse('GET, HEAD, POST, DELETE'));
  router.all(`${collection}/:name`, refuse('GET, HEAD, PUT, PATCH, DELETE'));
  router.all(`${collection}/:name/status`, refuse('GET, HEAD, PUT, PATCH'));
}
