import { parseDocument } from 'yaml';
import { MctunnelError } from '../../../errors.ts';
import { REGISTRATION, unknownFields } from '../../../registry/schema/index.ts';

/** `dryRun=All` or nothing. Throws INVALID. */
export function dryRunOf(values: readonly unknown[]): boolean {
  for (const value of values) {
    if (value === 'All' || value === '') continue;
    const message = `Unsupported value: ${JSON.stringify(value).slice(0, 64)}: supported values: "All"`;
    throw new MctunnelError('INVALID', `options is invalid: dryRun: ${message}`, {
      faults: [{ field: 'dryRun', reason: 'FieldValueNotSupported', message }],
    });
  }
  return values.includes('All');
}

type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Throws INVALID. */
export function fieldValidationOf(query: URLSearchParams): FieldValidation {
  const value = query.get('fieldValidation') ?? '';
  if (value === '') return 'Warn';
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value;
  const message = `Unsupported value: ${JSON.stringify(value.slice(0, 64))}: supported values: "Ignore", "Warn", "Strict"`;
  throw new MctunnelError('INVALID', `options is invalid: fieldValidation: ${message}`, {
    faults: [{ field: 'fieldValidation', reason: 'FieldValueNotSupported', message }],
  });
}

/** Keys that occur twice in one object: JSON.parse keeps the last and says nothing. JSON is YAML, whose parser tells. */
function duplicateFields(text: string): string[] {
  const { errors } = parseDocument(text, { uniqueKeys: true, prettyErrors: false });
  return errors
    .filter((error) => error.code === 'DUPLICATE_KEY')
    .map((error) => /^\s*"?([^":\s]*)/.exec(text.slice(error.pos[0]))?.[1] ?? '');
}

/**
 * What the API server does with fields that it does not know: nothing, a warning, or a refusal (BAD_REQUEST).
 * `text` is the body as it came, `object` what would be stored. Gives the warnings.
 */
export function checkFields(text: string, object: unknown, validation: FieldValidation): string[] {
  if (validation === 'Ignore') return [];
  const faults = [
    ...unknownFields(object).map((field) => `unknown field "${field}"`),
    ...duplicateFields(text).map((field) => `duplicate field "${field}"`),
  ];
  if (faults.length > 0 && validation === 'Strict') {
    const { kind, version } = REGISTRATION;
    const words = `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${faults.join(', ')}`;
    throw new MctunnelError('BAD_REQUEST', words);
  }
  return faults;
}
