import { MctunnelError, type FieldFault } from '../../../errors.ts';
import { parseFieldSelector } from './field-selector.ts';
import { parseLabelSelector } from './label-selector.ts';
import type { ClusterRegistration } from '../../../registry/ports.ts';

/** ListOptions of meta/v1, checked. */
export interface ListOptions {
  readonly matches: (registration: ClusterRegistration) => boolean;
  /** A label or field selector is set: then no remainingItemCount. */
  readonly isSelective: boolean;
  /** 0: all. */
  readonly limit: number;
  readonly continueToken: string;
  /** undefined: not given. */
  readonly resourceVersion: number | undefined;
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan';
  readonly sendInitialEvents: boolean | undefined;
  readonly allowWatchBookmarks: boolean;
  /** undefined: the server chooses. Negative: over before it begins. */
  readonly timeoutSeconds: number | undefined;
}

function invalidListOptions(faults: readonly FieldFault[]): MctunnelError {
  const words = faults.map((fault) => `${fault.field}: ${fault.message}`);
  const all = words.length === 1 ? (words[0] ?? '') : `[${words.join(', ')}]`;
  return new MctunnelError('INVALID', `ListOptions.meta.k8s.io "" is invalid: ${all}`, { faults });
}

const forbidden = (field: string, why: string): FieldFault => ({
  field,
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
});

/** apimachinery's conversion of a parameter to bool: anything but `0` and `false` is true, also nothing. */
export function queryFlag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  return value === null ? undefined : value !== '0' && value.toLowerCase() !== 'false';
}

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

const quoted = (value: string): string => JSON.stringify(value.slice(0, 64));

/** apimachinery's conversion of a parameter to an int64. Throws BAD_REQUEST. */
export function queryInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const refuse = (why: string): MctunnelError =>
    new MctunnelError('BAD_REQUEST', `strconv.ParseInt: parsing ${quoted(value)}: ${why}`);
  if (!/^[+-]?\d{1,64}$/.test(value)) throw refuse('invalid syntax');
  const number = BigInt(value.replace('+', ''));
  if (number > MAX_INT64 || number < -MAX_INT64 - 1n) throw refuse('value out of range');
  return Number(number);
}

/** Throws BAD_REQUEST. An empty value is as none. */
export function versionOf(value: string | null): number | undefined {
  if (value === null || value === '') return undefined;
  const refuse = (why: string): MctunnelError => {
    const words = `invalid resource version: resourceVersion: Invalid value: ${quoted(value)}: strconv.ParseUint: parsing ${quoted(value)}: ${why}`;
    return new MctunnelError('BAD_REQUEST', words);
  };
  if (!/^\d{1,64}$/.test(value)) throw refuse('invalid syntax');
  if (BigInt(value) > MAX_UINT64) throw refuse('value out of range');
  return Number(value);
}

/** The rules of apimachinery's ValidateListOptions. */
function checkVersionRules(isWatch: boolean, query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  const sendInitialEvents = queryFlag(query, 'sendInitialEvents');
  const faults: FieldFault[] = [];
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    const message = `Unsupported value: ${JSON.stringify(match.slice(0, 64))}: supported values: "Exact", "NotOlderThan", ""`;
    faults.push({ field: 'resourceVersionMatch', reason: 'FieldValueNotSupported', message });
  }
  if (isWatch) {
    if ((query.get('continue') ?? '') !== '') {
      // It is the continue that is forbidden; the API server names the other.
      const why = 'resourceVersionMatch is forbidden when continue is provided';
      faults.push(forbidden('resourceVersionMatch', why));
    }
    if (sendInitialEvents === undefined) {
      if (match !== '') {
        const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
        faults.push(forbidden('resourceVersionMatch', why));
      }
    } else if (match !== 'NotOlderThan') {
      const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
      faults.push(forbidden('resourceVersionMatch', why));
    }
  } else {
    if (sendInitialEvents !== undefined) {
      faults.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
    }
    if (match !== '') {
      if (version === '') {
        const why = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
        faults.push(forbidden('resourceVersionMatch', why));
      }
      if ((query.get('continue') ?? '') !== '') {
        const why = 'resourceVersionMatch is forbidden when continue is provided';
        faults.push(forbidden('resourceVersionMatch', why));
      }
      if (match === 'Exact' && version === '0') {
        const why = 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"';
        faults.push(forbidden('resourceVersionMatch', why));
      }
    }
  }
  if (faults.length > 0) throw invalidListOptions(faults);
}

/** Throws BAD_REQUEST (selectors, numbers) or INVALID (combinations). */
export function parseListOptions(query: URLSearchParams, isWatch: boolean): ListOptions {
  const labelSelector = query.get('labelSelector') ?? '';
  const fieldSelector = query.get('fieldSelector') ?? '';
  const matchesLabels = parseLabelSelector(labelSelector);
  const matchesName = parseFieldSelector(fieldSelector);
  const limit = queryInteger(query, 'limit') ?? 0;
  const timeoutSeconds = queryInteger(query, 'timeoutSeconds') ?? 0;
  checkVersionRules(isWatch, query);
  return {
    matches: ({ metadata }) => matchesName(metadata.name) && matchesLabels(metadata.labels),
    isSelective: labelSelector !== '' || fieldSelector !== '',
    limit: Math.max(0, limit),
    continueToken: query.get('continue') ?? '',
    resourceVersion: versionOf(query.get('resourceVersion')),
    resourceVersionMatch: (query.get('resourceVersionMatch') ?? '') as ListOptions['resourceVersionMatch'],
    sendInitialEvents: queryFlag(query, 'sendInitialEvents'),
    allowWatchBookmarks: queryFlag(query, 'allowWatchBookmarks') ?? false,
    timeoutSeconds: timeoutSeconds === 0 ? undefined : timeoutSeconds,
  };
}
