import { MctunnelError } from '../../../errors.ts';
import { duplicateJsonKeys } from '../../../lib/duplicate-keys.ts';
import { REGISTRATION, unknownFields } from '../../../registry/schema/index.ts';

/** meta/v1's Kinds of options, by which a refusal names what is wrong. */
export type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

/** How much of a value is said again. */
const MAX_QUOTED_LENGTH = 64;

export function invalidOptions(
  kind: OptionsKind,
  field: string,
  reason: string,
  message: string,
): MctunnelError {
  return new MctunnelError('INVALID', `${kind}.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    faults: [{ field, reason, message }],
  });
}

/** `dryRun=All` or nothing; an empty one is neither: who sent it meant something. Throws INVALID. */
export function dryRunOf(kind: OptionsKind, values: readonly string[]): boolean {
  if (values.every((value) => value === 'All')) return values.length > 0;
  const shown = JSON.stringify(values).slice(0, MAX_QUOTED_LENGTH);
  const message = `Unsupported value: ${shown}: supported values: "All"`;
  throw invalidOptions(kind, 'dryRun', 'FieldValueNotSupported', message);
}

const MAX_MANAGER_BYTES = 128;

/** The name of who writes is checked, and not kept. Throws INVALID. */
function checkFieldManager(kind: OptionsKind, query: URLSearchParams): void {
  const manager = query.get('fieldManager') ?? '';
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES) {
    const message = `Too long: may not be more than ${MAX_MANAGER_BYTES} bytes`;
    throw invalidOptions(kind, 'fieldManager', 'FieldValueTooLong', message);
  }
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(manager)) {
    const message = `Invalid value: ${JSON.stringify(manager)}: a character is not printable`;
    throw invalidOptions(kind, 'fieldManager', 'FieldValueInvalid', message);
  }
}

type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** Throws INVALID. */
function fieldValidationOf(kind: OptionsKind, query: URLSearchParams): FieldValidation {
  const value = query.get('fieldValidation') ?? '';
  if (value === '') return 'Warn';
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value;
  const shown = JSON.stringify(value.slice(0, MAX_QUOTED_LENGTH));
  const message = `Unsupported value: ${shown}: supported values: "Ignore", "Strict", "Warn"`;
  throw invalidOptions(kind, 'fieldValidation', 'FieldValueNotSupported', message);
}

/** What the parameters of a write ask for. Throws INVALID. */
export function writeOptionsOf(
  kind: OptionsKind,
  query: URLSearchParams,
): { readonly dryRun: boolean; readonly validation: FieldValidation } {
  const dryRun = dryRunOf(kind, query.getAll('dryRun'));
  const validation = fieldValidationOf(kind, query);
  checkFieldManager(kind, query);
  return { dryRun, validation };
}

/**
 * What the API server does with fields that it does not know: nothing, a warning, or a refusal (BAD_REQUEST; INVALID of what a patch made).
 * `text` is the body as it came, `object` what would be stored. Gives the warnings.
 */
export function checkFields(
  text: string,
  object: unknown,
  validation: FieldValidation,
  code: 'BAD_REQUEST' | 'INVALID' = 'BAD_REQUEST',
): string[] {
  if (validation === 'Ignore') return [];
  const faults = [
    ...unknownFields(object).map((field) => `unknown field "${field}"`),
    ...duplicateJsonKeys(text).map(({ key }) => `duplicate field "${key}"`),
  ];
  if (faults.length > 0 && validation === 'Strict') {
    const { kind, version } = REGISTRATION;
    const words = `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${faults.join(', ')}`;
    throw new MctunnelError(code, words);
  }
  return faults;
}
