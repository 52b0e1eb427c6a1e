/** What we make of a request is what Go's net/url and the apiserver's RequestInfo make of it, over thousands of paths; or we refuse it. */
import { beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { requestInfo, type RequestInfo } from '../../src/lib/request-info.ts';
import { encodeTarget, splitTarget, type RequestPath } from '../../src/lib/request-path.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { buildPrograms } from '../kubernetes/index.ts';

/** As test/kubernetes/programs/kubernetes/requestinfo prints it. */
type Reading = RequestInfo & { readonly fault?: string; readonly canonical: string };

const RUNS = 60_000;
const seed = Date.now() & 0x7fffffff;

let program: string;

/** What kube-apiserver makes of each "METHOD TARGET". */
async function readByGo(lines: readonly string[]): Promise<Reading[]> {
  const child = spawn(program, { stdio: 'pipe' });
  const chunks: Buffer[] = [];
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_096)));
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`requestinfo ended with ${String(code)}: ${log}`);
  const answers = Buffer.concat(chunks).toString().trimEnd().split('\n');
  return answers.map((line) => JSON.parse(line) as Reading);
}

const one = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** Words that mean something in some place of a path, and words that are meant to confuse. */
const word = fc.oneof(
  {
    weight: 6,
    arbitrary: one(
      'api',
      'apis',
      'v1',
      'v1beta1',
      'apps',
      'namespaces',
      'n',
      'pods',
      'p',
      'nodes',
      'secrets',
    ),
  },
  {
    weight: 3,
    arbitrary: one(
      'status',
      'finalize',
      'exec',
      'proxy',
      'log',
      'watch',
      'services',
      'https:web:443',
      'scale',
    ),
  },
  {
    weight: 1,
    arbitrary: one(
      '',
      '.',
      '..',
      '...',
      '..;',
      '..;a=b',
      '.;',
      '\\',
      '..\\..',
      'a\\..',
      '~',
      '*',
      '!',
      "(')",
      'A',
      'Pods',
    ),
  },
  {
    weight: 1,
    arbitrary: one(
      '%',
      '%2e',
      '%2F',
      '%25',
      'a b',
      'é',
      '日本',
      '😀',
      '\ufeff',
      'a/b',
      '/',
      'a?b',
      'a#b',
      '\u0000',
      '\u0085',
      '\n',
      '+',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
);

/** A word as a segment: as it is, with some or all of its bytes escaped in either case, or escaped twice. */
const segment = fc
  .tuple(word, one('plain', 'plain', 'needed', 'all', 'lower', 'twice', 'broken'))
  .map(([text, style]) => {
    const escaped = (
      pick: (byte: number) => boolean,
      digits = (hex: string): string => hex.toUpperCase(),
    ): string =>
      [...Buffer.from(text, 'utf8')]
        .map((byte) =>
          pick(byte) ? `%${digits(byte.toString(16).padStart(2, '0'))}` : String.fromCharCode(byte),
        )
        .join('');
    const isOdd = (byte: number): boolean => !/[A-Za-z0-9._~-]/.test(String.fromCharCode(byte));
    switch (style) {
      case 'plain':
        return Buffer.from(text, 'utf8').toString('latin1');
      case 'needed':
        return escaped(isOdd);
      case 'all':
        return escaped(() => true);
      case 'lower':
        return escaped(
          () => true,
          (hex) => hex,
        );
      case 'twice':
        return escaped(isOdd).replaceAll('%', '%25');
      default:
        return `${escaped(isOdd)}%c3`;
    }
  });

/** A path that leads somewhere, its words in their places, and now and then one changed. */
const sensible = fc
  .tuple(
    one(['api', 'v1'], ['apis', 'apps', 'v1'], ['apis', 'g.example', 'v1beta1']),
    one([], ['watch'], ['proxy']),
    one([], ['namespaces', 'n'], ['namespaces', 'status']),
    fc.array(segment, { maxLength: 5 }),
  )
  .map((parts) => parts.flat());
const parameter = fc.oneof(
  fc
    .tuple(
      one('watch', 'w%61tch', 'Watch', 'limit', 'timeoutSeconds', 'resourceVersion'),
      one('', '=', '=1', '=0', '=true', '=false', '=False', '=x', '=%31', '=1;', '=+1', '=-5'),
    )
    .map((pair) => pair.join('')),
  fc
    .tuple(
      one('fieldSelector', 'field%53elector'),
      one('metadata.name', 'spec.nodeName', 'metadata.namespace', ''),
      one('=', '==', '!=', '%3D', '%3d%3D', ''),
      one(
        'x',
        '',
        '..',
        'a%2Fb',
        'a%5C%2Cb',
        'a%25b',
        'a%5Cb',
        'x,spec.a=b',
        'x%2Cmetadata.name%3Dy',
        '%zz',
        'a+b',
        'x;y',
      ),
    )
    .map(([key, field, operator, value]) => `${key}=${field}${operator}${value}`),
  one('', '&', ';', '=', '%', 'pretty'),
);
const target = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: sensible },
      { weight: 1, arbitrary: fc.array(segment, { maxLength: 8 }) },
    ),
    one('', '', '', '/', '//'),
    fc.array(parameter, { maxLength: 3 }),
  )
  .map(
    ([segments, end, query]) =>
      `/${segments.join('/')}${end}${query.length === 0 ? '' : `?${query.join('&')}`}`,
  )
  // What would end the line ends the request as well.
  .filter((text) => !/[\n\r ]/.test(text));
const method = one(
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'PROPFIND',
  'get',
);

interface Case {
  readonly method: string;
  readonly target: string;
  readonly path: RequestPath;
  readonly ours: RequestInfo;
}

describeKubernetes('the reading of requests', {}, () => {
  let cases: readonly Case[] = [];
  let refused = 0;

  beforeAll(async () => {
    program = (await buildPrograms(['requestinfo'])).requestinfo;
    const drawn = fc.sample(fc.tuple(method, target), { numRuns: RUNS, seed });
    cases = drawn.flatMap(([verb, text]) => {
      const path = splitTarget(text);
      if (typeof path === 'string' || path.firstEmptySegment >= 0) {
        refused++;
        return [];
      }
      return [{ method: verb, target: text, path, ours: requestInfo(verb, path) }];
    });
  }, firstStartTimeoutMs);

  /** The first few that are read in two ways. */
  function differing(
    readings: readonly Reading[],
    of: (found: Case, reading: Reading) => object | undefined,
  ): object[] {
    return cases
      .flatMap((found, at): object[] => {
        const reading = readings[at];
        if (reading === undefined) return [{ missing: found.target }];
        const difference = of(found, reading);
        return difference === undefined
          ? []
          : [{ seed, method: found.method, target: found.target, ...difference }];
      })
      .slice(0, 5);
  }

  it(`is tried on enough of both kinds`, () => {
    expect(cases.length).toBeGreaterThan(RUNS / 4);
    expect(refused).toBeGreaterThan(RUNS / 20);
    expect(new Set(cases.map(({ ours }) => ours.verb)).size).toBeGreaterThan(8);
  });

  it('of what we forward is ours: verb, group, resource, subresource, namespace and name', async () => {
    const readings = await readByGo(cases.map(({ method: verb, path }) => `${verb} ${encodeTarget(path)}`));
    expect(
      differing(readings, ({ ours }, { fault, ...theirs }) => {
        if (fault !== undefined) return isRefusedThere(ours, fault) ? undefined : { fault };
        return isSame(ours, theirs) ? undefined : { ours, theirs };
      }),
    ).toEqual([]);
  });

  it('of what came is ours: the path decodes to the same, and is written by Go as we write it', async () => {
    const readings = await readByGo(cases.map(({ method: verb, target: text }) => `${verb} ${text}`));
    expect(
      differing(readings, ({ ours, path }, { fault, canonical, ...theirs }) => {
        if (fault !== undefined) return isRefusedThere(ours, fault) ? undefined : { fault };
        const written = encodeTarget({ ...path, query: '' });
        return theirs.path === ours.path && canonical === written && isSame(ours, theirs)
          ? undefined
          : { ours, theirs, written, canonical };
      }),
    ).toEqual([]);
  });

  it('of what we refuse is not asked for: nothing that Go reads as plain API paths is refused', () => {
    for (const path of [
      '/api/v1/namespaces/n/pods/p',
      '/apis/apps/v1/deployments',
      '/api/v1/namespaces/kube-system/services/https:dns:53/proxy/a/b/',
      '/openapi/v3',
    ]) {
      expect(typeof splitTarget(path)).toBe('object');
    }
  });
});

/** `/api/v1/watch` and the like: a special verb for nothing, which the apiserver answers with an error. */
function isRefusedThere({ resource }: RequestInfo, fault: string): boolean {
  return resource === '' && fault.startsWith('unable to determine kind and namespace');
}

function isSame(ours: RequestInfo, theirs: RequestInfo): boolean {
  const keys = Object.keys(ours) as (keyof RequestInfo)[];
  return keys.every((key) => ours[key] === theirs[key]);
}
