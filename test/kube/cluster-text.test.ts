/**
 * Lists and watches of registrations are rewritten as text: whatever is in them, the result is that of rewriting the values and writing those. No JSON.parse on the way:
 * that of Node 24 takes some keys for others (after `{"":1,"\\\\":1}` it may read the key of a line feed as a backslash).
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rewriteRegistration } from '../../src/kube/cluster-rewrite.ts';
import { rewriteListText, rewriteWatchText } from '../../src/kube/cluster-text.ts';

const API = 'registry.mctunnel.io/v1';
const KIND = 'ClusterRegistration';

/** What an attacker, or bad luck, writes into labels, annotations, names of managers and messages. */
const NASTY = [
  `{"apiVersion":"${API}","kind":"${KIND}","metadata":{`,
  `},{"apiVersion":"${API}","kind":"${KIND}","metadata":{"name":"x"`,
  `],"kind":"${KIND}List"`,
  '"managedFields":[',
  'managedFields":[{',
  '],"name":"',
  '}],"name":"evil',
  ',"object":',
  '\\',
  '\\"',
  '"',
  '\n',
  '\u2028 ä 💥',
  '\ud800',
];
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...NASTY), { maxLength: 3 }).map((parts) => parts.join('')),
);
const strings = fc.dictionary(text, text, { maxKeys: 3 });
const managedFields = fc.array(
  fc.record({
    apiVersion: fc.constant(API),
    fieldsType: fc.constant('FieldsV1'),
    fieldsV1: fc.dictionary(text, fc.dictionary(text, fc.constant({})), { maxKeys: 3 }),
    manager: text,
    operation: fc.constant('Update'),
  }),
  { minLength: 1, maxLength: 3 },
);
const owner = fc.record({ apiVersion: fc.constant(API), kind: fc.constant(KIND), name: text, uid: text });
const object = fc.record(
  {
    apiVersion: fc.constant(API),
    kind: fc.constant(KIND),
    metadata: fc.record(
      {
        annotations: strings,
        labels: strings,
        managedFields,
        name: text,
        ownerReferences: fc.array(owner, { maxLength: 2 }),
        resourceVersion: text,
      },
      { requiredKeys: ['name'] },
    ),
    spec: fc.record({ paused: fc.boolean() }, { requiredKeys: [] }),
    status: fc.record(
      { conditions: fc.array(fc.record({ message: text, type: text })) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['apiVersion', 'kind', 'metadata'] },
);

/** As the API server writes custom resources: keys in order. */
function apiserverText(value: unknown): string {
  const sorted = (_key: string, inner: unknown): unknown =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return JSON.stringify(value, sorted);
}

function list(items: readonly unknown[]): object {
  const metadata = { continue: '', resourceVersion: '123' };
  return { apiVersion: API, items, kind: `${KIND}List`, metadata };
}

/** In pieces of those sizes, again and again. */
async function* chunks(whole: string, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(whole);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield await Promise.resolve(bytes.subarray(at, at + size));
    at += size;
  }
}

async function gathered(pieces: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString();
}

type Registration = typeof object extends fc.Arbitrary<infer T> ? T : never;

/** The API server writes these in the order of their Go types. */
function metadataOf({ metadata: { managedFields: fields, name, ...metadata } }: Registration): object {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { name, ...metadata, ...(fields && { managedFields: fields }) },
  };
}

/** The text of one row of a Table. */
function row(
  each: Registration,
  cell: string,
  what: string,
  rewrite = (value: unknown): unknown => value,
): string {
  const cells = JSON.stringify([each.metadata.name, cell, null, 5]);
  const held = {
    None: 'null',
    Metadata: JSON.stringify(rewrite(metadataOf(each))),
    Object: apiserverText(rewrite(each)),
  }[what];
  return `{"cells":${cells},"object":${held ?? ''}}`;
}

function tableText(rows: readonly string[]): string {
  const columns = ['Name', 'Connected'].map((name) => ({ name, type: 'string', format: '', priority: 0 }));
  const metadata = JSON.stringify({ resourceVersion: '123', continue: 'abc' });
  return `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${metadata},"columnDefinitions":${JSON.stringify(columns)},"rows":[${rows.join(',')}]}`;
}

const sizes = fc.array(fc.integer({ min: 1, max: 4096 }), { minLength: 1, maxLength: 4 });

describe('a list', () => {
  it('is as if it had been parsed, however its text comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(object, { maxLength: 5 }), sizes, async (items, pieces) => {
        const whole = apiserverText(list(items));
        const rewritten = await gathered(rewriteListText(chunks(`${whole}\n`, pieces)));
        expect(rewritten.trimEnd()).toBe(apiserverText(rewriteRegistration(list(items))));
      }),
      { numRuns: 500 },
    );
  });

  it('of metadata is as if it had been parsed, too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(object, { maxLength: 5 }), sizes, async (objects, pieces) => {
        const items = objects.map(metadataOf);
        const whole = {
          kind: 'PartialObjectMetadataList',
          apiVersion: 'meta.k8s.io/v1',
          metadata: { resourceVersion: '123', continue: 'abc' },
          items,
        };
        const text = rewriteListText(chunks(`${JSON.stringify(whole)}\n`, pieces), 'PartialObjectMetadata');
        expect((await gathered(text)).trimEnd()).toBe(JSON.stringify(rewriteRegistration(whole)));
      }),
      { numRuns: 500 },
    );
  });

  it('as a Table is as if it had been parsed, whatever its rows hold', async () => {
    const held = fc.constantFrom('None', 'Metadata', 'Object');
    await fc.assert(
      fc.asyncProperty(
        fc.array(object, { maxLength: 5 }),
        text,
        held,
        sizes,
        async (objects, cell, what, pieces) => {
          const whole = tableText(objects.map((each) => row(each, cell, what)));
          const wanted = tableText(objects.map((each) => row(each, cell, what, rewriteRegistration)));
          const rewritten = await gathered(rewriteListText(chunks(`${whole}\n`, pieces), 'Table'));
          expect(rewritten.trimEnd()).toBe(wanted);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('as a Table that breaks off fails', async () => {
    const one = row({ apiVersion: API, kind: KIND, metadata: { name: 'a' } }, 'a', 'Metadata');
    const whole = tableText([one, one]);
    for (let length = 1; length < whole.length; length++) {
      const broken = gathered(rewriteListText(chunks(whole.slice(0, length), [64]), 'Table'));
      await expect(broken).rejects.toMatchObject({
        code: expect.stringMatching(/UPSTREAM_LOST|PROTOCOL/) as unknown,
      });
    }
  });

  it('of metadata that breaks off fails', async () => {
    const item = '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a"}}';
    const whole = `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":[${item},${item}]}`;
    for (let length = 1; length < whole.length; length++) {
      const broken = gathered(rewriteListText(chunks(whole.slice(0, length), [64]), 'PartialObjectMetadata'));
      await expect(broken).rejects.toMatchObject({
        code: expect.stringMatching(/UPSTREAM_LOST|PROTOCOL/) as unknown,
      });
    }
  });

  it('is passed on object by object, not gathered', async () => {
    const one = apiserverText({ apiVersion: API, kind: KIND, metadata: { name: 'a' } });
    let asked = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from(`{"apiVersion":"${API}","items":[${one}`));
      for (;;) {
        asked++;
        yield Buffer.from(`,${one}`);
      }
    }
    let bytes = 0;
    for await (const piece of rewriteListText(endless())) if ((bytes += piece.length) > 100_000) break;
    expect(asked).toBeLessThan(2_000);
  });

  it.each([
    [
      'other keys first',
      (items: unknown) => JSON.stringify({ kind: `${KIND}List`, items, apiVersion: API, metadata: {} }),
    ],
    ['spaces', (items: unknown) => JSON.stringify(list(items as unknown[]), undefined, 2)],
    [
      'a Status',
      () => JSON.stringify({ kind: 'Status', apiVersion: 'v1', message: `${KIND} gone`, code: 410 }),
    ],
  ])('in another form (%s) is parsed', async (_, write) => {
    const whole = write([
      { kind: KIND, apiVersion: API, metadata: { name: 'a', managedFields: [{ manager: 'm' }] } },
    ]);
    const rewritten = await gathered(rewriteListText(chunks(whole, [50])));
    expect(JSON.parse(rewritten)).toEqual(rewriteRegistration(JSON.parse(whole)));
    expect(rewritten).not.toContain('managedFields');
    expect(rewritten).not.toContain('Registration');
  });

  it('that breaks off fails: it does not look like a whole one', async () => {
    const whole = apiserverText(list([{ apiVersion: API, kind: KIND, metadata: { name: 'a' } }]));
    for (const length of [whole.length - 100, 60, 10]) {
      const broken = gathered(rewriteListText(chunks(whole.slice(0, length), [7])));
      await expect(broken).rejects.toMatchObject({
        code: expect.stringMatching(/UPSTREAM_LOST|PROTOCOL/) as unknown,
      });
    }
  });

  it('with an object beyond all bounds fails, and is not gathered', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(
        Buffer.from(
          `{"apiVersion":"${API}","items":[{"apiVersion":"${API}","kind":"${KIND}","metadata":{"name":"`,
        ),
      );
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      for (;;) yield chunk;
    }
    await expect(gathered(rewriteListText(endless()))).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});

describe('a watch', () => {
  it('is as if every event had been parsed, however its text comes', async () => {
    const status = fc.constant({ apiVersion: 'v1', code: 410, kind: 'Status', message: `${KIND} too old` });
    const both = (write: (value: unknown) => string) => (value: unknown) => ({
      given: write(value),
      wanted: write(rewriteRegistration(value)),
    });
    const plain = { apiVersion: API, kind: KIND, metadata: { name: 'a' } } as const;
    const event = fc.record({
      object: fc.oneof(
        { arbitrary: object.map(both(apiserverText)), weight: 5 },
        { arbitrary: object.map(metadataOf).map(both(JSON.stringify)), weight: 5 },
        {
          arbitrary: text.map((cell) => ({
            given: tableText([row(plain, cell, 'Object')]),
            wanted: tableText([row(plain, cell, 'Object', rewriteRegistration)]),
          })),
          weight: 2,
        },
        { arbitrary: status.map(both(apiserverText)), weight: 1 },
      ),
      type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 5 }), sizes, async (events, pieces) => {
        // The API server writes the type first.
        const lines = (which: 'given' | 'wanted'): string =>
          events.map(({ type, object: of }) => `{"type":"${type}","object":${of[which]}}\n`).join('');
        expect(await gathered(rewriteWatchText(chunks(lines('given'), pieces)))).toBe(lines('wanted'));
      }),
      { numRuns: 500 },
    );
  });

  it('passes on whole events only: half of one is kept, and lost with the connection', async () => {
    const line = `{"type":"ADDED","object":${apiserverText({ apiVersion: API, kind: KIND, metadata: { name: 'a' } })}}\n`;
    const rewritten = await gathered(rewriteWatchText(chunks(line + line.slice(0, 40), [9])));
    expect(rewritten.split('\n')).toHaveLength(2);
    expect(rewritten.endsWith('}\n')).toBe(true);
  });
});
