import { afterEach, describe, expect, it } from '@jest/globals';
import { CaBundleKeeper } from '../../src/kube/index.ts';
import type { Log } from '../../src/lib/log.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { answer, FakeRaw } from './fake-raw.ts';

const [OURS, THEIRS] = ['our CA', 'their CA'].map((text) => Buffer.from(text).toString('base64'));
const service = (caBundle: string | undefined): string =>
  JSON.stringify({
    metadata: { resourceVersion: '7' },
    spec: { ...(caBundle !== undefined && { caBundle }) },
  });

let keeper: CaBundleKeeper;
afterEach(() => keeper.close());

function make(caBundle: () => string) {
  const raw = new FakeRaw();
  const warnings: string[] = [];
  const log = {
    ...{ trace: () => undefined, debug: () => undefined, info: () => undefined, error: () => undefined },
    warn: (_fields: object, message: string) => warnings.push(message),
  } as unknown as Log;
  keeper = new CaBundleKeeper({ raw, clock: new FakeClock(), log, caBundle });
  return { raw, warnings };
}

describe("the APIService's caBundle", () => {
  it('becomes the CA by which the gateway is verified, and of two replicas none overwrites what it has not read', async () => {
    const { raw } = make(() => 'our CA');
    const checked = keeper.check();
    (await raw.next()).resolve(answer(200, service(THEIRS)));
    (await raw.next()).resolve(answer(200, service(OURS)));
    expect(await checked).toBe(true);
    expect(raw.requests.map(({ method }) => method)).toEqual(['GET', 'PATCH']);
    expect(JSON.parse(raw.requests[1]?.body as string)).toEqual({
      metadata: { resourceVersion: '7' },
      spec: { caBundle: OURS },
    });
  });

  it('is left alone when it is right', async () => {
    const { raw } = make(() => 'our CA');
    const checked = keeper.check();
    (await raw.next()).resolve(answer(200, service(OURS)));
    expect(await checked).toBe(false);
    expect(raw.requests).toHaveLength(1);
  });

  it('is left alone, and that is said once, while nobody knows the CA of a certificate that was given', async () => {
    let caBundle = '';
    const { raw, warnings } = make(() => caBundle);
    expect([await keeper.check(), await keeper.check()]).toEqual([false, false]);
    expect(raw.requests).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('set spec.caBundle yourself')]);
    caBundle = 'our CA';
    const checked = keeper.check();
    (await raw.next()).resolve(answer(200, service(undefined)));
    (await raw.next()).resolve(answer(200, service(OURS)));
    expect(await checked).toBe(true);
  });
});
