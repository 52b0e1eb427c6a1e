import { afterEach } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authority } from '../../src/pki/authority.ts';
import { openAuthority } from '../../src/pki/authority.ts';
import type { AuthorityName, KeyMaterial, KeyStore, NewKeyMaterial } from '../../src/pki/key-store.ts';
import type { Registration, Registrations } from '../../src/pki/ports.ts';
import { MctunnelError } from '../../src/errors.ts';

export const UID_A = '01234567-89ab-4def-8123-456789abcdef';
export const UID_B = '11111111-2222-4333-8444-555555555555';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pki-'));
  folders.push(folder);
  return folder;
}

class MemoryKeyStore implements KeyStore {
  readonly stored = new Map<AuthorityName, KeyMaterial>();
  load(name: AuthorityName): Promise<KeyMaterial | undefined> {
    return Promise.resolve(this.stored.get(name));
  }
  create(name: AuthorityName, material: NewKeyMaterial): Promise<KeyMaterial> {
    const present = this.stored.get(name) ?? { ...material, source: `memory ${name}` };
    this.stored.set(name, present);
    return Promise.resolve(present);
  }
  replace(name: AuthorityName, _previous: KeyMaterial, next: NewKeyMaterial): Promise<KeyMaterial> {
    const stored = { ...next, source: `memory ${name}` };
    this.stored.set(name, stored);
    return Promise.resolve(stored);
  }
  follow(): Promise<{ close(): void }> {
    return Promise.resolve({ close: () => undefined });
  }
}

export function newAuthority(
  name: AuthorityName,
  options: { readonly wallNow?: () => number; readonly leafLifetimeMs?: number } = {},
): Promise<Authority> {
  return openAuthority(new MemoryKeyStore(), name, options);
}

type Mutable = Registration & { spec: Registration['spec']; status: Registration['status'] };

/** Registrations by hand, for tests of what depends on them. */
export class MemoryRegistrations implements Registrations {
  readonly items = new Map<string, Registration>();
  #version = 0;
  readonly patches: { readonly name: string; readonly patch: unknown }[] = [];

  set(name: string, uid: string, rest: Partial<Pick<Registration, 'spec' | 'status'>> = {}): void {
    const resourceVersion = String((this.#version += 1));
    this.items.set(name, { metadata: { name, uid, resourceVersion }, spec: {}, status: {}, ...rest });
  }
  peek(name: string): Registration | undefined {
    return this.items.get(name);
  }
  get(name: string): Promise<Registration> {
    const item = this.items.get(name);
    return item === undefined
      ? Promise.reject(new MctunnelError('NOT_FOUND', `no ${name}`))
      : Promise.resolve(item);
  }
  patch(name: string, patch: unknown): Promise<unknown> {
    this.patches.push({ name, patch });
    const item = this.items.get(name) as Mutable;
    const { metadata, spec } = patch as Partial<Registration>;
    const wanted = metadata?.resourceVersion;
    if (wanted !== undefined && wanted !== item.metadata.resourceVersion) {
      return Promise.reject(new MctunnelError('CONFLICT', 'somebody was faster'));
    }
    this.set(name, item.metadata.uid, { ...item, spec: { ...item.spec, ...spec } });
    return Promise.resolve(undefined);
  }
}

/** What a promise rejects with, as an MctunnelError; fails when it does not reject. */
export async function rejection(promise: Promise<unknown>): Promise<MctunnelError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MctunnelError) return error;
    throw error;
  }
  throw new Error('it did not reject');
}

export function thrown(run: () => unknown): MctunnelError {
  try {
    run();
  } catch (error) {
    if (error instanceof MctunnelError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}
