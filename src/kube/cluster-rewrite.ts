import {
  CLUSTER,
  isJsonObject,
  mergePatch,
  REGISTRATION,
  type JsonObject,
} from '../registry/schema/index.ts';

const REGISTRATION_API = `${REGISTRATION.group}/${REGISTRATION.version}`;
const CLUSTER_API = `${CLUSTER.group}/${CLUSTER.version}`;
const REGISTRATION_RESOURCE = `${REGISTRATION.plural}.${REGISTRATION.group}`;
const CLUSTER_RESOURCE = `${CLUSTER.plural}.${CLUSTER.group}`;

function withoutManagedFields(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isJsonObject(metadata) || !('managedFields' in metadata)) return object;
  return { ...object, metadata: mergePatch(metadata, { managedFields: null }) };
}

function rewriteMessage(message: unknown): unknown {
  if (typeof message !== 'string') return message;
  return message
    .replaceAll(REGISTRATION_RESOURCE, CLUSTER_RESOURCE)
    .replaceAll(`${REGISTRATION.kind}.${REGISTRATION.group}`, `${CLUSTER.kind}.${CLUSTER.group}`)
    .replaceAll(REGISTRATION_API, CLUSTER_API)
    .replaceAll(REGISTRATION.kind, CLUSTER.kind)
    .replaceAll(REGISTRATION.plural, CLUSTER.plural);
}

const KINDS: Readonly<Record<string, string>> = {
  [REGISTRATION.kind]: CLUSTER.kind,
  [REGISTRATION.listKind]: CLUSTER.listKind,
  [REGISTRATION.plural]: CLUSTER.plural,
};

function rewriteStatus(status: JsonObject): JsonObject {
  const { details } = status;
  const message = 'message' in status ? { message: rewriteMessage(status['message']) } : {};
  if (!isJsonObject(details)) return { ...status, ...message };
  const { group, kind } = details;
  const rewritten = {
    ...details,
    ...(group === REGISTRATION.group && { group: CLUSTER.group }),
    ...(typeof kind === 'string' && { kind: KINDS[kind] ?? kind }),
  };
  return { ...status, ...message, details: rewritten };
}

function rewriteItems(
  list: JsonObject,
  key: 'items' | 'rows',
  rewrite: (item: unknown) => unknown,
): JsonObject {
  const items = list[key];
  return Array.isArray(items) ? { ...list, [key]: items.map(rewrite) } : list;
}

/**
 * What an API server says of registrations, as if it were said of clusters: objects, lists, Tables, PartialObjectMetadata, Statuses.
 * The managedFields go: they name fields of another group, and no write is offered that could use them.
 */
export function rewriteRegistration(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  switch (value['kind']) {
    case REGISTRATION.kind:
      return { ...withoutManagedFields(value), apiVersion: CLUSTER_API, kind: CLUSTER.kind };
    case REGISTRATION.listKind: {
      const list = { ...value, apiVersion: CLUSTER_API, kind: CLUSTER.listKind };
      return rewriteItems(list, 'items', rewriteRegistration);
    }
    case 'Table':
      return rewriteItems(value, 'rows', (row) =>
        isJsonObject(row) ? { ...row, object: rewriteRegistration(row['object']) } : row,
      );
    case 'PartialObjectMetadata':
      return withoutManagedFields(value);
    case 'PartialObjectMetadataList':
      return rewriteItems(value, 'items', rewriteRegistration);
    case 'Status':
      return rewriteStatus(value);
    default:
      return value;
  }
}

/** One `{type, object}` of a watch. */
export function rewriteEvent(event: unknown): unknown {
  return isJsonObject(event) ? { ...event, object: rewriteRegistration(event['object']) } : event;
}
