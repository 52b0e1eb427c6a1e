import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { yamlText } from '../../src/lib/yaml-text.ts';

// Every one a name that a cluster may have, or the value of a label.
it.each(['no', 'on', 'off', 'yes', 'y', 'n', 'null', 'true', '1e3', '0x10', '2026-01-01', '010', '1_0', ''])(
  'a text %p is a text to readers of YAML 1.1 and 1.2',
  (text) => {
    const value = { name: text, [text]: [text] };
    for (const version of ['1.1', '1.2'] as const) expect(parse(yamlText(value), { version })).toEqual(value);
  },
);

it('so is any other, beside numbers and booleans that are some', () => {
  const leaf = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean());
  fc.assert(
    fc.property(fc.array(fc.tuple(leaf, leaf)), (value) => {
      for (const version of ['1.1', '1.2'] as const)
        expect(parse(yamlText(value), { version })).toEqual(value);
    }),
  );
});
