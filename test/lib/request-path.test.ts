import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  encodeSegment,
  encodeTarget,
  pathFrom,
  queryValues,
  splitTarget,
} from '../../src/lib/request-path.ts';
import type { RequestPath } from '../../src/lib/request-path.ts';

function split(target: string): RequestPath {
  const path = splitTarget(target);
  if (typeof path === 'string') throw new Error(`${target} refused: ${path}`);
  return path;
}

describe('splitTarget', () => {
  it.each([
    ['/', [], false, ''],
    ['/?x', [], false, '?x'],
    ['/a', ['a'], false, ''],
    ['/a/', ['a'], true, ''],
    ['/api/v1/pods?limit=5&x=%2F', ['api', 'v1', 'pods'], false, '?limit=5&x=%2F'],
    ['/a%20b/c%3Ad', ['a b', 'c:d'], false, ''],
    ['/a%252e%252e/b', ['a%2e%2e', 'b'], false, ''],
    ['/%c3%a9', ['é'], false, ''],
    ['/%EF%BB%BFa', ['\uFEFFa'], false, ''],
    ['/a\\b', ['a\\b'], false, ''],
    ['/a%5Cb', ['a\\b'], false, ''],
    ['/...', ['...'], false, ''],
    ['/.a/b../..c', ['.a', 'b..', '..c'], false, ''],
    ['/a?', ['a'], false, '?'],
    ['/a??b?', ['a'], false, '??b?'],
    ['/a;v=1/b,c', ['a;v=1', 'b,c'], false, ''],
    ['/a+b', ['a+b'], false, ''],
  ] as const)('reads %s', (target, segments, hasTrailingSlash, query) => {
    expect(split(target)).toMatchObject({ segments, hasTrailingSlash, query, firstEmptySegment: -1 });
  });

  it.each([
    ['no leading slash', 'api/v1'],
    ['empty', ''],
    ['asterisk form', '*'],
    ['absolute form', 'http://hub/api/v1'],
    ['authority form', 'hub:443'],
    ['dot', '/a/./b'],
    ['dot at the end', '/a/.'],
    ['dots', '/a/../b'],
    ['dots at the end', '/a/..'],
    ['dots before a trailing slash', '/a/../'],
    ['encoded dots', '/a/%2e%2e/b'],
    ['half encoded dots', '/a/.%2E/b'],
    ['encoded dot', '/a/%2e'],
    ['encoded slash', '/a%2fb'],
    ['encoded slash after dots', '/a/..%2Fb'],
    ['dots and a servlet parameter', '/a/..;/b'],
    ['dots and a servlet parameter with a value', '/a/..;x=y/b'],
    ['dot and an encoded semicolon', '/a/.%3bx/b'],
    ['dots behind a backslash', '/a/b\\..'],
    ['dots before a backslash', '/a/..\\b'],
    ['encoded backslash', '/a/..%5c..%5Cb'],
    ['NUL', '/a%00b'],
    ['newline', '/a%0d%0aHost:x'],
    ['DEL', '/a%7f'],
    ['C1 control character', '/a%C2%85'],
    ['overlong slash', '/a%c0%afb'],
    ['overlong dots', '/%c0%ae%c0%ae/'],
    ['surrogate', '/%ed%a0%80'],
    ['cut UTF-8', '/%e2%82'],
    ['latin1', '/%e9'],
    ['raw non-ASCII', '/\u00e9'],
    ['raw char above a byte', '/\u010d'],
    ['raw space', '/a b'],
    ['raw tab', '/a\tb'],
    ['fragment', '/a#b'],
    ['percent at the end', '/a%'],
    ['percent and one digit', '/a%2'],
    ['percent and no digits', '/a%zz'],
    ['space in the query', '/a?b c'],
    ['fragment in the query', '/a?b#c'],
    ['control character in the query', '/a?b\u0001'],
    ['newline in the query', '/a?b\r\nX: y'],
    ['non-ASCII in the query', '/a?\u00e9'],
  ])('refuses %s', (_what, target) => {
    expect(typeof splitTarget(target)).toBe('string');
  });

  it('says where an inner segment is empty, and keeps it', () => {
    expect(split('//')).toMatchObject({ segments: [''], hasTrailingSlash: true, firstEmptySegment: 0 });
    expect(split('/a//b')).toMatchObject({ segments: ['a', '', 'b'], firstEmptySegment: 1 });
    expect(split('/a/b//')).toMatchObject({ segments: ['a', 'b', ''], firstEmptySegment: 2 });
    expect(encodeTarget(split('/a//b/'))).toBe('/a//b/');
  });
});

describe('encodeTarget', () => {
  it.each([
    ['/a%2Db', '/a-b'],
    ['/a%3ab', '/a:b'],
    ['/a%20b', '/a%20b'],
    ["/a!'()*b", '/a%21%27%28%29%2Ab'],
    ['/%e2%82%ac', '/%E2%82%AC'],
    ['/a%3Fb?c', '/a%3Fb?c'],
    ['/a%25b', '/a%25b'],
    ['/a%23', '/a%23'],
    ['/a\\b', '/a%5Cb'],
    ['/[::1]', '/%5B::1%5D'],
    ['/', '/'],
    ['/?', '/?'],
    ['/%0', undefined],
  ])('forwards %s as Go would', (target, expected) => {
    const path = splitTarget(target);
    expect(typeof path === 'string' ? undefined : encodeTarget(path)).toBe(expected);
  });

  it('gives a path that reads back as the same segments, and is its own encoding', () => {
    const segment = fc
      .string({ unit: 'binary' })
      .filter((s) => s !== '' && typeof splitTarget('/' + safe(s)) !== 'string');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1 }), fc.boolean(), (segments, slash) => {
        const path = split('/' + segments.map(safe).join('/') + (slash ? '/' : ''));
        expect(path.segments).toEqual(segments);
        const encoded = encodeTarget(path);
        const again = split(encoded);
        expect(again.segments).toEqual(segments);
        expect(again.hasTrailingSlash).toBe(slash);
        expect(encodeTarget(again)).toBe(encoded);
      }),
    );
  });

  it('never lets a target through whose forwarded form holds a dot segment, a control character or an encoded slash', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '\\',
      '%5c',
      ';',
      'a',
      '%00',
      '%25',
      '%c0%af',
      '?',
      '//',
      '%',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = splitTarget('/' + pieces.join(''));
        if (typeof path === 'string') return;
        const forwarded = encodeTarget(path).split('?')[0] ?? '';
        const decoded = decodeURIComponent(forwarded);
        expect(decoded.split('/').length).toBe(forwarded.split('/').length);
        for (const part of decoded.split(/[/\\]/)) expect(/^\.{1,2}(;.*)?$/.test(part)).toBe(false);
        expect(decoded).not.toContain('\0');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('pathFrom', () => {
  it('cuts leading segments off and keeps the rest', () => {
    const path = split('/apis/g/v1/clusters/x/proxy/a%20b/c/?q');
    expect(encodeTarget(pathFrom(path, 6))).toBe('/a%20b/c/?q');
    expect(encodeTarget(pathFrom(path, 8))).toBe('/?q');
    expect(encodeTarget(pathFrom(split('/x/'), 1))).toBe('/');
    expect(encodeTarget(pathFrom(split('/x'), 1))).toBe('/');
  });

  it('still knows of empty segments in what remains', () => {
    expect(pathFrom(split('/x//a'), 1).firstEmptySegment).toBe(0);
    expect(pathFrom(split('//x/a'), 1).firstEmptySegment).toBe(-1);
    expect(pathFrom(split('//x//a'), 1).firstEmptySegment).toBe(1);
  });
});

describe('queryValues', () => {
  it('reads as url.Values does', () => {
    expect(queryValues('?a=1&b=2&a=3', 'a')).toEqual(['1', '3']);
    expect(queryValues('a', 'a')).toEqual(['']);
    expect(queryValues('?a=x+y%2B', 'a')).toEqual(['x y+']);
    expect(queryValues('?%61=1', 'a')).toEqual(['1']);
    expect(queryValues('?a=1;b=2&a=%zz&a=4', 'a')).toEqual(['4']);
    expect(queryValues('?', 'a')).toEqual([]);
    // Go keeps the bytes; what is there must not vanish.
    expect(queryValues('?a=%ff&a=gr%FCn', 'a')).toEqual(['\ufffd', 'gr\ufffdn']);
    expect(queryValues('?%ff=1', 'a')).toEqual([]);
    expect(queryValues('?a=b=c', 'a')).toEqual(['b=c']);
  });
});

/** Percent-encodes every byte that is not a letter or digit. */
function safe(segment: string): string {
  return [...Buffer.from(segment, 'utf8')].map((byte) => '%' + byte.toString(16).padStart(2, '0')).join('');
}

describe('encodeSegment', () => {
  it('encodes all that the path encoding of net/url encodes', () => {
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).filter(
      (c) => c !== '/',
    );
    const kept = ascii.filter((c) => encodeSegment(c) === c).join('');
    expect(kept).toBe('$&+,-.0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~');
  });
});
