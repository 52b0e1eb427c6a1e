import { MctunnelError } from '../../../errors.ts';
import type { Representation } from '../../ports.ts';

/** One clause of Accept: `application/json;as=Table;v=v1;g=meta.k8s.io;q=0.9`. */
export interface MediaClause {
  /** Lower case; `*` matches all. */
  readonly type: string;
  readonly subtype: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** More clauses than this are not looked at: no client sends them. */
const MAX_CLAUSES = 64;

/** Clauses by falling quality, those of equal quality in their order; no header, or an empty one, accepts anything. */
function parseAccept(header: string | undefined): MediaClause[] {
  if (header === undefined || header.trim() === '') {
    return [{ type: '*', subtype: '*', parameters: new Map(), quality: 1 }];
  }
  const clauses: MediaClause[] = [];
  for (const text of header.split(',').slice(0, MAX_CLAUSES)) {
    const [range = '', ...rest] = text.split(';');
    const [type = '', given = ''] = range.trim().toLowerCase().split('/');
    // As the API server reads it: `*` alone is `*/*`.
    const subtype = type === '*' && given === '' ? '*' : given;
    if (type === '' || subtype === '') continue;
    const parameters = new Map<string, string>();
    for (const pair of rest) {
      const equals = pair.indexOf('=');
      if (equals < 0) continue;
      const value = pair.slice(equals + 1).trim();
      parameters.set(pair.slice(0, equals).trim().toLowerCase(), value.replace(/^"(.*)"$/, '$1'));
    }
    const quality = Number(parameters.get('q') ?? 1);
    if (quality > 0) clauses.push({ type, subtype, parameters, quality });
  }
  return clauses.sort((a, b) => b.quality - a.quality);
}

export function acceptsJson({ type, subtype }: MediaClause): boolean {
  return type === '*' ? subtype === '*' : type === 'application' && (subtype === 'json' || subtype === '*');
}

/** The first clause, by the client's preference, that `offer` can serve. Throws NOT_ACCEPTABLE. */
export function negotiate<Offer>(
  accept: string | undefined,
  offer: (clause: MediaClause) => Offer | undefined,
  mediaTypes: readonly string[] = ['application/json'],
): Offer {
  for (const clause of parseAccept(accept)) {
    const offered = offer(clause);
    if (offered !== undefined) return offered;
  }
  const message = `only the following media types are accepted: ${mediaTypes.join(', ')}`;
  throw new MctunnelError('NOT_ACCEPTABLE', message);
}

const OBJECT: Representation = { as: 'Object' };

function representationOf(clause: MediaClause): Representation | undefined {
  if (!acceptsJson(clause)) return undefined;
  const as = clause.parameters.get('as') ?? '';
  if (as === '') return OBJECT;
  const version = clause.parameters.get('v');
  if (clause.parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) {
    return undefined;
  }
  if (as === 'Table') return { as, version };
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') {
    return { as: 'PartialObjectMetadata', version };
  }
  return undefined;
}

/** How an object, a list or a watch of objects is to be rendered. Throws NOT_ACCEPTABLE. */
export function negotiateRepresentation(accept: string | undefined): Representation {
  return negotiate(accept, representationOf);
}
