import type { JsonSchema } from '../../../registry/schema/index.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

export const META_NAMES = {
  objectMeta: `${META}.ObjectMeta`,
  listMeta: `${META}.ListMeta`,
  ownerReference: `${META}.OwnerReference`,
  status: `${META}.Status`,
  statusDetails: `${META}.StatusDetails`,
  statusCause: `${META}.StatusCause`,
  deleteOptions: `${META}.DeleteOptions`,
  preconditions: `${META}.Preconditions`,
  patch: `${META}.Patch`,
  resourceList: `${META}.APIResourceList`,
  apiResource: `${META}.APIResource`,
} as const;

/** How a schema is referred to: `#/components/schemas/NAME` or `#/definitions/NAME`. */
export type Reference = (name: string) => JsonSchema;

const text = (description: string): JsonSchema => ({ type: 'string', description });
const time = (description: string): JsonSchema => ({ type: 'string', format: 'date-time', description });
const flag = (description: string): JsonSchema => ({ type: 'boolean', description });
const int64 = (description: string): JsonSchema => ({ type: 'integer', format: 'int64', description });
const list = (items: JsonSchema, description: string): JsonSchema => ({ type: 'array', items, description });
const textMap = (description: string): JsonSchema => ({
  type: 'object',
  additionalProperties: { type: 'string' },
  description,
});

/** The types of meta/v1 that our paths speak of, with the fields that we serve or read. */
export function metaSchemas(ref: Reference): Record<string, JsonSchema> {
  return {
    [META_NAMES.objectMeta]: {
      type: 'object',
      description: 'Metadata that every stored object has.',
      properties: {
        name: text('Name of the object, unique among its resource.'),
        generateName: text('Prefix of a name that the server makes when no name is given.'),
        uid: text('Tells this object from others of the same name, before and after.'),
        resourceVersion: text('Version of the object; opaque.'),
        generation: int64('Counts the changes of the spec.'),
        creationTimestamp: time('When the object was created.'),
        deletionTimestamp: time('When its deletion was asked for; it goes once its finalizers are gone.'),
        deletionGracePeriodSeconds: int64('0 of what is being deleted: nothing here takes its time to end.'),
        labels: textMap('Labels, by which objects are selected.'),
        annotations: textMap('Annotations.'),
        finalizers: list({ type: 'string' }, 'Must be empty before the object is removed.'),
        ownerReferences: list(ref(META_NAMES.ownerReference), 'Objects with which this one goes.'),
      },
    },
    [META_NAMES.ownerReference]: {
      type: 'object',
      description: 'An object with which another goes.',
      required: ['apiVersion', 'kind', 'name', 'uid'],
      properties: {
        apiVersion: text('API version of the owner.'),
        kind: text('Kind of the owner.'),
        name: text('Name of the owner.'),
        uid: text('uid of the owner.'),
        controller: flag('Whether the owner is the managing controller.'),
        blockOwnerDeletion: flag('Whether the owner waits for this object in a foreground deletion.'),
      },
    },
    [META_NAMES.listMeta]: {
      type: 'object',
      description: 'Metadata of a list.',
      properties: {
        resourceVersion: text('Version at which the list was read; a watch may begin there.'),
        continue: text('When set, there is more: the token for the next page.'),
        remainingItemCount: int64('How many items are not in this page, where that is known.'),
      },
    },
    [META_NAMES.statusCause]: {
      type: 'object',
      description: 'One cause of an error.',
      properties: {
        field: text('The field that is wrong.'),
        reason: text('The cause, in one word.'),
        message: text('The cause, for people.'),
      },
    },
    [META_NAMES.statusDetails]: {
      type: 'object',
      description: 'What an error is about.',
      properties: {
        name: text('Name of the object.'),
        group: text('Group of the resource.'),
        kind: text('Resource or kind.'),
        uid: text('uid of the object.'),
        causes: list(ref(META_NAMES.statusCause), 'Causes.'),
        retryAfterSeconds: {
          type: 'integer',
          format: 'int32',
          description: 'When to try again, in seconds.',
        },
      },
    },
    [META_NAMES.status]: {
      type: 'object',
      description: 'The answer of a call that gives no object.',
      properties: {
        apiVersion: text('Version of the schema of this object.'),
        kind: text('Kind of this object.'),
        metadata: ref(META_NAMES.listMeta),
        status: text('Success or Failure.'),
        message: text('The answer, for people.'),
        reason: text('Why it failed, in one word.'),
        details: ref(META_NAMES.statusDetails),
        code: { type: 'integer', format: 'int32', description: 'HTTP status.' },
      },
    },
    [META_NAMES.preconditions]: {
      type: 'object',
      description: 'What must hold for an operation to be done.',
      properties: { uid: text('The uid.'), resourceVersion: text('The resourceVersion.') },
    },
    [META_NAMES.deleteOptions]: {
      type: 'object',
      description: 'Options of a deletion.',
      properties: {
        apiVersion: text('Version of the schema of this object.'),
        kind: text('Kind of this object.'),
        dryRun: list({ type: 'string' }, 'All: check, do nothing.'),
        gracePeriodSeconds: int64('Taken and not used.'),
        orphanDependents: flag('Taken and not used.'),
        preconditions: ref(META_NAMES.preconditions),
        propagationPolicy: text('Taken and not used.'),
      },
    },
    [META_NAMES.patch]: {
      type: 'object',
      description: 'A JSON patch (RFC 6902) or a JSON merge patch (RFC 7386).',
    },
    [META_NAMES.apiResource]: {
      type: 'object',
      description: 'A resource of a group and version.',
      required: ['name', 'singularName', 'namespaced', 'kind', 'verbs'],
      properties: {
        name: text('Plural name.'),
        singularName: text('Singular name.'),
        namespaced: flag('Whether its objects live in namespaces.'),
        kind: text('Kind of its objects.'),
        verbs: list({ type: 'string' }, 'What may be done with it.'),
        shortNames: list({ type: 'string' }, 'Short names.'),
        categories: list({ type: 'string' }, 'Categories that it belongs to.'),
      },
    },
    [META_NAMES.resourceList]: {
      type: 'object',
      description: 'The resources of a group and version.',
      required: ['groupVersion', 'resources'],
      properties: {
        apiVersion: text('Version of the schema of this object.'),
        kind: text('Kind of this object.'),
        groupVersion: text('GROUP/VERSION.'),
        resources: list(ref(META_NAMES.apiResource), 'The resources.'),
      },
    },
  };
}
