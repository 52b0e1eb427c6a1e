import { MctunnelError } from '../../../errors.ts';

/** `a=b,c!=d` with `\,`, `\=` and `\\` as escapes. */
function splitTerms(selector: string): string[] {
  const terms: string[] = [];
  let term = '';
  for (let i = 0; i < selector.length; i++) {
    const char = selector[i] ?? '';
    if (char === '\\') {
      term += char + (selector[i + 1] ?? '');
      i += 1;
    } else if (char === ',') {
      terms.push(term);
      term = '';
    } else {
      term += char;
    }
  }
  terms.push(term);
  return terms;
}

/** In the words of apimachinery, which tells of a character by its number. */
function unescape(value: string): string {
  return value.replaceAll(/\\(.?)|[,=]/gsu, (found, escaped?: string) => {
    if (escaped !== undefined && escaped !== '' && '\\,='.includes(escaped)) return escaped;
    const why =
      escaped === undefined
        ? `unescaped character in value: ${found.charCodeAt(0)}`
        : `invalid escape sequence: ${found}`;
    throw new MctunnelError('BAD_REQUEST', `invalid field selector: ${why}`);
  });
}

/** As custom resources have it: `metadata.name` with =, == and !=. Throws BAD_REQUEST. An empty selector matches everything. */
export function parseFieldSelector(selector: string): (name: string) => boolean {
  const tests: ((name: string) => boolean)[] = [];
  for (const term of splitTerms(selector)) {
    if (term === '') continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) {
      throw new MctunnelError(
        'BAD_REQUEST',
        `invalid selector: '${selector.slice(0, 256)}'; can't understand '${term.slice(0, 256)}'`,
      );
    }
    const [, field = '', operator, raw = ''] = match;
    const value = unescape(raw);
    // Nothing is nothing: the API server does not ask which field that would be.
    if (field === '' && value === '') continue;
    // Of a cluster-scoped custom resource metadata.namespace is none either.
    if (field !== 'metadata.name') {
      throw new MctunnelError('BAD_REQUEST', `field label not supported: ${field.slice(0, 256)}`);
    }
    tests.push((name) => (operator === '!=') !== (name === value));
  }
  return (name) => tests.every((matches) => matches(name));
}
