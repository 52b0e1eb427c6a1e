import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { serviceCookie } from '../../src/gateway/proxy/service-cookie.ts';

const PREFIX = '/apis/gateway.mctunnel.io/v1/clusters/a/proxy/services/http:web:80/proxy-service';
const cookie = (text: string): string | undefined => serviceCookie(text, PREFIX);

// All services of all clusters are one host to a browser: a cookie for `/` would be sent to each of them, and one of a hostile service would be taken for another's.
describe('a cookie of a service', () => {
  it.each([
    ['sid=1', `sid=1; Path=${PREFIX}/`],
    ['sid=secret; Path=/; Domain=localhost', `sid=secret; Path=${PREFIX}/`],
    ['sid=1; Path=/app; Secure; HttpOnly', `sid=1; Path=${PREFIX}/app; Secure; HttpOnly`],
    ['sid=1;path=/a;PATH=/b/;dOmAiN=.example.org;SameSite=Lax', `sid=1; Path=${PREFIX}/b/; SameSite=Lax`],
    ['sid=1; Path', `sid=1; Path=${PREFIX}/`],
    ['sid=1; Path=', `sid=1; Path=${PREFIX}/`],
    ['sid=1; Path=app', `sid=1; Path=${PREFIX}/`],
    ['sid=1; Path=/../../other', `sid=1; Path=${PREFIX}/`],
    ['sid=1; Path=/%2e%2e/other', `sid=1; Path=${PREFIX}/`],
    ['sid=1; Path=/a?b', `sid=1; Path=${PREFIX}/`],
    ['sid=1; Path = /a ; Domain = x', `sid=1; Path=${PREFIX}/a`],
    [
      'sid=1; Expires=Thu, 01 Jan 2037 00:00:00 GMT; Max-Age=5',
      `sid=1; Path=${PREFIX}/; Expires=Thu, 01 Jan 2037 00:00:00 GMT; Max-Age=5`,
    ],
    ['__Host-sid="a=b,c"; Path=/; Secure', `__Host-sid="a=b,c"; Path=${PREFIX}/; Secure`],
    ['sid=1;;;', `sid=1; Path=${PREFIX}/`],
    ['sid=1; Domain', `sid=1; Path=${PREFIX}/`],
  ])('%s', (given, bound) => {
    expect(cookie(given)).toBe(bound);
  });

  it.each(['', ';', 'sid', '=1', ' =1; Path=/', 'Path=/'.replace('Path', ' '), `sid=${'x'.repeat(8_192)}`])(
    'that is none is left out: %.40s',
    (given) => {
      expect(cookie(given)).toBeUndefined();
    },
  );

  it('has one Path, below the prefix, and no Domain, whatever stands in it', () => {
    const attribute = fc.tuple(
      fc.constantFrom('Path', 'path', ' PATH ', 'Domain', 'domain ', 'Secure', 'x'),
      fc.constantFrom('', '=', '=/', '=/..', '=//x', '="/"', '=/a/./b', '= /a', '=\\t/', '=/a;Domain=y'),
    );
    fc.assert(
      fc.property(fc.array(attribute), (attributes) => {
        const bound = cookie(`sid=1;${attributes.map(([name, value]) => name + value).join(';')}`) ?? '';
        const names = bound.split(';').map((one) => one.split('=')[0]?.trim().toLowerCase());
        expect(names.filter((name) => name === 'path')).toHaveLength(1);
        expect(names).not.toContain('domain');
        expect(bound.split('; ')[1]?.startsWith(`Path=${PREFIX}/`)).toBe(true);
        expect(bound).not.toMatch(/Path=[^;]*\/\.\.?(\/|;|$)/);
      }),
    );
  });
});
