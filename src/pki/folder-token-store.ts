import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MctunnelError } from '../errors.ts';
import { readBounded } from '../lib/bounded-file.ts';
import { fileProblem, hasCode, prepareFolder, writeAtomic } from '../lib/files.ts';
import type { StoredToken, TokenRecord, TokenStore, TokenUse } from './token-store.ts';

const MAX_FILE_BYTES = 4096;

const recordSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+$/),
  secretHash: z.string().regex(/^[0-9a-f]{64}$/),
  cluster: z.string(),
  uid: z.string(),
  issuedAt: z.number(),
  expiresAt: z.number(),
  replace: z.boolean(),
});
const useSchema = z.strictObject({ usedAt: z.number(), keyHash: z.string() });

/**
 * Bootstrap tokens as files of a folder: `ID.json` is the token, `ID.used.json` tells who used it. The second one is created exclusively,
 * so that a token is used once whatever runs at the same time and wherever a crash falls.
 */
export class FolderTokenStore implements TokenStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(record: TokenRecord): Promise<void> {
    const path = this.#path(record.id);
    try {
      await prepareFolder(this.#folder);
      await writeAtomic(path, JSON.stringify(record), { exclusive: true });
    } catch (error) {
      throw new MctunnelError('INTERNAL', fileProblem('write', path, error), { cause: error });
    }
  }

  async find(id: string): Promise<StoredToken | undefined> {
    const record = await readJson(this.#path(id), recordSchema);
    if (record?.id !== id) return undefined;
    return { record, use: await readJson(this.#usePath(id), useSchema) };
  }

  async consume(id: string, use: TokenUse): Promise<TokenUse | undefined> {
    if ((await this.find(id)) === undefined) return undefined;
    const path = this.#usePath(id);
    try {
      await writeAtomic(path, JSON.stringify(use), { exclusive: true });
      return use;
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return readJson(path, useSchema);
      throw new MctunnelError('INTERNAL', fileProblem('write', path, error), { cause: error });
    }
  }

  async removeExpired(before: number): Promise<void> {
    let names: string[];
    try {
      names = await readdir(this.#folder);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw new MctunnelError('INTERNAL', fileProblem('read', this.#folder, error), { cause: error });
    }
    for (const name of names) {
      const id = /^([a-z0-9]+)\.json$/.exec(name)?.[1];
      if (id === undefined) continue;
      // A damaged one stays, for somebody to look at: it opens nothing.
      const record = await readJson(this.#path(id), recordSchema).catch(() => undefined);
      if (record === undefined || record.expiresAt >= before) continue;
      // The token first: what remains after a crash between the two is a use without a token, which opens nothing.
      await rm(this.#path(id), { force: true });
      await rm(this.#usePath(id), { force: true });
    }
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  #usePath(id: string): string {
    return join(this.#folder, `${id}.used.json`);
  }
}

/** undefined: there is no such file. A damaged one is an error: a use that cannot be read must not make a token good again. */
async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = (await readBounded(path, MAX_FILE_BYTES)).toString('utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new MctunnelError('INTERNAL', fileProblem('read', path, error), { cause: error });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new MctunnelError('INTERNAL', `${path} is damaged; remove it and make a new token`, {
      cause: error,
    });
  }
}
