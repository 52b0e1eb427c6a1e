import { MctunnelError } from '../../errors.ts';
import type { Identity } from '../../tunnel/index.ts';

export interface StaticToken {
  readonly token: string;
  readonly identity: Identity;
}

/**
 * Kubernetes' static token file: CSV (RFC 4180) lines `token,user,uid` or `token,user,uid,"group1,group2"`. Read strictly: a file
 * that Kubernetes would read only in part is refused. Throws MctunnelError INVALID with one line per fault, each with its line number.
 */
export function parseStaticTokens(content: string, path: string): StaticToken[] {
  const tokens: StaticToken[] = [];
  const faults: string[] = [];
  const lineOf = new Map<string, number>();
  for (const { line, fields, fault } of records(content)) {
    const problem = fault ?? faultOf(fields);
    const [token = '', user = '', uid = '', groups = ''] = fields;
    const earlier = lineOf.get(token);
    if (problem !== undefined) faults.push(`${path}:${line}: ${problem}`);
    else if (earlier !== undefined) faults.push(`${path}:${line}: the same token as in line ${earlier}`);
    lineOf.set(token, earlier ?? line);
    tokens.push({
      token,
      identity: { user, uid, groups: groups === '' ? [] : groups.split(','), extra: [] },
    });
  }
  if (faults.length > 0) throw new MctunnelError('INVALID', faults.join('\n'));
  return tokens;
}

interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
  readonly fault: string | undefined;
}

/** Lines of CSV; empty lines are passed over, a quoted field must end on its line. */
function records(content: string): CsvRecord[] {
  const list: CsvRecord[] = [];
  for (const [index, text] of content
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const row = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (row === '') continue;
    list.push({ line: index + 1, ...splitRow(row) });
  }
  return list;
}

function splitRow(row: string): Pick<CsvRecord, 'fields' | 'fault'> {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let at = 0; ; at = field.lastIndex) {
    field.lastIndex = at;
    const match = field.exec(row);
    if (match === null) return { fields, fault: 'a quote that does not open and close a whole field' };
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return { fields, fault: undefined };
  }
}

const CONTROL = /\p{Cc}/u;

function faultOf(fields: readonly string[]): string | undefined {
  const [token = '', user = '', uid = '', groups = ''] = fields;
  if (fields.length < 3 || fields.length > 4) {
    return `${fields.length} fields; a line is token,user,uid or token,user,uid,"group1,group2"`;
  }
  if (token === '') return 'an empty token';
  if (!/^[\x21-\x7e]+$/.test(token)) return 'the token holds a character that no bearer token can have';
  if (user === '') return 'an empty user';
  const names = {
    user,
    uid,
    ...Object.fromEntries(groups.split(',').map((group) => [`group "${group}"`, group])),
  };
  for (const [what, name] of Object.entries(names)) {
    if (CONTROL.test(name)) return `the ${what} contains a control character`;
    if (name.trim() !== name) return `the ${what} begins or ends with white space`;
  }
  if (groups !== '' && groups.split(',').includes('')) return 'an empty group';
  return undefined;
}
