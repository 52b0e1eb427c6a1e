import { PassThrough } from 'node:stream';
import type { RawRequest, RawResponse } from '../../src/kube/index.ts';

/** Answers requests as the test says, and can be waited for. */
export class FakeRaw {
  readonly requests: RawRequest[] = [];
  #asked: (() => void) | undefined;
  readonly #open: { resolve: (response: RawResponse) => void; reject: (error: Error) => void }[] = [];

  request = (request: RawRequest): Promise<RawResponse> => {
    this.requests.push(request);
    const { promise, resolve, reject } = Promise.withResolvers<RawResponse>();
    this.#open.push({ resolve, reject });
    request.signal?.addEventListener('abort', () => reject(request.signal?.reason as Error));
    this.#asked?.();
    return promise;
  };

  /** The request that waits for an answer now, or comes next. */
  async next(): Promise<{
    resolve: (response: RawResponse) => void;
    reject: (error: Error) => void;
    path: string;
  }> {
    while (this.#open.length === 0) await new Promise<void>((resolve) => (this.#asked = resolve));
    const open = this.#open.shift();
    if (open === undefined) throw new Error('nobody asks');
    return { ...open, path: this.requests.at(-1)?.path ?? '' };
  }

  async list(items: unknown[], version = '7', metadata: object = {}): Promise<string> {
    const { resolve, path } = await this.next();
    resolve(answer(200, JSON.stringify({ metadata: { resourceVersion: version, ...metadata }, items })));
    return path;
  }

  async watch(): Promise<{ body: PassThrough; path: string }> {
    const { resolve, path } = await this.next();
    const body = new PassThrough();
    // As undici does it.
    this.requests.at(-1)?.signal?.addEventListener('abort', () => body.destroy(new Error('aborted')));
    resolve({ ...answer(200, ''), body });
    return { body, path };
  }
}

export function answer(status: number, text: string): RawResponse {
  return { status, headers: [], body: new PassThrough(), text: () => Promise.resolve(text) };
}

/** One line of a watch. */
export const watchEvent = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
