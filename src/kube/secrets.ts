import { callJson, found } from './json-call.ts';
import type { RawClient } from './raw-client.ts';

/** A Secret, of what we look at; what else is in it is written back as it was. */
export interface Secret {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** The Secrets of one namespace. Every method throws as `callJson`. */
export class Secrets {
  readonly namespace: string;
  readonly #raw: Pick<RawClient, 'request'>;

  constructor(raw: Pick<RawClient, 'request'>, namespace: string) {
    this.#raw = raw;
    this.namespace = namespace;
  }

  get collection(): string {
    return `/api/v1/namespaces/${this.namespace}/secrets`;
  }

  get(name: string): Promise<Secret | undefined> {
    return found(callJson(this.#raw, 'GET', `${this.collection}/${name}`) as Promise<Secret>);
  }

  /** Throws ALREADY_EXISTS. */
  async create(name: string, type: string, data: Readonly<Record<string, string>>): Promise<Secret> {
    return (await callJson(this.#raw, 'POST', this.collection, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        labels: { 'app.kubernetes.io/name': 'mctunnel', 'app.kubernetes.io/component': 'hub' },
      },
      type,
      data,
    })) as Secret;
  }

  /** Throws CONFLICT when it is not as it was read any more (resourceVersion). */
  async put(secret: Secret, data: Readonly<Record<string, string>>): Promise<Secret> {
    const path = `${this.collection}/${secret.metadata.name}`;
    return (await callJson(this.#raw, 'PUT', path, { ...secret, data })) as Secret;
  }
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

export function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
