import { describe, expect, it } from '@jest/globals';
import { sourceIPsOf, userAgentOf } from '../../src/gateway/origin.ts';

describe('where a request came from', () => {
  it('is the other end of the connection, behind what was said of it', () => {
    expect(sourceIPsOf([], '192.0.2.1')).toEqual(['192.0.2.1']);
    expect(sourceIPsOf([], '::ffff:192.0.2.1')).toEqual(['192.0.2.1']);
    expect(sourceIPsOf([], '::ffff:c000:201')).toEqual(['::ffff:c000:201']);
    expect(sourceIPsOf([], '')).toEqual([]);
    const said = ['X-Forwarded-For', '198.51.100.7, 2001:db8::1', 'x-forwarded-for', ' 203.0.113.9 '];
    expect(sourceIPsOf(said, '192.0.2.1')).toEqual([
      '198.51.100.7',
      '2001:db8::1',
      '203.0.113.9',
      '192.0.2.1',
    ]);
  });

  it('is told in addresses alone, and in no more than eight', () => {
    const said = (value: string) => sourceIPsOf(['X-Forwarded-For', value], '192.0.2.1');
    expect(said('unknown, "\u009b", 198.51.100.7:80, , 10.0.0.256')).toEqual(['192.0.2.1']);
    const many = Array.from({ length: 5_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    expect(said(many.join(','))).toEqual([...many.slice(-7), '192.0.2.1']);
    // The end of a longer one is an address as well.
    expect(said(`198.51.100.7${' '.repeat(508)},::1`)).toEqual(['::1', '192.0.2.1']);
  });
});

describe('what a client calls itself', () => {
  it('is told in printable ASCII, and not at any length', () => {
    expect(userAgentOf([])).toBe('');
    expect(userAgentOf(['user-agent', 'kubectl/v1.36.0 (linux/amd64)'])).toBe(
      'kubectl/v1.36.0 (linux/amd64)',
    );
    expect(userAgentOf(['User-Agent', 'a\u009b2J\tb\u00ff'])).toBe('a?2J?b?');
    expect(userAgentOf(['User-Agent', 'x'.repeat(256)])).toBe('x'.repeat(256));
    expect(userAgentOf(['User-Agent', 'x'.repeat(60_000)])).toBe(`${'x'.repeat(256)}...`);
  });
});
