import { describe, expect, it } from '@jest/globals';
import { requireReadableBundle } from '../../src/gateway/identity/index.ts';
import { dangerOf, readAuthenticationConfig } from '../../src/kube/authentication-config.ts';
import { watchAuthenticationConfig } from '../../src/kube/index.ts';
import { silentLog } from '../../src/lib/log.ts';
import { outcome, TestClock } from '../gateway/identity/facts.ts';
import { authority, withLatin1Name } from './certificates.ts';
import { answer, FakeRaw, watchEvent } from './fake-raw.ts';

const proxyCa = authority('proxy').certificate;
const clientCa = authority('client').certificate;
const newProxyCa = authority('proxy 2').certificate;

const ENTRIES: Record<string, unknown> = {
  'client-ca-file': clientCa,
  'requestheader-client-ca-file': proxyCa,
  'requestheader-allowed-names': '["front-proxy-client"]',
  'requestheader-username-headers': '["X-Remote-User"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
};

function configMap(more: Record<string, unknown> = {}, resourceVersion = '7') {
  return {
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system', resourceVersion },
    data: { ...ENTRIES, ...more },
  };
}

const read = (more: Record<string, unknown> = {}) => readAuthenticationConfig(configMap(more));

describe('the ConfigMap extension-apiserver-authentication', () => {
  it('tells the front proxy and the client CA', () => {
    expect(read()).toEqual({
      clientCaPem: clientCa,
      requestHeader: {
        caPem: proxyCa,
        allowedNames: ['front-proxy-client'],
        usernameHeaders: ['X-Remote-User'],
        uidHeaders: [],
        groupHeaders: ['X-Remote-Group'],
        extraHeaderPrefixes: ['X-Remote-Extra-'],
      },
    });
    expect(read({ 'requestheader-client-ca-file': undefined }).requestHeader).toBeUndefined();
    expect(read({ 'client-ca-file': undefined }).clientCaPem).toBeUndefined();
    expect(read({ 'requestheader-uid-headers': '["X-Remote-Uid"]' }).requestHeader?.uidHeaders).toEqual([
      'X-Remote-Uid',
    ]);
  });

  it('is refused with the name of the entry that is bad', () => {
    const bad: [Record<string, unknown>, string][] = [
      [{ 'requestheader-client-ca-file': 'x' }, 'requestheader-client-ca-file holds no certificate'],
      [{ 'requestheader-client-ca-file': 7 }, 'requestheader-client-ca-file is not text'],
      [{ 'client-ca-file': `${clientCa}-----BEGIN CERTIFICATE-----\nAA` }, 'client-ca-file is cut short'],
      [
        { 'client-ca-file': clientCa.replace(/M/g, 'N') },
        'client-ca-file holds a certificate that cannot be read',
      ],
      [{ 'requestheader-allowed-names': 'x' }, 'requestheader-allowed-names is not a JSON array of strings'],
      [
        { 'requestheader-group-headers': '[1]' },
        'requestheader-group-headers is not a JSON array of strings',
      ],
      [
        { 'requestheader-username-headers': '["X-User "]' },
        'requestheader-username-headers: "X-User " is not a header name',
      ],
      [{ 'requestheader-username-headers': '[]' }, 'requestheader-username-headers is empty'],
    ];
    for (const [entries, problem] of bad) expect(() => read(entries)).toThrow(problem);
    expect(() => readAuthenticationConfig(undefined)).toThrow('it does not exist');
  });

  it('is refused when every user could pass for the front proxy', () => {
    const danger = /requestheader CA is also a client CA/;
    for (const names of [undefined, '', '[]']) {
      const entries = { 'requestheader-allowed-names': names };
      expect(() => read({ ...entries, 'client-ca-file': proxyCa })).toThrow(danger);
      // One common certificate in two different bundles is enough.
      expect(() => read({ ...entries, 'client-ca-file': clientCa + proxyCa })).toThrow(danger);
      expect(read(entries).requestHeader?.allowedNames).toEqual([]);
    }
    expect(read({ 'client-ca-file': proxyCa }).requestHeader?.allowedNames).toEqual(['front-proxy-client']);
    expect(dangerOf({ ...read().requestHeader, allowedNames: [] } as never, proxyCa)).toMatch(danger);
    expect(dangerOf(undefined, proxyCa)).toBeUndefined();
  });

  // Each of these would make every client certificate that the lower CA signed one of the front proxy.
  it('is refused when one of the two CAs is an intermediate of the other, unless names are restricted', () => {
    const root = authority('root');
    const middle = authority('middle', { issuer: root });
    const lower = authority('lower', { issuer: middle });
    const below = /a client CA is an intermediate of the requestheader CA and .* is empty/;
    const above = /the requestheader CA is an intermediate of a client CA and .* is empty/;
    const bundles: [string, string, RegExp][] = [
      [root.certificate, middle.certificate, below],
      [root.certificate, clientCa + middle.certificate, below],
      [root.certificate + middle.certificate, lower.certificate, below],
      // The link between the two stands in either bundle.
      [root.certificate + clientCa, lower.certificate + middle.certificate, below],
      [middle.certificate, root.certificate, above],
      [lower.certificate + middle.certificate, clientCa + root.certificate, above],
    ];
    for (const [proxy, users, danger] of bundles) {
      const entries = { 'requestheader-client-ca-file': proxy, 'client-ca-file': users };
      expect(() => read({ ...entries, 'requestheader-allowed-names': '[]' })).toThrow(danger);
      expect(read(entries).requestHeader?.allowedNames).toEqual(['front-proxy-client']);
    }
  });

  it('is taken when two intermediates have a root in common, or only its name', () => {
    const root = authority('root');
    const [proxy, users] = ['a', 'b'].map((name) => authority(name, { issuer: root }).certificate);
    const namesake = authority('root').certificate;
    const entries = { 'requestheader-allowed-names': '[]', 'requestheader-client-ca-file': proxy };
    expect(read({ ...entries, 'client-ca-file': users }).clientCaPem).toBe(users);
    expect(read({ ...entries, 'client-ca-file': namesake }).clientCaPem).toBe(namesake);
  });

  it('is not fooled by a CA that was renewed with the same key', () => {
    const key = authority('x').key;
    const old = authority('same', { key }).certificate;
    const renewed = authority('same', { key }).certificate;
    expect(old).not.toBe(renewed);
    const entries = {
      'requestheader-allowed-names': '[]',
      'requestheader-client-ca-file': old,
      'client-ca-file': renewed,
    };
    expect(() => read(entries)).toThrow(/is also a client CA/);
  });
});

function setUp(otherClientCaPem?: string) {
  const raw = new FakeRaw();
  const clock = new TestClock();
  const logged: string[] = [];
  let told: (() => void) | undefined;
  const note = (level: string) => (fields: object, message: string) => {
    logged.push(
      [level, message, (fields as { problem?: string }).problem]
        .filter((part) => part !== undefined)
        .join(': '),
    );
    told?.();
  };
  return {
    raw,
    clock,
    logged,
    start: () =>
      watchAuthenticationConfig({
        raw,
        clock,
        random: () => 0,
        requireReadable: requireReadableBundle,
        log: { ...silentLog, info: note('info'), warn: note('warn'), error: note('error') },
        otherClientCaPem: () => otherClientCaPem,
      }),
    /** Until so many lines were logged. */
    log: async (count: number) => {
      while (logged.length < count) await new Promise<void>((resolve) => (told = resolve));
    },
  };
}

describe('the watch of the front proxy', () => {
  it('asks only for what the Role allows, then follows every change, with the same object as long as nothing changes', async () => {
    const { raw, start, log } = setUp();
    const starting = start();
    const selector =
      '/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Dextension-apiserver-authentication';
    expect(await raw.list([configMap()])).toBe(selector);
    const watch = await starting;
    const first = watch.requestHeader;
    expect(first?.caPem).toBe(proxyCa);
    expect(watch.clientCaPem).toBe(clientCa);
    const { body, path } = await raw.watch();
    expect(path).toBe(`${selector}&watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=300`);
    body.write(watchEvent('MODIFIED', configMap({ 'client-ca-file': clientCa + newProxyCa }, '8')));
    await log(1);
    expect(watch.clientCaPem).toBe(clientCa + newProxyCa);
    expect(watch.requestHeader).toBe(first);
    const changed = watchEvent('MODIFIED', configMap({ 'requestheader-client-ca-file': newProxyCa }, '9'));
    body.write(changed.slice(0, 100));
    body.write(changed.slice(100));
    await log(2);
    expect(watch.requestHeader?.caPem).toBe(newProxyCa);
    await watch.close();
  });

  it('keeps the last good state when the ConfigMap is spoilt, dangerous or deleted, and says so', async () => {
    const { raw, start, log, logged } = setUp();
    const starting = start();
    await raw.list([configMap()]);
    const watch = await starting;
    const good = watch.requestHeader;
    const { body } = await raw.watch();
    body.write(watchEvent('MODIFIED', configMap({ 'requestheader-client-ca-file': 'junk' })));
    body.write(
      watchEvent('MODIFIED', configMap({ 'client-ca-file': proxyCa, 'requestheader-allowed-names': '[]' })),
    );
    body.write(watchEvent('DELETED', configMap()));
    // Taken, either bundle would make every client certificate an internal error.
    const odd = withLatin1Name(authority('oddly named'), 'oddly named');
    for (const key of ['client-ca-file', 'requestheader-client-ca-file'])
      body.write(watchEvent('MODIFIED', configMap({ [key]: clientCa + odd })));
    await log(5);
    expect(logged.map((line) => line.split(': ')[2]?.slice(0, 40))).toEqual([
      'requestheader-client-ca-file holds no ce',
      'the requestheader CA is also a client CA',
      'it does not exist',
      'client-ca-file',
      'requestheader-client-ca-file',
    ]);
    expect(watch.requestHeader).toBe(good);
    expect(watch.clientCaPem).toBe(clientCa);
    body.write(watchEvent('ADDED', configMap({ 'requestheader-client-ca-file': newProxyCa })));
    await log(6);
    expect(watch.requestHeader?.caPem).toBe(newProxyCa);
    await watch.close();
  });

  it('goes on from where a watch ended, lists again when that is too old, and waits longer and longer after failures', async () => {
    const { raw, clock, start, log } = setUp();
    const starting = start();
    await raw.list([configMap()]);
    const watch = await starting;
    const first = await raw.watch();
    first.body.write(watchEvent('BOOKMARK', { metadata: { resourceVersion: '20' } }));
    clock.advance(60_000);
    first.body.end();
    const second = await raw.watch();
    expect(second.path).toContain('&resourceVersion=20&');
    clock.advance(60_000);
    second.body.end(watchEvent('ERROR', { kind: 'Status', code: 410, reason: 'Expired' }));
    expect(await raw.list([configMap({ 'client-ca-file': newProxyCa })], '30')).not.toContain('watch=');
    await log(1);
    expect(watch.clientCaPem).toBe(newProxyCa);
    // Failures of every kind: each is logged, waits, and begins with a list.
    let lines = 1;
    let delayMs = 1_000;
    for (const fail of [
      (open: Awaited<ReturnType<typeof raw.next>>) => open.reject(new Error('reset')),
      (open: Awaited<ReturnType<typeof raw.next>>) => open.resolve(answer(500, 'x')),
      (open: Awaited<ReturnType<typeof raw.next>>) => open.resolve(answer(200, 'no list')),
      (open: Awaited<ReturnType<typeof raw.next>>) => open.resolve(answer(403, '{"message":"no"}')),
    ]) {
      fail(await raw.next());
      await log(++lines);
      // The pause begins in the same turn in which the failure is logged.
      await Promise.resolve();
      const asked = raw.requests.length;
      clock.advance(delayMs - 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(raw.requests.length).toBe(asked);
      clock.advance(1);
      delayMs *= 2;
    }
    await raw.list([configMap()], '40');
    await log(lines + 1);
    expect(watch.clientCaPem).toBe(clientCa);
    await raw.next();
    await watch.close();
    expect(clock.pending).toBe(0);
  });

  it('gives up a watch that its server forgot, and does not spin when watches end at once', async () => {
    const { raw, clock, start, log, logged } = setUp();
    const starting = start();
    await raw.list([configMap()]);
    const watch = await starting;
    (await raw.watch()).body.end();
    await new Promise((resolve) => setImmediate(resolve));
    const asked = raw.requests.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(raw.requests.length).toBe(asked);
    clock.advance(1_000);
    await raw.next();
    clock.advance(330_000);
    await log(1);
    expect(logged).toEqual(['warn: ConfigMap cannot be watched, trying again']);
    await watch.close();
    expect(clock.pending).toBe(0);
  });

  it('trusts no front proxy while the other client CA is the same as its own', async () => {
    const raw = new FakeRaw();
    let other: string | undefined = clientCa;
    const starting = watchAuthenticationConfig({
      raw,
      clock: new TestClock(),
      otherClientCaPem: () => other,
    });
    await raw.list([configMap({ 'requestheader-allowed-names': '[]' })]);
    const watch = await starting;
    expect(watch.requestHeader?.caPem).toBe(proxyCa);
    other = clientCa + proxyCa;
    expect(watch.requestHeader).toBeUndefined();
    other = clientCa;
    expect(watch.requestHeader?.caPem).toBe(proxyCa);
    await watch.close();
  });

  it('does not begin on what must not be used, and says what to do', async () => {
    const fails = async (with_: (raw: FakeRaw) => Promise<unknown>, other?: string) => {
      const { raw, start, clock } = setUp(other);
      const starting = outcome(start);
      await with_(raw);
      const found = (await starting) as { code: string; message: string };
      expect(found.code).toBe('INVALID');
      expect(clock.pending).toBe(0);
      return found.message;
    };
    const prefix = 'ConfigMap kube-system/extension-apiserver-authentication: ';
    expect(await fails((raw) => raw.list([]))).toBe(`${prefix}it does not exist`);
    const open = { 'requestheader-allowed-names': '[]' };
    expect(await fails((raw) => raw.list([configMap({ ...open, 'client-ca-file': proxyCa })]))).toMatch(
      /also a client CA/,
    );
    // The bundle of --client-ca-file counts as well.
    expect(await fails((raw) => raw.list([configMap(open)]), proxyCa)).toMatch(/also a client CA/);
    expect(
      await fails(async (raw) =>
        (await raw.next()).resolve(answer(403, '{"message":"configmaps is forbidden"}')),
      ),
    ).toBe(
      `${prefix}configmaps is forbidden; bind the hub's service account to the Role extension-apiserver-authentication-reader in kube-system`,
    );
    expect(await fails(async (raw) => (await raw.next()).reject(new Error('cannot reach it')))).toBe(
      `${prefix}cannot reach it`,
    );
  });
});
