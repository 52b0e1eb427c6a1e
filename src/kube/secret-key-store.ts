import { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import {
  type AuthorityName,
  changedMeanwhile,
  formatMaterial,
  type KeyListener,
  type KeyMaterial,
  type KeyStore,
  type NewKeyMaterial,
  parseMaterial,
} from '../pki/index.ts';
import { ObjectWatch } from './object-watch.ts';
import type { RawClient } from './raw-client.ts';
import { AUTHORITY_SECRET_TYPE, authoritySecretName } from './secret-names.ts';
import { fromBase64, type Secret, Secrets, toBase64 } from './secrets.ts';

/** Key, certificates and all, as in the file of a hub without Kubernetes: either can be made of the other. */
const SECRET_KEY = 'ca.pem';
/** The certificates alone, to hand out. */
const PUBLIC_KEY = 'ca.crt';
/** Replicas that start together take turns; more lost turns are no accident. */
const MAX_ATTEMPTS = 10;

export interface SecretKeyStoreOptions {
  readonly raw: Pick<RawClient, 'request'>;
  readonly namespace: string;
  readonly clock: Clock;
}

/**
 * CAs as Secrets `mctunnel-ca-NAME` of the hub's namespace, one for all replicas. An empty one is as good as none: with those of the manifests the hub
 * need not have the right to create Secrets.
 */
export class SecretKeyStore implements KeyStore {
  readonly #secrets: Secrets;
  readonly #options: SecretKeyStoreOptions;

  constructor(options: SecretKeyStoreOptions) {
    this.#options = options;
    this.#secrets = new Secrets(options.raw, options.namespace);
  }

  async load(name: AuthorityName): Promise<KeyMaterial | undefined> {
    return this.#materialOf(name, await this.#asked(this.#secrets.get(authoritySecretName(name)), name));
  }

  async create(name: AuthorityName, material: NewKeyMaterial): Promise<KeyMaterial> {
    for (let attempt = 1; ; attempt++) {
      const secret = await this.#asked(this.#secrets.get(authoritySecretName(name)), name);
      const stored = this.#materialOf(name, secret);
      if (stored !== undefined) return stored;
      try {
        if (secret === undefined)
          await this.#secrets.create(authoritySecretName(name), AUTHORITY_SECRET_TYPE, dataOf(material));
        else await this.#secrets.put(secret, dataOf(material));
      } catch (thrown) {
        const error = MctunnelError.from(thrown);
        const wasFaster = error.code === 'ALREADY_EXISTS' || error.code === 'CONFLICT';
        if (!wasFaster || attempt === MAX_ATTEMPTS) throw this.#failure(name, error);
      }
    }
  }

  async replace(name: AuthorityName, previous: KeyMaterial, next: NewKeyMaterial): Promise<KeyMaterial> {
    const secret = await this.#asked(this.#secrets.get(authoritySecretName(name)), name);
    const stored = this.#materialOf(name, secret);
    if (secret === undefined || stored === undefined || formatMaterial(stored) !== formatMaterial(previous)) {
      throw changedMeanwhile(this.#source(name));
    }
    try {
      await this.#secrets.put(secret, dataOf(next));
    } catch (thrown) {
      const error = MctunnelError.from(thrown);
      throw error.code === 'CONFLICT' ? changedMeanwhile(this.#source(name)) : this.#failure(name, error);
    }
    return { ...next, source: this.#source(name) };
  }

  async follow(name: AuthorityName, listener: KeyListener): Promise<{ close(): Promise<void> }> {
    const failed = (thrown: unknown): void =>
      listener.failed(this.#failure(name, MctunnelError.from(thrown)));
    const watch = new ObjectWatch({
      raw: this.#options.raw,
      clock: this.#options.clock,
      collection: this.#secrets.collection,
      name: authoritySecretName(name),
      onObject: (object) => {
        try {
          const material = this.#materialOf(name, object as Secret | undefined);
          if (material === undefined) {
            throw new MctunnelError('INTERNAL', 'it was deleted, or emptied; restore it from a backup');
          }
          listener.changed(material);
        } catch (thrown) {
          failed(thrown);
        }
      },
      onError: (error) =>
        failed(
          new MctunnelError('INTERNAL', error instanceof Error ? error.message : String(error), {
            cause: error,
          }),
        ),
    });
    let version: string;
    try {
      version = await watch.read();
    } catch (error) {
      await watch.close();
      throw this.#failure(
        name,
        MctunnelError.from(error, 'INTERNAL', error instanceof Error ? error.message : String(error)),
      );
    }
    watch.follow(version);
    return { close: () => watch.close() };
  }

  #source(name: AuthorityName): string {
    return `Secret ${this.#options.namespace}/${authoritySecretName(name)}`;
  }

  /** undefined: there is no such Secret, or it is empty. Throws INVALID. */
  #materialOf(name: AuthorityName, secret: Secret | undefined): KeyMaterial | undefined {
    const text = secret?.data?.[SECRET_KEY] ?? '';
    return text === '' ? undefined : parseMaterial(fromBase64(text), this.#source(name));
  }

  async #asked<T>(answer: Promise<T>, name: AuthorityName): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#failure(name, MctunnelError.from(error));
    }
  }

  #failure(name: AuthorityName, error: MctunnelError): MctunnelError {
    // What is damaged names its source by itself.
    if (error.code === 'INVALID' && error.message.startsWith(this.#source(name))) return error;
    return new MctunnelError('INTERNAL', `${this.#source(name)}: ${error.message}`, { cause: error });
  }
}

function dataOf(material: NewKeyMaterial): Record<string, string> {
  return { [SECRET_KEY]: toBase64(formatMaterial(material)), [PUBLIC_KEY]: toBase64(material.certificates) };
}
