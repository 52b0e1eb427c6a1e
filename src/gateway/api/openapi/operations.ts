import type { ServedResource } from '../discovery/resources.ts';
import { apiVersionOf, CLUSTERS } from '../read/resource.ts';
import { gvkOf, schemaName, type GroupVersionKind } from './kind-schemas.ts';
import { META_NAMES } from './meta-schemas.ts';

type HttpMethod = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
}

interface ResponseOf {
  readonly description: string;
  readonly schema?: string;
  /** Or this one. OpenAPI v2 has no words for it and names only the first. */
  readonly orSchema?: string;
}

/** One operation, in neither version's form. */
export interface Operation {
  readonly path: string;
  readonly method: HttpMethod;
  readonly operationId: string;
  readonly description: string;
  readonly tag: string;
  /** Of Kubernetes: get, list, post, put, patch, delete, deletecollection, connect. */
  readonly action?: string;
  readonly gvk?: GroupVersionKind;
  readonly parameters: readonly Parameter[];
  readonly requestMediaTypes?: readonly string[];
  /** Schema name; undefined: any body, or none. */
  readonly requestSchema?: string;
  /** By HTTP status, or `default`; a schema of undefined: any content. */
  readonly responses: Readonly<Record<string, ResponseOf>>;
  readonly responseMediaTypes: readonly string[];
}

const JSON_TYPE = 'application/json';
const JSON_STREAM = 'application/json;stream=watch';

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({
  name,
  in: 'query',
  type,
  description,
});
const path = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  type: 'string',
  description,
});

const NAME = path('name', 'Name of the cluster.');
const PRETTY = query('pretty', 'string', 'true: an object, or an error, is indented.');

const LIST_PARAMETERS: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Watch events of type BOOKMARK may be sent.'),
  query('continue', 'string', 'Token of the page before.'),
  query('fieldSelector', 'string', 'Restricts by fields: metadata.name.'),
  query('labelSelector', 'string', 'Restricts by labels.'),
  query('limit', 'integer', 'Most items of one page.'),
  query('resourceVersion', 'string', 'Version to read or to watch from.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'A watch begins with the present state and a bookmark at its end.'),
  query('timeoutSeconds', 'integer', 'A watch ends after this time.'),
  query('watch', 'boolean', 'Watch instead of list.'),
];

const WATCH_PARAMETERS = new Set(['allowWatchBookmarks', 'sendInitialEvents', 'timeoutSeconds', 'watch']);

/** kubectl looks for these on the PATCH of a Kind, to see whether the server can validate and dry-run. */
const WRITE_PARAMETERS: readonly Parameter[] = [
  query('dryRun', 'string', 'All: check, store nothing.'),
  query('fieldManager', 'string', 'Taken and not used.'),
  query('fieldValidation', 'string', 'Unknown and duplicate fields: Ignore, Warn or Strict.'),
];

const ERRORS = {
  '401': { description: 'Unauthorized', schema: META_NAMES.status },
  default: { description: 'Any error', schema: META_NAMES.status },
};
/** The cluster's own errors are of any form. */
const PROXY_ERRORS = { '401': { description: 'Unauthorized' }, default: { description: 'Any other answer' } };

function read(resource: ServedResource, collection: string): Operation[] {
  const tag = tagOf(resource);
  const { kind, listKind, plural } = resource;
  const common = { tag, gvk: gvkOf(resource, kind), method: 'get' as const };
  return [
    {
      ...common,
      path: collection,
      operationId: `list${idPart(resource)}${kind}`,
      description: `list or watch ${plural}`,
      action: 'list',
      parameters: LIST_PARAMETERS,
      responses: { '200': { description: 'OK', schema: schemaName(resource, listKind) }, ...ERRORS },
      responseMediaTypes: [JSON_TYPE, JSON_STREAM],
    },
    {
      ...common,
      path: `${collection}/{name}`,
      operationId: `read${idPart(resource)}${kind}`,
      description: `read one of ${plural}`,
      action: 'get',
      parameters: [NAME],
      responses: { '200': { description: 'OK', schema: schemaName(resource, kind) }, ...ERRORS },
      responseMediaTypes: [JSON_TYPE],
    },
  ];
}

const PATCH = {
  requestMediaTypes: ['application/json-patch+json', 'application/merge-patch+json'],
  requestSchema: META_NAMES.patch,
};

function write(resource: ServedResource, collection: string): Operation[] {
  const { kind, plural } = resource;
  const object = schemaName(resource, kind);
  const one = `${collection}/{name}`;
  const common = {
    tag: tagOf(resource),
    gvk: gvkOf(resource, kind),
    responses: { '200': { description: 'OK', schema: object }, ...ERRORS },
    responseMediaTypes: [JSON_TYPE],
  };
  const operation = (method: HttpMethod, verb: string, rest: Partial<Operation>): Operation => ({
    ...common,
    path: one,
    method,
    operationId: `${verb}${idPart(resource)}${kind}`,
    description: `${verb} one of ${plural}`,
    action: method,
    parameters: [NAME, ...WRITE_PARAMETERS],
    requestMediaTypes: [JSON_TYPE],
    requestSchema: object,
    ...rest,
  });
  const status = (verb: string) => ({
    path: `${one}/status`,
    operationId: `${verb}${idPart(resource)}${kind}Status`,
    description: `${verb} the status of one of ${plural}`,
  });
  return [
    operation('post', 'create', {
      path: collection,
      parameters: WRITE_PARAMETERS,
      responses: { '201': { description: 'Created', schema: object }, ...ERRORS },
    }),
    operation('put', 'replace', {}),
    operation('patch', 'patch', PATCH),
    { ...common, ...status('read'), method: 'get', action: 'get', parameters: [NAME] },
    operation('put', 'replace', status('replace')),
    operation('patch', 'patch', { ...PATCH, ...status('patch') }),
    operation('delete', 'delete', {
      parameters: [NAME, query('dryRun', 'string', 'All: check, delete nothing.')],
      requestSchema: META_NAMES.deleteOptions,
      responses: {
        '200': {
          description: 'OK: gone, or the object while finalizers hold it',
          schema: META_NAMES.status,
          orSchema: object,
        },
        ...ERRORS,
      },
    }),
    operation('delete', 'deletecollection', {
      path: collection,
      operationId: `delete${idPart(resource)}Collection${kind}`,
      description: `delete ${plural}`,
      action: 'deletecollection',
      parameters: [
        query('dryRun', 'string', 'All: check, delete nothing.'),
        ...LIST_PARAMETERS.filter(({ name }) => !WATCH_PARAMETERS.has(name)),
      ],
      requestSchema: META_NAMES.deleteOptions,
      responses: {
        '200': { description: 'OK', schema: schemaName(resource, resource.listKind) },
        ...ERRORS,
      },
    }),
  ];
}

const PROXY_METHODS: readonly HttpMethod[] = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'];

function subresources(resource: ServedResource, collection: string): Operation[] {
  if (resource.group !== CLUSTERS.group) return [];
  const tag = tagOf(resource);
  const one = `${collection}/{name}`;
  const token = schemaName(resource, 'BootstrapToken');
  const health = schemaName(resource, 'ClusterHealth');
  const connect = (suffix: string, parameters: readonly Parameter[], id: string): Operation[] =>
    PROXY_METHODS.map((method) => ({
      path: `${one}/proxy${suffix}`,
      method,
      operationId: `connect${idPart(resource)}${method[0]?.toUpperCase() ?? ''}${method.slice(1)}ClusterProxy${id}`,
      description: `${method.toUpperCase()} a path of the cluster's own API through its tunnel`,
      tag,
      action: 'connect',
      gvk: gvkOf(resource, 'ClusterProxyOptions'),
      parameters,
      responses: { '200': { description: "The cluster's own answer" }, ...PROXY_ERRORS },
      responseMediaTypes: ['*/*'],
    }));
  return [
    {
      path: `${one}/health`,
      method: 'get',
      operationId: `read${idPart(resource)}ClusterHealth`,
      description: "probe a cluster's apiserver through its tunnel",
      tag,
      action: 'get',
      gvk: gvkOf(resource, 'ClusterHealth'),
      parameters: [
        NAME,
        query('probe', 'boolean', 'false: tell what the hub knows, and send nothing through the tunnel.'),
      ],
      responses: { '200': { description: 'OK', schema: health }, ...ERRORS },
      responseMediaTypes: [JSON_TYPE],
    },
    {
      path: `${one}/bootstraptoken`,
      method: 'post',
      operationId: `create${idPart(resource)}ClusterBootstrapToken`,
      description: 'issue a token with which an agent of the cluster enrols, once',
      tag,
      action: 'post',
      gvk: gvkOf(resource, 'BootstrapToken'),
      parameters: [NAME],
      requestMediaTypes: [JSON_TYPE],
      requestSchema: token,
      responses: { '201': { description: 'Created', schema: token }, ...ERRORS },
      responseMediaTypes: [JSON_TYPE],
    },
    ...connect('', [NAME], ''),
    ...connect('/{path}', [NAME, path('path', "Path in the cluster's API.")], 'WithPath'),
  ];
}

/** `gatewayMctunnel_v1` */
const tagOf = ({ group, version }: ServedResource) => `${camel(group)}_${version}`;
const camel = (group: string) =>
  group
    .split('.')
    .slice(0, -1)
    .map((part, index) => (index === 0 ? part : `${part[0]?.toUpperCase() ?? ''}${part.slice(1)}`))
    .join('');
const idPart = (resource: ServedResource) => {
  const name = camel(resource.group);
  return `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}${resource.version.toUpperCase()}`;
};

/** The answers of our own objects: not discovery, and not what a cluster itself answers. */
function withPretty(operation: Operation): Operation {
  if (operation.action === 'connect') return operation;
  return { ...operation, parameters: [...operation.parameters, PRETTY] };
}

export function operationsOf(resource: ServedResource): Operation[] {
  const root = `/apis/${apiVersionOf(resource)}`;
  const collection = `${root}/${resource.plural}`;
  const resourceList: Operation = {
    path: `${root}/`,
    method: 'get',
    operationId: `get${idPart(resource)}APIResources`,
    description: 'get available resources',
    tag: tagOf(resource),
    parameters: [],
    responses: { '200': { description: 'OK', schema: META_NAMES.resourceList }, ...ERRORS },
    responseMediaTypes: [JSON_TYPE],
  };
  const writes = resource.verbs.includes('create') ? write(resource, collection) : [];
  const own = [...read(resource, collection), ...writes, ...subresources(resource, collection)];
  return [resourceList, ...own.map(withPretty)];
}
