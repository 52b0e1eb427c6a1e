import { MctunnelError } from '../../../errors.ts';
import { goTypeName, isJsonObject, type JsonObject } from '../../../registry/schema/index.ts';
import { parseObject } from '../body.ts';
import { queryFlag, queryInteger } from '../read/list-options.ts';
import { dryRunOf, invalidOptions } from './options.ts';

export interface DeleteOptions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly dryRun: boolean;
}

const MAX_SHOWN_CHARS = 256;
const PROPAGATION_POLICIES = ['Foreground', 'Background', 'Orphan'];

/**
 * One field of the body, of the type that it must have; null is as good as nothing. A wrong one must not be passed over: `"dryRun": "All"`
 * would delete. Throws BAD_REQUEST.
 */
function fieldOf<Value>(
  body: JsonObject,
  name: string,
  goType: string,
  is: (value: unknown) => value is Value,
  path = 'DeleteOptions',
): Value | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined || is(value)) return value;
  const words = `json: cannot unmarshal ${goTypeName(value)} into Go struct field ${path}.${name} of type ${goType}`;
  throw new MctunnelError('BAD_REQUEST', words);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isInteger = (value: unknown): value is number => Number.isInteger(value);
const isTexts = (value: unknown): value is readonly (string | null)[] =>
  Array.isArray(value) && value.every((item) => item === null || isText(item));

/** The body's options and, beside them, the parameters'. Throws BAD_REQUEST (what cannot be read), INVALID. */
export function deleteOptionsOf(text: string, query: URLSearchParams): DeleteOptions {
  const body = text.trim() === '' ? {} : parseObject(text);
  // A kind that goes unsaid is as good as the right one, also when it is said to be empty.
  const kind = body['kind'] ?? '';
  if (kind !== '' && kind !== 'DeleteOptions') {
    throw new MctunnelError('BAD_REQUEST', 'the body of a delete request must be a DeleteOptions');
  }
  const preconditions = fieldOf(body, 'preconditions', 'v1.Preconditions', isJsonObject) ?? {};
  const [uid, resourceVersion] = [
    fieldOf(preconditions, 'uid', 'types.UID', isText, 'Preconditions'),
    fieldOf(preconditions, 'resourceVersion', 'string', isText, 'Preconditions'),
  ];
  const inBody = fieldOf(body, 'dryRun', '[]string', isTexts) ?? [];
  // Nothing here is deleted slowly, and nobody waits for dependents: read only to be refused when it is wrong.
  fieldOf(body, 'gracePeriodSeconds', 'int64', isInteger);
  queryInteger(query, 'gracePeriodSeconds');
  const orphans = fieldOf(body, 'orphanDependents', 'bool', isFlag) ?? queryFlag(query, 'orphanDependents');
  const policy =
    fieldOf(body, 'propagationPolicy', 'v1.DeletionPropagation', isText) ??
    query.get('propagationPolicy') ??
    undefined;
  if (policy !== undefined && orphans !== undefined) {
    const message = `Invalid value: ${JSON.stringify(policy).slice(0, MAX_SHOWN_CHARS)}: orphanDependents and deletionPropagation cannot be both set`;
    throw invalidOptions('DeleteOptions', 'propagationPolicy', 'FieldValueInvalid', message);
  }
  if (policy !== undefined && !PROPAGATION_POLICIES.includes(policy)) {
    const given = JSON.stringify(policy).slice(0, MAX_SHOWN_CHARS);
    const supported = [...PROPAGATION_POLICIES, 'nil'].map((known) => `"${known}"`).join(', ');
    const message = `Unsupported value: ${given}: supported values: ${supported}`;
    throw invalidOptions('DeleteOptions', 'propagationPolicy', 'FieldValueNotSupported', message);
  }
  const dryRun = dryRunOf('DeleteOptions', [
    ...query.getAll('dryRun'),
    ...inBody.map((value) => value ?? ''),
  ]);
  return { uid, resourceVersion, dryRun };
}
