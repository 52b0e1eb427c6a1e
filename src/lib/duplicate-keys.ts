import { isScalar, visit, type Document } from 'yaml';

/** More are not told. */
const MAX_TOLD = 10;

/** A key that stands twice in one object, and where the second time: the offset in the text. */
export interface DuplicateKey {
  readonly key: string;
  readonly offset: number;
}

/** At most ten. In linear time: the yaml package compares each key with all before it, and a megabyte of keys took it minutes. Parse with `uniqueKeys: false`. */
export function duplicateYamlKeys(document: Document.Parsed): DuplicateKey[] {
  const duplicates: DuplicateKey[] = [];
  visit(document, {
    Map: (_index, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          duplicates.push({ key: String(key.value), offset: key.range?.[0] ?? 0 });
          if (duplicates.length === MAX_TOLD) return visit.BREAK;
        }
        seen.add(key.value);
      }
      return undefined;
    },
  });
  return duplicates;
}

/** At most ten, of text that JSON.parse takes (which keeps the last and says nothing). In linear time. */
export function duplicateJsonKeys(text: string): DuplicateKey[] {
  const duplicates: DuplicateKey[] = [];
  /** Of each object and array around this place; undefined: an array. */
  const around: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
        around.push(new Set());
        isKey = true;
        break;
      case '[':
        around.push(undefined);
        isKey = false;
        break;
      case '}':
      case ']':
        around.pop();
        isKey = false;
        break;
      case ',':
        isKey = around.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (isKey) {
          const key = JSON.parse(text.slice(at, end)) as string;
          const keys = around.at(-1);
          if (keys?.has(key) === true && duplicates.push({ key, offset: at }) === MAX_TOLD) return duplicates;
          keys?.add(key);
          isKey = false;
        }
        at = end - 1;
        break;
      }
      default:
    }
  }
  return duplicates;
}

/** Behind its closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === '"') return at + 1;
  }
  return text.length;
}
