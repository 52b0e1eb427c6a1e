import { mctunnel } from '../../../gen/openapi.js';
import type { OpenAPIV2 } from 'openapi-types';

const { Document } = mctunnel.openapi.v2;

/** Makes what protobuf wants of a JSON value. */
type Convert = (value: unknown) => unknown;

/** A key of a JSON object: the field that it becomes, and how. */
type Field = readonly [field: string, convert: Convert];

const asIs: Convert = (value) => value;
const same = (...keys: string[]): Record<string, Field> =>
  Object.fromEntries(keys.map((key) => [key, [key, asIs] as const]));
const each =
  (convert: Convert): Convert =>
  (value) =>
    (value as readonly unknown[]).map(convert);
/** A map is a list of names and values. */
const named =
  (convert: Convert): Convert =>
  (value) =>
    Object.entries(value as object).map(([name, child]) => ({ name, value: convert(child) }));
const within =
  (field: string, convert: Convert): Convert =>
  (value) => ({ [field]: convert(value) });

const anyValue: Convert = (value) => ({ yaml: JSON.stringify(value) });

/** A message from a JSON object. A key that is neither named nor an extension has no place on the wire: Error. */
function message(kind: string, fields: Readonly<Record<string, Field>>): Convert {
  return (object) => {
    const made: Record<string, unknown> = {};
    const extensions: unknown[] = [];
    for (const [key, value] of Object.entries(object as object)) {
      if (key.startsWith('x-')) {
        extensions.push({ name: key, value: anyValue(value) });
        continue;
      }
      const field = fields[key];
      if (field === undefined) throw new Error(`${kind} has no ${key} in proto/mctunnel/openapi/v2`);
      made[field[0]] = field[1](value);
    }
    return extensions.length === 0 ? made : { ...made, extensions };
  };
}

const schema: Convert = (value) => schemaFields(value);
const schemaFields = message('a schema', {
  ...same('format', 'description', 'maximum', 'minimum', 'maxLength', 'minLength', 'pattern'),
  ...same('maxItems', 'minItems', 'required'),
  $ref: ['ref', asIs],
  type: ['type', (type) => ({ names: [type] })],
  enum: ['enum', each(anyValue)],
  items: ['items', (items) => ({ schemas: [schema(items)] })],
  properties: ['properties', within('byName', named(schema))],
  additionalProperties: ['additionalProperties', within('schema', schema)],
});

const parameterKinds: Readonly<Record<string, Convert>> = {
  body: within('body', message('a body', { ...same('name', 'in'), schema: ['schema', schema] })),
  query: within(
    'other',
    within('query', message('a query parameter', same('name', 'in', 'description', 'type', 'uniqueItems'))),
  ),
  path: within(
    'other',
    within('path', message('a path parameter', same('name', 'in', 'description', 'type', 'required'))),
  ),
};
const parameter: Convert = (value) => {
  const place = (value as { in: string }).in;
  const convert = parameterKinds[place];
  if (convert === undefined) throw new Error(`no parameter in ${place} in proto/mctunnel/openapi/v2`);
  return convert(value);
};

const response = message('a response', {
  ...same('description'),
  schema: ['schema', within('schema', schema)],
});

const operation = message('an operation', {
  ...same('tags', 'description', 'operationId', 'produces', 'consumes', 'schemes'),
  parameters: ['parameters', each(within('parameter', parameter))],
  responses: ['responses', within('byStatus', named(within('response', response)))],
});

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
const pathItem = message(
  'a path',
  Object.fromEntries(METHODS.map((method) => [method, [method, operation] as const])),
);

const document = message('a document', {
  ...same('swagger'),
  info: ['info', message('the info', same('title', 'version'))],
  paths: ['paths', within('path', named(pathItem))],
  definitions: ['definitions', within('byName', named(schema))],
});

/**
 * The same document as protobuf (proto/mctunnel/openapi/v2), for clients that know no other form of it.
 *
 * @throws Error when the document says something that our protobuf schema has no field for.
 */
export function toProtobuf(content: OpenAPIV2.Document): Uint8Array {
  return Document.encode(document(content) as mctunnel.openapi.v2.Document.$Properties).finish();
}
