import { MctunnelError } from '../../../errors.ts';
import { invalidValue, labelValueFault, qualifiedNameFault } from '../../../registry/schema/index.ts';

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

/** Only these are white space to apimachinery: any other stands in a key or a value, and is wrong there. */
const TOKEN = /[ \t\r\n]*(?:(==|!=|[=!,()<>])|([^ \t\r\n=!,()<>]+))/y;
const WHITE_SPACE = ' \t\r\n';
/** Longer than any selector that makes sense; bounds the work of a hostile one. */
const MAX_SELECTOR_LENGTH = 65_536;

/** Of a selector; what it quotes may be long. */
const MAX_MESSAGE_LENGTH = 512;

/** In the words of apimachinery, of what stands between requirements. */
function misplaced(why: string): MctunnelError {
  return new MctunnelError('BAD_REQUEST', why.slice(0, MAX_MESSAGE_LENGTH));
}

/** The same of a requirement itself. */
function malformed(why: string): MctunnelError {
  return misplaced(`unable to parse requirement: ${why}`);
}

function tokenize(selector: string): string[] {
  if (selector.length > MAX_SELECTOR_LENGTH) throw malformed('the selector is too long');
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  let end = selector.length;
  while (end > 0 && WHITE_SPACE.includes(selector.charAt(end - 1))) end -= 1;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(selector);
    const token = match?.[1] ?? match?.[2];
    if (token === undefined) throw malformed('unexpected character');
    tokens.push(token);
  }
  return tokens;
}

const INTEGER_RULE = "for 'Gt', 'Lt' operators, the value must be an integer";
const faultText = (field: string, value: string, rule: string): string =>
  `${field}: ${invalidValue(field, value, rule).message}`;

const PUNCTUATION = /^(==|!=|[=!,()<>])$/;

/** Reads the grammar of apimachinery's labels.Parse: `a`, `!a`, `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a>1`, `a<1`. */
class SelectorReader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(selector: string) {
    this.#tokens = tokenize(selector);
  }

  read(): Requirement[] {
    const requirements: Requirement[] = [];
    if (this.#tokens.length === 0) return requirements;
    this.#expectRequirement("!, identifier, or 'end of string'");
    for (;;) {
      requirements.push(this.#requirement());
      const separator = this.#next();
      if (separator === undefined) return requirements;
      if (separator !== ',') throw misplaced(`found '${separator}', expected: ',' or 'end of string'`);
      this.#expectRequirement("identifier after ','");
    }
  }

  #expectRequirement(expected: string): void {
    const token = this.#tokens[this.#at] ?? '';
    if (token === '' || (token !== '!' && PUNCTUATION.test(token))) {
      throw misplaced(`found '${token}', expected: ${expected}`);
    }
  }

  #next(): string | undefined {
    return this.#tokens[this.#at++];
  }

  #key(): string {
    const key = this.#next();
    if (key === undefined || PUNCTUATION.test(key)) {
      throw malformed(`found '${key ?? ''}', expected: identifier`);
    }
    this.#check('key', key, qualifiedNameFault(key));
    return key;
  }

  #requirement(): Requirement {
    if (this.#tokens[this.#at] === '!') {
      this.#at += 1;
      const key = this.#key();
      return (labels) => !Object.hasOwn(labels, key);
    }
    const key = this.#key();
    const operator = this.#tokens[this.#at];
    if (operator === undefined || operator === ',') return (labels) => Object.hasOwn(labels, key);
    this.#at += 1;
    switch (operator) {
      case '=':
      case '==': {
        const value = this.#value(key);
        return (labels) => Object.hasOwn(labels, key) && labels[key] === value;
      }
      case '!=': {
        const value = this.#value(key);
        return (labels) => !Object.hasOwn(labels, key) || labels[key] !== value;
      }
      case 'in': {
        const values = this.#values(key);
        return (labels) => Object.hasOwn(labels, key) && values.has(labels[key] ?? '');
      }
      case 'notin': {
        const values = this.#values(key);
        return (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? '');
      }
      case '<':
      case '>': {
        const bound = this.#integer(key);
        return (labels) => {
          const value = Object.hasOwn(labels, key) ? (labels[key] ?? '') : '';
          if (!/^[+-]?\d{1,19}$/.test(value)) return false;
          return operator === '<' ? BigInt(value) < bound : BigInt(value) > bound;
        };
      }
      default:
        throw malformed(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  /** May be empty: `a=`, `a=,b`. */
  #value(key: string): string {
    const value = this.#exactValue();
    this.#check(`values[0][${key}]`, value, labelValueFault(value));
    return value;
  }

  #exactValue(): string {
    const value = this.#tokens[this.#at];
    if (value === undefined || value === ',') return '';
    if (PUNCTUATION.test(value)) throw malformed(`found '${value}', expected: identifier`);
    this.#at += 1;
    return value;
  }

  #check(field: string, value: string, rule: string | undefined): void {
    if (rule !== undefined) throw malformed(faultText(field, value, rule));
  }

  #values(key: string): ReadonlySet<string> {
    const open = this.#next() ?? '';
    if (open !== '(') throw malformed(`found '${open}' expected: '('`);
    const values = new Set<string>();
    for (;;) {
      values.add(this.#listedValue(key, values.size));
      const separator = this.#next() ?? '';
      if (separator === ')') return values;
      if (separator !== ',') throw malformed(`found '${separator}', expected: ',' or ')'`);
    }
  }

  /** May be empty, between commas and parentheses. */
  #listedValue(key: string, index: number): string {
    const value = this.#tokens[this.#at] ?? '';
    if (value === ',' || value === ')') return '';
    if (value === '' || PUNCTUATION.test(value)) {
      const expected = index === 0 ? "',', ')' or identifier" : "',', or identifier";
      throw malformed(`found '${value}', expected: ${expected}`);
    }
    this.#at += 1;
    this.#check(`values[${index}][${key}]`, value, labelValueFault(value));
    return value;
  }

  #integer(key: string): bigint {
    const value = this.#exactValue();
    const isInteger = /^[+-]?\d{1,19}$/.test(value);
    const rule = labelValueFault(value);
    const faults = [
      ...(isInteger ? [] : [faultText('values[0]', value, INTEGER_RULE)]),
      ...(rule === undefined ? [] : [faultText(`values[0][${key}]`, value, rule)]),
    ];
    if (faults.length > 0) throw malformed(faults.length === 1 ? faults.join() : `[${faults.join(', ')}]`);
    return BigInt(value);
  }
}

/** Throws BAD_REQUEST. An empty selector matches everything. */
export function parseLabelSelector(selector: string): (labels: Labels | undefined) => boolean {
  const requirements = new SelectorReader(selector).read();
  return (labels = {}) => requirements.every((matches) => matches(labels));
}
