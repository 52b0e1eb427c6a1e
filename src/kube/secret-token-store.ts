import { z } from 'zod';
import { MctunnelError } from '../errors.ts';
import type { StoredToken, TokenRecord, TokenStore, TokenUse } from '../pki/index.ts';
import type { RawClient } from './raw-client.ts';
import { TOKEN_SECRET_NAMES, TOKEN_SECRET_TYPE, tokenSecretName as secretOf } from './secret-names.ts';
import { fromBase64, type Secret, Secrets, toBase64 } from './secrets.ts';

/** Below Kubernetes' bound of 1 MiB for the data of a Secret: about 2,500 tokens. */
const MAX_SECRET_BYTES = 900_000;
/** Replicas take turns; more lost turns are no accident. */
const MAX_ATTEMPTS = 20;
/** Calls that wait for one Secret at most: whoever guesses tokens must not become a flood at the API server. */
const MAX_WAITING = 200;

const tokenSchema = z.strictObject({
  secretHash: z.string().regex(/^[0-9a-f]{64}$/),
  cluster: z.string(),
  uid: z.string(),
  issuedAt: z.number(),
  expiresAt: z.number(),
  replace: z.boolean(),
  use: z.strictObject({ usedAt: z.number(), keyHash: z.string() }).optional(),
});
type StoredEntry = z.infer<typeof tokenSchema>;
type Entries = Readonly<Record<string, string>>;

/** What a change makes of a Secret's data: `data` undefined means that nothing is to be written. */
interface Change<T> {
  readonly data?: Entries;
  readonly result: T;
}

export interface SecretTokenStoreOptions {
  readonly raw: Pick<RawClient, 'request'>;
  readonly namespace: string;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
}

/**
 * Bootstrap tokens in Secrets of the hub's namespace, for all replicas: always read from the API server, and written only as they were read
 * (resourceVersion), so that a token is used once wherever its users go.
 */
export class SecretTokenStore implements TokenStore {
  readonly #secrets: Secrets;
  readonly #wallNow: () => number;
  /** The end of the queue of each Secret, and its length. */
  readonly #queues = new Map<string, { tail: Promise<unknown>; waiting: number }>();

  constructor(options: SecretTokenStoreOptions) {
    this.#wallNow = options.wallNow ?? Date.now;
    this.#secrets = new Secrets(options.raw, options.namespace);
  }

  put(record: TokenRecord): Promise<void> {
    const { id } = record;
    return this.#change(secretOf(id), (entries) => {
      if (Object.hasOwn(entries, id)) throw new MctunnelError('INTERNAL', `there is a token ${id} already`);
      const data = withRoom({ ...entries, [id]: encode(entryOf(record)) }, id, this.#wallNow());
      return { data, result: undefined };
    });
  }

  find(id: string): Promise<StoredToken | undefined> {
    return this.#change(secretOf(id), (entries) => ({ result: this.#tokenOf(entries, id) }));
  }

  consume(id: string, use: TokenUse): Promise<TokenUse | undefined> {
    return this.#change(secretOf(id), (entries): Change<TokenUse | undefined> => {
      const stored = this.#tokenOf(entries, id);
      if (stored === undefined || stored.use !== undefined) return { result: stored?.use };
      return { data: { ...entries, [id]: encode(entryOf(stored.record, use)) }, result: use };
    });
  }

  async removeExpired(before: number): Promise<void> {
    await Promise.all(
      TOKEN_SECRET_NAMES.map((name) =>
        this.#change(name, (entries) => {
          const kept = Object.entries(entries).filter(
            ([, text]) => (decode(text)?.expiresAt ?? Infinity) >= before,
          );
          const isSame = kept.length === Object.keys(entries).length;
          return { ...(!isSame && { data: Object.fromEntries(kept) }), result: undefined };
        }),
      ),
    );
  }

  #tokenOf(entries: Entries, id: string): StoredToken | undefined {
    const text = Object.hasOwn(entries, id) ? entries[id] : undefined;
    if (text === undefined) return undefined;
    const entry = decode(text);
    if (entry === undefined) {
      // A use that cannot be read must not make a token good again.
      throw new MctunnelError(
        'INTERNAL',
        `the token ${id} in Secret ${this.#secrets.namespace}/${secretOf(id)} is damaged; remove it and make a new one`,
      );
    }
    const { use, ...record } = entry;
    return { record: { id, ...record }, use };
  }

  /** One call at a time for each Secret: those of this process never conflict with each other. */
  async #change<T>(name: string, change: (entries: Entries) => Change<T>): Promise<T> {
    const queue = this.#queues.get(name) ?? { tail: Promise.resolve(), waiting: 0 };
    this.#queues.set(name, queue);
    if (queue.waiting >= MAX_WAITING) {
      throw new MctunnelError('TOO_MANY_REQUESTS', 'the hub is busy with bootstrap tokens', {
        retryAfterSeconds: 1,
      });
    }
    queue.waiting += 1;
    const turn = queue.tail.then(() => this.#readAndWrite(name, change));
    queue.tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      queue.waiting -= 1;
    }
  }

  async #readAndWrite<T>(name: string, change: (entries: Entries) => Change<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const secret = await this.#secrets.get(name);
        const { data, result } = change(secret?.data ?? {});
        if (data !== undefined) await this.#write(name, secret, data);
        return result;
      } catch (thrown) {
        const error = MctunnelError.from(thrown);
        const wasFaster = error.code === 'ALREADY_EXISTS' || error.code === 'CONFLICT';
        if (wasFaster && attempt < MAX_ATTEMPTS) continue;
        if (error.code === 'TOO_MANY_REQUESTS') throw error;
        throw new MctunnelError('INTERNAL', `Secret ${this.#secrets.namespace}/${name}: ${error.message}`, {
          cause: error,
        });
      }
    }
  }

  async #write(name: string, secret: Secret | undefined, data: Entries): Promise<void> {
    if (secret === undefined) await this.#secrets.create(name, TOKEN_SECRET_TYPE, data);
    else await this.#secrets.put(secret, data);
  }
}

function entryOf(record: TokenRecord, use?: TokenUse): StoredEntry {
  const { secretHash, cluster, uid, issuedAt, expiresAt, replace } = record;
  const entry = { secretHash, cluster, uid, issuedAt, expiresAt, replace };
  return use === undefined ? entry : { ...entry, use: { usedAt: use.usedAt, keyHash: use.keyHash } };
}

function encode(entry: StoredEntry): string {
  return toBase64(JSON.stringify(entry));
}

/** undefined: damaged. */
function decode(text: string): StoredEntry | undefined {
  try {
    return tokenSchema.parse(JSON.parse(fromBase64(text)));
  } catch {
    return undefined;
  }
}

/** Makes room for a new token by forgetting those that ended first, never one that may still be used. Throws TOO_MANY_REQUESTS. */
function withRoom(entries: Entries, added: string, now: number): Entries {
  const sizeOf = (all: readonly (readonly [string, string])[]): number =>
    all.reduce((bytes, [key, text]) => bytes + key.length + text.length, 0);
  let all = Object.entries(entries);
  if (sizeOf(all) <= MAX_SECRET_BYTES) return entries;
  all = all.filter(([id, text]) => id === added || (decode(text)?.expiresAt ?? Infinity) > now);
  if (sizeOf(all) > MAX_SECRET_BYTES) {
    throw new MctunnelError(
      'TOO_MANY_REQUESTS',
      'too many bootstrap tokens wait to be used; try again when some have ended',
      {
        retryAfterSeconds: 60,
      },
    );
  }
  return Object.fromEntries(all);
}
