import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDocument } from 'yaml';
import { duplicateJsonKeys, duplicateYamlKeys } from '../../src/lib/duplicate-keys.ts';

const json = (text: string): string[] => duplicateJsonKeys(text).map(({ key }) => key);
const yaml = (text: string): string[] =>
  duplicateYamlKeys(parseDocument(text, { uniqueKeys: false })).map(({ key }) => key);

describe('duplicate keys', () => {
  it.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', []],
    ['{"a":[1,{"b":1,"b":2}],"a":0}', ['b', 'a']],
    ['{"a\\"":1,"x":"\\"a\\":{,","a\\"":2}', ['a"']],
    ['{"a":1,"\\u0061":2}', ['a']],
    ['["a","a",{"b":"b"},"b"]', []],
    ['{"":1,"":2}', ['']],
    ['"a"', []],
    ['{}', []],
  ])('in %s', (text, keys) => {
    expect(json(text)).toEqual(keys);
    expect(yaml(text).sort()).toEqual([...keys].sort());
  });

  it('in YAML, by what a key means', () => {
    expect(yaml('a: 1\n"a": 2\n? b\n: 1\nb: 2\n[1]: x\n[1]: y\n')).toEqual(['a', 'b']);
  });

  it('are found by their offsets', () => {
    expect(duplicateJsonKeys('{"a":1, "a":2}')).toEqual([{ key: 'a', offset: 8 }]);
    expect(duplicateYamlKeys(parseDocument('a: 1\na: 2\n', { uniqueKeys: false }))).toEqual([
      { key: 'a', offset: 5 },
    ]);
  });

  it('are none in what JSON.stringify writes, and whatever is written twice is told', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (object, key) => {
        const text = JSON.stringify(object);
        expect(json(text)).toEqual([]);
        const member = `${JSON.stringify(key)}:1`;
        const inside = text.slice(1, -1);
        expect(json(`{${member}${inside === '' ? '' : `,${inside}`},${member}}`)).toEqual(
          Object.hasOwn(object, key) ? [key, key] : [key],
        );
      }),
    );
  });

  it('are told ten at most', () => {
    expect(json(`{${'"a":1,'.repeat(100)}"a":1}`)).toHaveLength(10);
    expect(yaml('a: 1\n'.repeat(100))).toHaveLength(10);
  });

  // The yaml package's own check took minutes for as many, and nothing else went on meanwhile: a test that hung until it was ended.
  it('are looked for among 50,000', () => {
    const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}`);
    expect(json(`{${keys.map((key) => `"${key}":1`).join(',')}}`)).toEqual([]);
    expect(yaml(`${keys.map((key) => `${key}: 1`).join('\n')}\n`)).toEqual([]);
  });
});
