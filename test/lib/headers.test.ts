import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  framing,
  hasToken,
  headerFault,
  headerValue,
  headerValues,
  stripRequestHeaders,
  stripResponseHeaders,
  stripTrailers,
} from '../../src/lib/headers.ts';

const plain = { isUpgrade: false, keepCookies: false };
const upgrade = { isUpgrade: true, keepCookies: false };

describe('headerValue, headerValues, hasToken', () => {
  const headers = ['X-A', '1', 'x-a', '2, 3', 'Connection', 'Keep-Alive, UPGRADE'];
  it('compare names without case and keep lines apart', () => {
    expect(headerValue(headers, 'x-a')).toBe('1');
    expect(headerValue(headers, 'x-b')).toBeUndefined();
    expect(headerValues(headers, 'x-a')).toEqual(['1', '2, 3']);
    expect(hasToken(headers, 'connection', 'upgrade')).toBe(true);
    expect(hasToken(headers, 'connection', 'up')).toBe(false);
  });
  it('never take a value for a name', () => {
    expect(headerValue(['X-A', 'host', 'Y', 'z'], 'host')).toBeUndefined();
  });
});

describe('headerFault', () => {
  it.each([
    ['an odd list', ['A']],
    ['an empty name', ['', 'x']],
    ['a space in a name', ['A B', 'x']],
    ['a colon in a name', ['A:', 'x']],
    ['a newline in a name', ['A\nB', 'x']],
    ['a non-ASCII name', ['Ä', 'x']],
    ['CR', ['A', 'x\ry']],
    ['LF', ['A', 'x\ny']],
    ['NUL', ['A', 'x\0y']],
    ['DEL', ['A', '\x7f']],
    ['a char that is no byte and would be cut to LF', ['A', 'x\u010ay']],
    ['more than 64 KiB', ['A', 'x'.repeat(65_536)]],
  ])('refuses %s', (_what, headers) => {
    expect(headerFault(headers)).toBeDefined();
  });
  it('accepts tokens, tabs, latin1 and empty values', () => {
    expect(headerFault(["!#$%&'*+-.^_`|~09azAZ", '', 'A', 'a\tb \xff\x80'])).toBeUndefined();
  });
});

describe('framing', () => {
  it.each([
    [['Content-Length', '5', 'content-length', '5']],
    [['Content-Length', '5, 5']],
    [['Content-Length', '+5']],
    [['Content-Length', '-1']],
    [['Content-Length', '0x5']],
    [['Content-Length', '']],
    [['Content-Length', '1e3']],
    [['Content-Length', '99999999999999999999']],
    [['Content-Length', '5', 'Transfer-Encoding', 'chunked']],
    [['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked']],
    [['Transfer-Encoding', 'gzip, chunked']],
    [['Transfer-Encoding', 'identity']],
    [['Transfer-Encoding', '\x0bchunked']],
  ])('is a fault with %j', (headers) => {
    expect(framing(headers).kind).toBe('fault');
  });
  it('reads one length, chunked, or nothing', () => {
    expect(framing(['CONTENT-LENGTH', '007'])).toEqual({ kind: 'length', length: 7 });
    expect(framing(['transfer-encoding', 'Chunked'])).toEqual({ kind: 'chunked' });
    expect(framing(['Host', 'x'])).toEqual({ kind: 'none' });
  });
});

describe('stripRequestHeaders', () => {
  const hostile = [
    ['authorization', 'Bearer x'],
    ['PROXY-AUTHORIZATION', 'Basic x'],
    ['Impersonate-User', 'admin'],
    ['iMpErSoNaTe-eXtRa-x', 'y'],
    ['Impersonate-Anything-New', 'y'],
    ['X-Remote-User', 'admin'],
    ['x-remote-extra-%2f', 'y'],
    ['X_Remote_User', 'admin'],
    ['Impersonate_User', 'admin'],
    ['X-Mctunnel-Cluster', 'other'],
    ['Cookie', 'a=b'],
    ['Connection', 'close'],
    ['Keep-Alive', 'timeout=5'],
    ['Proxy-Connection', 'keep-alive'],
    ['Proxy-Authenticate', 'Basic'],
    ['Transfer-Encoding', 'chunked'],
    ['TE', 'gzip'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
    ['Expect', '100-continue'],
  ] as const;
  it.each(hostile)('removes %s', (name, value) => {
    expect(stripRequestHeaders(['Accept', 'a', name, value, 'X-B', 'b'], plain)).toEqual([
      'Accept',
      'a',
      'X-B',
      'b',
    ]);
  });

  it('removes what Connection lists, on any of its lines, but never what frames the message', () => {
    const headers = [
      'Connection',
      'x-a, Keep-Alive',
      'X-A',
      '1',
      'connection',
      ' X-B ,content-length',
      'x-b',
      '2',
      'Content-Length',
      '3',
      'X-C',
      '4',
    ];
    expect(stripRequestHeaders(headers, plain)).toEqual(['Content-Length', '3', 'X-C', '4']);
  });

  it('makes Connection exactly Upgrade on an upgrade', () => {
    const headers = [
      'Connection',
      'Upgrade, Impersonate-User, X-A',
      'Upgrade',
      'websocket',
      'X-A',
      '1',
      'Impersonate-User',
      'u',
      'Sec-WebSocket-Key',
      'k',
    ];
    expect(stripRequestHeaders(headers, upgrade)).toEqual([
      'Upgrade',
      'websocket',
      'Sec-WebSocket-Key',
      'k',
      'Connection',
      'Upgrade',
    ]);
  });

  it('takes bearer tokens out of WebSocket subprotocols', () => {
    const bearer = 'base64url.bearer.authorization.k8s.io.c2VjcmV0';
    const strip = (value: string): string[] => stripRequestHeaders(['Sec-WebSocket-Protocol', value], plain);
    expect(strip(`${bearer}, v5.channel.k8s.io`)).toEqual(['Sec-WebSocket-Protocol', 'v5.channel.k8s.io']);
    expect(strip(`v5.channel.k8s.io,${bearer},v4.channel.k8s.io`)).toEqual([
      'Sec-WebSocket-Protocol',
      'v5.channel.k8s.io, v4.channel.k8s.io',
    ]);
    expect(strip(bearer)).toEqual([]);
    expect(strip('a,b')).toEqual(['Sec-WebSocket-Protocol', 'a,b']);
  });

  it('drops cookies of either kind, in any spelling, but for a service', () => {
    const lines = ['COOKIE', 'a=1', 'Cookie2', '$Version=1', 'Accept', 'x'];
    expect(stripRequestHeaders(lines, { isUpgrade: false, keepCookies: false })).toEqual(['Accept', 'x']);
    expect(stripRequestHeaders(lines, { isUpgrade: false, keepCookies: true })).toEqual(lines);
  });

  it('keeps repeated lines, their order, TE: trailers, and cookies where told', () => {
    const headers = [
      'X-Stream-Protocol-Version',
      'v4',
      'Cookie',
      'c',
      'X-Stream-Protocol-Version',
      'v3',
      'TE',
      'gzip, trailers',
    ];
    expect(stripRequestHeaders(headers, { isUpgrade: false, keepCookies: true })).toEqual([
      'X-Stream-Protocol-Version',
      'v4',
      'Cookie',
      'c',
      'X-Stream-Protocol-Version',
      'v3',
      'TE',
      'trailers',
    ]);
  });

  it('removes the requestheader names of this hub', () => {
    const options = { ...plain, identityNames: new Set(['x-sso-user']), identityPrefixes: ['x-sso-extra-'] };
    expect(stripRequestHeaders(['X-SSO-User', 'u', 'X-Sso-Extra-Scope', 's', 'A', 'b'], options)).toEqual([
      'A',
      'b',
    ]);
  });

  it('leaves nothing of an identity whatever the lines are, and is idempotent', () => {
    const name = fc.constantFrom(
      'Authorization',
      'impersonate-user',
      'X-REMOTE-GROUP',
      'Connection',
      'Upgrade',
      'Accept',
      'X-A',
      'cookie',
      'Te',
    );
    const value = fc.constantFrom('x', 'accept', 'X-A, authorization', 'upgrade', 'close, upgrade', '');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), fc.boolean(), (lines, isUpgrade) => {
        const options = { isUpgrade, keepCookies: false };
        const once = stripRequestHeaders(lines.flat(), options);
        for (let i = 0; i < once.length; i += 2) {
          expect(once[i]).not.toMatch(/^(authorization|impersonate-.*|x-remote-.*|cookie)$/i);
          if (/^connection$/i.test(once[i] ?? ''))
            expect([isUpgrade, once[i + 1]]).toEqual([true, 'Upgrade']);
        }
        expect(stripRequestHeaders(once, options)).toEqual(once);
      }),
    );
  });
});

describe('stripResponseHeaders', () => {
  it('removes hop-by-hop headers, cookies and a hop mark that is not ours', () => {
    const headers = [
      'Set-Cookie',
      'a',
      'Connection',
      'X-A',
      'X-A',
      '1',
      'Keep-Alive',
      'x',
      'Mctunnel-Hop',
      'hub',
      'Warning',
      '299',
      'Warning',
      '299 b',
      'Trailer',
      'X-T',
    ];
    expect(stripResponseHeaders(headers, plain)).toEqual([
      'Warning',
      '299',
      'Warning',
      '299 b',
      'Trailer',
      'X-T',
    ]);
  });
  it('keeps Upgrade and one Connection on a 101', () => {
    expect(stripResponseHeaders(['Upgrade', 'SPDY/3.1', 'connection', 'Upgrade, x'], upgrade)).toEqual([
      'Upgrade',
      'SPDY/3.1',
      'Connection',
      'Upgrade',
    ]);
  });
});

describe('stripTrailers', () => {
  it('removes what frames, authenticates or redirects', () => {
    const trailers = [
      'Content-Length',
      '1',
      'X-Remote-User',
      'u',
      'Grpc-Status',
      '0',
      'transfer-encoding',
      'chunked',
      'Set-Cookie',
      'a',
      'Authorization',
      'x',
    ];
    expect(stripTrailers(trailers)).toEqual(['Grpc-Status', '0']);
  });
});
