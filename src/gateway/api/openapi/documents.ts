import type { OpenAPIV2, OpenAPIV3 } from 'openapi-types';
import type { JsonSchema } from '../../../registry/schema/index.ts';
import type { ServedResource } from '../discovery/resources.ts';
import { kindSchemas } from './kind-schemas.ts';
import { metaSchemas, type Reference } from './meta-schemas.ts';
import { operationsOf, type Operation, type Parameter } from './operations.ts';

const extensionsOf = ({ action, gvk }: Operation) => ({
  ...(action !== undefined && { 'x-kubernetes-action': action }),
  ...(gvk && { 'x-kubernetes-group-version-kind': gvk }),
});

function byPath<T>(
  operations: readonly Operation[],
  render: (operation: Operation) => T,
): Record<string, Record<string, T>> {
  const paths: Record<string, Record<string, T>> = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method] = render(operation);
  return paths;
}

/** The schemas that the operations lead to, and nothing else. */
function reachable(
  schemas: Readonly<Record<string, JsonSchema>>,
  operations: readonly Operation[],
): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('$ref' in value && typeof value.$ref === 'string')
      add(value.$ref.slice(value.$ref.lastIndexOf('/') + 1));
    for (const child of Object.values(value)) visit(child);
  };
  const add = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    visit(schemas[name]);
  };
  for (const { requestSchema, responses } of operations) {
    if (requestSchema !== undefined) add(requestSchema);
    for (const { schema, orSchema } of Object.values(responses)) {
      if (schema !== undefined) add(schema);
      if (orSchema !== undefined) add(orSchema);
    }
  }
  return [...found].sort();
}

function schemasFor(resources: readonly ServedResource[], operations: readonly Operation[], ref: Reference) {
  const all: Record<string, JsonSchema> = { ...metaSchemas(ref) };
  for (const resource of resources) Object.assign(all, kindSchemas(resource, ref));
  return Object.fromEntries(reachable(all, operations).map((name) => [name, all[name] ?? {}]));
}

const parameterV3 = ({ name, in: place, type, description }: Parameter): OpenAPIV3.ParameterObject => ({
  name,
  in: place,
  description,
  ...(place === 'path' && { required: true }),
  schema: { type },
});

/** The OpenAPI v3 document of one group and version. */
export function openApiV3(resource: ServedResource, version: string): OpenAPIV3.Document {
  const operations = operationsOf(resource);
  const ref: Reference = (name) => ({ $ref: `#/components/schemas/${name}` });
  const content = (mediaTypes: readonly string[], schema: string | undefined, orSchema?: string) => {
    const first = schema === undefined ? {} : ref(schema);
    const either = orSchema === undefined ? first : { anyOf: [first, ref(orSchema)] };
    return Object.fromEntries(mediaTypes.map((type) => [type, { schema: either }]));
  };
  const render = (operation: Operation) => {
    const { operationId, description, tag, parameters, requestMediaTypes, responses } = operation;
    return {
      tags: [tag],
      description,
      operationId,
      parameters: parameters.map(parameterV3),
      ...(requestMediaTypes && {
        requestBody: { content: content(requestMediaTypes, operation.requestSchema) },
      }),
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, { description: words, schema, orSchema }]) => [
          status,
          {
            description: words,
            ...(schema !== undefined && { content: content(operation.responseMediaTypes, schema, orSchema) }),
          },
        ]),
      ),
      ...extensionsOf(operation),
    };
  };
  return {
    openapi: '3.0.0',
    info: { title: 'mctunnel', version },
    paths: byPath(operations, render),
    components: { schemas: schemasFor([resource], operations, ref) },
    // JSON schemas of ours are a subset of OpenAPI's, with extensions that its types do not know.
  } as unknown as OpenAPIV3.Document;
}

const parameterV2 = ({ name, in: place, type, description }: Parameter): OpenAPIV2.ParameterObject => ({
  name,
  in: place,
  description,
  type,
  ...(place === 'path' && { required: true }),
  ...(place === 'query' && { uniqueItems: true }),
});

/** The OpenAPI v2 document of everything that is served. */
export function openApiV2(resources: readonly ServedResource[], version: string): OpenAPIV2.Document {
  const operations = resources.flatMap(operationsOf);
  const ref: Reference = (name) => ({ $ref: `#/definitions/${name}` });
  const render = (operation: Operation) => {
    const { operationId, description, tag, parameters, requestMediaTypes, requestSchema, responses } =
      operation;
    const body =
      requestSchema === undefined ? [] : [{ name: 'body', in: 'body', schema: ref(requestSchema) }];
    return {
      tags: [tag],
      description,
      operationId,
      consumes: requestMediaTypes ?? ['*/*'],
      produces: operation.responseMediaTypes,
      schemes: ['https'],
      parameters: [...parameters.map(parameterV2), ...body],
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, { description: words, schema }]) => [
          status,
          { description: words, ...(schema !== undefined && { schema: ref(schema) }) },
        ]),
      ),
      ...extensionsOf(operation),
    };
  };
  return {
    swagger: '2.0',
    info: { title: 'mctunnel', version },
    paths: byPath(operations, render),
    definitions: schemasFor(resources, operations, ref),
  } as unknown as OpenAPIV2.Document;
}
