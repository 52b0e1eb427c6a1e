import { describe, expect, it } from '@jest/globals';
import { Closer } from '../../src/lib/closer.ts';

describe('what is to be ended', () => {
  it('is ended last first, once, whoever waits for it, and whatever fails', async () => {
    const ended: string[] = [];
    const closer = new Closer((name, error) => ended.push(`${name}: ${String(error)}`));
    closer.add('first', () => void ended.push('first'));
    closer.add('broken', () => Promise.reject(new Error('no')));
    closer.add('last', async () => {
      await Promise.resolve();
      ended.push('last');
    });
    await Promise.all([closer.close(), closer.close()]);
    await closer.close();
    expect(ended).toEqual(['last', 'broken: Error: no', 'first']);
  });

  it('is ended, too, when it is added late: behind the rest', async () => {
    const ended: string[] = [];
    const closer = new Closer(() => undefined);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    closer.add('slow', async () => {
      await promise;
      ended.push('slow');
    });
    const closing = closer.close();
    closer.add('late', () => void ended.push('late'));
    resolve(undefined);
    await closing;
    await closer.close();
    closer.add('later', () => void ended.push('later'));
    await closer.close();
    expect(ended).toEqual(['slow', 'late', 'later']);
  });
});
