import type { z } from 'zod';
import type { FieldFault } from '../../errors.ts';

/** A value cut to what a message may carry. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'null' : JSON.stringify(value);
  return text.length > 256 ? `${text.slice(0, 256)}…` : text;
}

export function invalidValue(field: string, value: unknown, rule: string): FieldFault {
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${shown(value)}: ${rule}` };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const TYPE_NAMES: Readonly<Record<string, string>> = { int: 'integer', record: 'object' };

/** `spec.limits[0].x` of zod's path, under `root`. */
function fieldOf(path: readonly PropertyKey[], root: string): string {
  let field = root;
  for (const step of path) {
    field += typeof step === 'number' ? `[${step}]` : `${field === '' ? '' : '.'}${String(step)}`;
  }
  return field;
}

function wrongType(field: string, input: unknown, expected: string): FieldFault {
  const wanted = TYPE_NAMES[expected] ?? expected;
  const rule = `${field} in body must be of type ${wanted}: "${typeOf(input)}"`;
  return { ...invalidValue(field, typeOf(input), rule), reason: 'FieldValueTypeInvalid' };
}

/** One issue of zod in the words of the API server's CRD validation. Parse with `reportInput`. */
export function faultOf(issue: z.core.$ZodIssue, root = ''): FieldFault {
  const field = fieldOf(issue.path, root);
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_type':
      return input === undefined
        ? { field, reason: 'FieldValueRequired', message: 'Required value' }
        : wrongType(field, input, issue.expected);
    case 'too_small':
      return invalidValue(
        field,
        input,
        `${field} in body should be greater than or equal to ${issue.minimum}`,
      );
    case 'too_big':
      if (issue.origin === 'string') {
        return {
          field,
          reason: 'FieldValueTooLong',
          message: `Too long: may not be more than ${issue.maximum} bytes`,
        };
      }
      if (issue.origin === 'array') {
        return {
          field,
          reason: 'FieldValueTooMany',
          message: `Too many: must have at most ${issue.maximum} items`,
        };
      }
      return invalidValue(field, input, `${field} in body should be less than or equal to ${issue.maximum}`);
    case 'invalid_value': {
      if (input === undefined) return { field, reason: 'FieldValueRequired', message: 'Required value' };
      const supported = issue.values.map((value) => shown(value)).join(', ');
      const message = `Unsupported value: ${shown(input)}: supported values: ${supported}`;
      return { field, reason: 'FieldValueNotSupported', message };
    }
    case 'custom':
      if (issue.params?.['duplicate'] === true) {
        return { field, reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown(input)}` };
      }
      return invalidValue(field, input, `${field} in body must be of type date-time: ${shown(input)}`);
    default:
      return invalidValue(field, input, issue.message);
  }
}
