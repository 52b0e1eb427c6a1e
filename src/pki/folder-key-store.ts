import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MctunnelError } from '../errors.ts';
import { readBounded } from '../lib/bounded-file.ts';
import { fileProblem, hasCode, permissionProblem, prepareFolder, writeAtomic } from '../lib/files.ts';
import { type Log, silentLog } from '../lib/log.ts';
import { watchFiles } from '../lib/watched-files.ts';
import { changedMeanwhile, formatMaterial, MAX_MATERIAL_BYTES, parseMaterial } from './key-material.ts';
import type { AuthorityName, KeyListener, KeyMaterial, KeyStore, NewKeyMaterial } from './key-store.ts';

export interface FolderKeyStoreOptions {
  /** The process's user id, where the platform has them: then files that others can read are warned of. */
  readonly uid?: number | undefined;
  readonly log?: Log;
}

/**
 * CAs as files of a folder: `NAME-ca.pem` (mode 0600) holds the key and the certificates in one, so that a crash can never part them;
 * `NAME-ca.crt` is a copy of the certificates to hand out.
 */
export class FolderKeyStore implements KeyStore {
  readonly #folder: string;
  readonly #uid: number | undefined;
  readonly #log: Log;

  constructor(folder: string, options: FolderKeyStoreOptions = {}) {
    this.#folder = folder;
    this.#uid = options.uid;
    this.#log = options.log ?? silentLog;
  }

  async load(name: AuthorityName): Promise<KeyMaterial | undefined> {
    const path = this.#secretPath(name);
    let text: string;
    try {
      text = (await readBounded(path, MAX_MATERIAL_BYTES)).toString('utf8');
      for (const checked of [this.#folder, path]) {
        const problem = permissionProblem(checked, await stat(checked), this.#uid);
        if (problem !== undefined) this.#log.warn({ path: checked }, problem);
      }
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw new MctunnelError('INTERNAL', fileProblem('read', path, error), { cause: error });
    }
    const material = parseMaterial(text, path);
    await this.#publish(name, material.certificates);
    return material;
  }

  async create(name: AuthorityName, material: NewKeyMaterial): Promise<KeyMaterial> {
    const path = this.#secretPath(name);
    try {
      await prepareFolder(this.#folder);
      await writeAtomic(path, formatMaterial(material), { mode: 0o600, exclusive: true });
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) {
        throw new MctunnelError('INTERNAL', fileProblem('write', path, error), { cause: error });
      }
    }
    const stored = await this.load(name);
    if (stored === undefined) throw new MctunnelError('INTERNAL', `${path} vanished while it was created`);
    return stored;
  }

  /** Compared just before it is written: an administrator's deed, not a race of servers. */
  async replace(name: AuthorityName, previous: KeyMaterial, next: NewKeyMaterial): Promise<KeyMaterial> {
    const path = this.#secretPath(name);
    const present = await this.load(name);
    if (present === undefined || formatMaterial(present) !== formatMaterial(previous))
      throw changedMeanwhile(path);
    try {
      await writeAtomic(path, formatMaterial(next), { mode: 0o600 });
    } catch (error) {
      throw new MctunnelError('INTERNAL', fileProblem('write', path, error), { cause: error });
    }
    await this.#publish(name, next.certificates);
    return { ...next, source: path };
  }

  async follow(name: AuthorityName, listener: KeyListener): Promise<{ close(): void }> {
    const path = this.#secretPath(name);
    try {
      return await watchFiles<KeyMaterial>({
        paths: [path],
        maxBytes: MAX_MATERIAL_BYTES,
        parse: ([contents]) => parseMaterial(contents?.toString('utf8') ?? '', path),
        onChange: (material) => {
          listener.changed(material);
          void this.#publish(name, material.certificates);
        },
        onError: (problem) =>
          listener.failed(MctunnelError.from(problem, 'INTERNAL', fileProblem('read', path, problem))),
      });
    } catch (error) {
      throw MctunnelError.from(error, 'INTERNAL', fileProblem('read', path, error));
    }
  }

  #secretPath(name: AuthorityName): string {
    return join(this.#folder, `${name}-ca.pem`);
  }

  async #publish(name: AuthorityName, certificates: string): Promise<void> {
    const path = join(this.#folder, `${name}-ca.crt`);
    try {
      const present = await readBounded(path, MAX_MATERIAL_BYTES).catch(() => undefined);
      if (present?.toString('utf8') !== certificates) await writeAtomic(path, certificates, { mode: 0o644 });
    } catch (error) {
      // A convenience: a hub with a read-only data folder runs on.
      this.#log.warn({ err: error, path }, fileProblem('write', path, error));
    }
  }
}
