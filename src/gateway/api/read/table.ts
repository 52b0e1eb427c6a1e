import type { ClusterRegistration, ObjectMeta } from '../../../registry/ports.ts';
import { COLUMNS } from '../../../registry/schema/index.ts';
import { MctunnelError } from '../../../errors.ts';
import { humanDuration } from './human-duration.ts';
import { compileJsonPath } from './json-path.ts';
import { objectOf, type Resource } from './resource.ts';

/** What a row carries beside its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Throws BAD_REQUEST. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw new MctunnelError(
    'BAD_REQUEST',
    `unrecognized includeObject value: ${JSON.stringify(value.slice(0, 64))}`,
  );
}

const NAME_DESCRIPTION =
  'Name must be unique: it is what the object is called in every path that leads to it.';

const COLUMN_DEFINITIONS = [
  { name: 'Name', type: 'string', format: 'name', description: NAME_DESCRIPTION, priority: 0 },
  ...COLUMNS.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format: format ?? '',
    description,
    priority: priority ?? 0,
  })),
];

const readers = COLUMNS.map(({ type, jsonPath }) => ({ type, read: compileJsonPath(jsonPath) }));

function cellsOf(registration: ClusterRegistration, nowMs: number): unknown[] {
  const cells = readers.map(({ type, read }) => {
    const value = read(registration);
    if (value === undefined) return null;
    return type === 'date' && typeof value === 'string' ? humanDuration(nowMs - Date.parse(value)) : value;
  });
  return [registration.metadata.name, ...cells];
}

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface TableOptions {
  readonly version: 'v1' | 'v1beta1';
  readonly includeObject: IncludeObject;
  readonly nowMs: number;
  /** Default true; in a watch only the first Table has them. */
  readonly hasColumns?: boolean;
}

export function tableOf(
  resource: Resource,
  registrations: readonly ClusterRegistration[],
  metadata: ListMeta,
  options: TableOptions,
): object {
  const objectFor = (registration: ClusterRegistration): object | null => {
    if (options.includeObject === 'None') return null;
    if (options.includeObject === 'Object') return objectOf(resource, registration);
    return partialMetadataOf(registration.metadata, options.version);
  };
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: options.hasColumns === false ? null : COLUMN_DEFINITIONS,
    rows: registrations.map((registration) => ({
      cells: cellsOf(registration, options.nowMs),
      object: objectFor(registration),
    })),
  };
}

export function partialMetadataOf(metadata: Partial<ObjectMeta>, version: 'v1' | 'v1beta1'): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}

/** A bookmark in a watch of Tables: no cells, the version in the row's object. */
export function bookmarkTable(metadata: object, version: 'v1' | 'v1beta1', resourceVersion: string): object {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: { resourceVersion },
    columnDefinitions: null,
    rows: [{ cells: [], object: partialMetadataOf(metadata, version) }],
  };
}
