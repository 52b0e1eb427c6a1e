import { expect, it } from '@jest/globals';
import { connectionLimits, openFilesLimit } from '../../src/cli/connection-limits.ts';

it.each([
  [Infinity, 32_768, 16_384],
  [1_048_576, 32_768, 16_384],
  [20_000, 10_000, 5_000],
  [1_024, 512, 256],
  [1, 1, 1],
])('of %d files that may be open, the ports take no more than their shares', (openFiles, gateway, tunnel) => {
  expect(connectionLimits(openFiles)).toEqual({ gateway, tunnel });
});

it('reads what the operating system allows', () => {
  const limits =
    'Limit   Soft Limit   Hard Limit   Units\nMax open files            1024                 4096                 files     \n';
  expect(openFilesLimit(() => limits)).toBe(1_024);
  expect(
    openFilesLimit(() => 'Max open files            unlimited            unlimited            files\n'),
  ).toBe(Infinity);
  const none = (): string => {
    throw new Error('no such file');
  };
  expect(openFilesLimit(none)).toBe(Infinity);
});
