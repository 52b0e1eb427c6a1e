import { beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAuthority } from '../../src/pki/authority.ts';
import { FolderKeyStore } from '../../src/pki/folder-key-store.ts';
import { silentLog } from '../../src/lib/log.ts';
import { rejection, temporaryFolder } from './support.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await temporaryFolder(), 'hub', 'pki');
});

describe('CAs in a folder', () => {
  it('are made once, found again, and open to their owner alone', async () => {
    const first = await openAuthority(new FolderKeyStore(folder), 'agent-client');
    const second = await openAuthority(new FolderKeyStore(folder), 'agent-client');
    expect(second.hash).toBe(first.hash);
    expect((await readdir(folder)).sort()).toEqual(['agent-client-ca.crt', 'agent-client-ca.pem']);
    expect((await stat(join(folder, 'agent-client-ca.pem'))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const handedOut = await readFile(join(folder, 'agent-client-ca.crt'), 'utf8');
    expect(handedOut).toBe(first.bundle);
    expect(handedOut).not.toContain('PRIVATE KEY');
  });

  it('are the same for all of ten processes that start at once', async () => {
    const opened = await Promise.all(
      Array.from({ length: 10 }, () => openAuthority(new FolderKeyStore(folder), 'tunnel-serving')),
    );
    expect(new Set(opened.map((authority) => authority.hash)).size).toBe(1);
    const leaf = await (opened[3] as (typeof opened)[0]).issueServing({ dnsNames: ['x'], ipAddresses: [] });
    expect(leaf.certificate.verify((opened[7] as (typeof opened)[0]).trusted[0].publicKey)).toBe(true);
  });

  it('differ by purpose', async () => {
    const store = new FolderKeyStore(folder);
    const names = ['agent-client', 'tunnel-serving', 'gateway-serving', 'gateway-client'] as const;
    const hashes = await Promise.all(names.map(async (name) => (await openAuthority(store, name)).hash));
    expect(new Set(hashes).size).toBe(4);
  });

  it.each([
    ['empty', () => '', 'holds no private key'],
    ['cut in the key', (text: string) => text.slice(0, 60), 'holds no private key'],
    ['cut in the certificate', (text: string) => text.slice(0, -60), 'cut short'],
    [
      'without its certificate',
      (text: string) => text.slice(0, text.indexOf('-----BEGIN CERT')),
      'no certificate',
    ],
    [
      'with junk in the certificate',
      (text: string) => text.replace(/(CERTIFICATE-----\n)..../, '$1AAAA'),
      'cannot be read',
    ],
  ])('are never replaced silently: a file that is %s is named', async (_what, damage, words) => {
    await openAuthority(new FolderKeyStore(folder), 'agent-client');
    const path = join(folder, 'agent-client-ca.pem');
    const damaged = damage(await readFile(path, 'utf8'));
    await writeFile(path, damaged);
    const error = await rejection(openAuthority(new FolderKeyStore(folder), 'agent-client'));
    expect(error.code).toBe('INVALID');
    expect(error.message).toContain(path);
    expect(error.message).toContain(words);
    expect(error.message).toContain('restore it from a backup');
    expect(await readFile(path, 'utf8')).toBe(damaged);
  });

  it("refuse a key that is another CA's, a leaf, and an expired CA", async () => {
    const store = new FolderKeyStore(folder);
    const ours = await openAuthority(store, 'agent-client');
    const other = await openAuthority(store, 'tunnel-serving');
    const path = join(folder, 'agent-client-ca.pem');
    const good = await readFile(path, 'utf8');
    const key = good.slice(0, good.indexOf('-----BEGIN CERT'));
    await writeFile(path, key + other.bundle);
    expect((await rejection(openAuthority(store, 'agent-client'))).message).toContain(
      'does not belong to the first certificate',
    );
    const leaf = await ours.issueServing({ dnsNames: ['x'], ipAddresses: [] });
    await writeFile(path, leaf.privateKey + leaf.certificateChain);
    expect((await rejection(openAuthority(store, 'agent-client'))).message).toContain('not one of a CA');
    await writeFile(path, good);
    const later = Date.now() + 11 * 365 * 86_400_000;
    expect(
      (await rejection(openAuthority(store, 'agent-client', { wallNow: () => later }))).message,
    ).toContain('the CA expired on');
  });

  it('trust every certificate of the file, and sign with the first: a rotation may overlap', async () => {
    const store = new FolderKeyStore(folder);
    const old = await openAuthority(store, 'agent-client');
    const path = join(folder, 'agent-client-ca.pem');
    const next = await openAuthority(new FolderKeyStore(join(folder, 'next')), 'agent-client');
    const nextText = await readFile(join(folder, 'next', 'agent-client-ca.pem'), 'utf8');
    await writeFile(path, nextText + old.bundle);
    const both = await openAuthority(store, 'agent-client');
    expect(both.hash).toBe(next.hash);
    expect(both.trusted.map(String)).toEqual([next.bundle, old.bundle]);
  });

  it('cannot be read or made: the file and the reason are named', async () => {
    await mkdir(join(folder, 'agent-client-ca.pem'), { recursive: true });
    expect((await rejection(openAuthority(new FolderKeyStore(folder), 'agent-client'))).message).toBe(
      `cannot read ${join(folder, 'agent-client-ca.pem')}: it is a folder, a file is needed`,
    );
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    const error = await rejection(openAuthority(new FolderKeyStore(folder), 'agent-client'));
    expect(error.message).toContain('part of the path is a file, not a folder');
  });

  it('are warned of when others can read them', async () => {
    const warnings: string[] = [];
    const uid = (await stat('.')).uid;
    const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) };
    const store = new FolderKeyStore(folder, { uid, log });
    await openAuthority(store, 'agent-client');
    expect(warnings).toEqual([]);
    await chmod(join(folder, 'agent-client-ca.pem'), 0o644);
    await openAuthority(store, 'agent-client');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('chmod 0600');
  });
});
