import { Readable } from 'node:stream';
import { MctunnelError } from '../errors.ts';
import type {
  ClusterRead,
  ClusterReadView,
  ReadAnswer,
  Representation,
  WatchHandle,
  WatchObserver,
} from '../gateway/ports.ts';
import { headerValue } from '../lib/headers.ts';
import { rewriteRegistration } from './cluster-rewrite.ts';
import { rewriteListText, rewriteWatchText } from './cluster-text.ts';
import type { RawClient, RawResponse } from './raw-client.ts';
import { COLLECTION_PATH, MAX_ANSWER_BYTES } from './registration-api.ts';

const OBJECT_PARAMETERS = ['resourceVersion', 'includeObject'] as const;
const LIST_PARAMETERS = [
  ...OBJECT_PARAMETERS,
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
] as const;

/** JSON only, in the form that was negotiated with the client: what passes through must be readable here. */
function acceptOf(representation: Representation, isList: boolean): string {
  if (representation.as === 'Object') return 'application/json';
  const { as, version } = representation;
  const kind = as === 'PartialObjectMetadata' && isList ? 'PartialObjectMetadataList' : as;
  return `application/json;as=${kind};v=${version};g=meta.k8s.io`;
}

function pathOf({ name, query }: ClusterRead, isWatch: boolean): string {
  const parameters = new URLSearchParams();
  for (const key of name === undefined ? LIST_PARAMETERS : OBJECT_PARAMETERS) {
    const value = query.get(key);
    if (value !== null) parameters.set(key, value);
  }
  if (isWatch) parameters.set('watch', 'true');
  const path = name === undefined ? COLLECTION_PATH : `${COLLECTION_PATH}/${encodeURIComponent(name)}`;
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}

/** A refusal of the hub's own credential must not look like one of the caller's. */
function checkOwnAccess(answer: RawResponse): void {
  if (answer.status !== 401 && answer.status !== 403) return;
  answer.body.destroy();
  throw new MctunnelError(
    'INTERNAL',
    `the hub itself may not read the registrations (${answer.status}): check its RBAC`,
  );
}

/** `list`: what a list is of that is passed on as it comes. */
async function answerOf(answer: RawResponse, list?: Representation['as']): Promise<ReadAnswer> {
  checkOwnAccess(answer);
  if (list !== undefined && answer.status === 200) {
    const text = rewriteListText(answer.body as AsyncIterable<Buffer>, list);
    return { status: 200, body: Readable.from(text, { objectMode: false }) };
  }
  const retryAfter = Number(headerValue(answer.headers, 'retry-after'));
  const text = await answer.text(MAX_ANSWER_BYTES);
  let body: unknown;
  try {
    body = rewriteRegistration(JSON.parse(text));
  } catch (error) {
    const words = `the hub's apiserver answered ${answer.status} with something that is not JSON`;
    throw new MctunnelError('UPSTREAM_LOST', words, { cause: error });
  }
  return { status: answer.status, body, ...(retryAfter > 0 && { retryAfterSeconds: retryAfter }) };
}

/** get, list and watch of `clusters`, answered by the hub cluster's apiserver of the CRD: no cache of ours stands between. */
export function createPassThroughView(raw: RawClient): ClusterReadView {
  const send = (read: ClusterRead, isWatch: boolean, signal?: AbortSignal): Promise<RawResponse> => {
    const accept = acceptOf(read.representation, read.name === undefined && !isWatch);
    return raw.request({
      method: 'GET',
      path: pathOf(read, isWatch),
      headers: ['Accept', accept, ...(read.auditId === '' ? [] : ['Audit-Id', read.auditId])],
      ...(signal && { signal }),
    });
  };
  return {
    read: async (read) => {
      const list = read.name === undefined ? read.representation.as : undefined;
      return answerOf(await send(read, false), list);
    },
    watch: (read, observer) => {
      const watch = new PassThroughWatch(observer);
      void watch.run((signal) => send(read, true, signal));
      return watch;
    },
  };
}

class PassThroughWatch implements WatchHandle {
  readonly #observer: WatchObserver;
  readonly #abort = new AbortController();
  #resume: (() => void) | undefined;

  constructor(observer: WatchObserver) {
    this.#observer = observer;
  }

  resume(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  stop(): void {
    this.#abort.abort(new MctunnelError('CANCELLED', 'the watch is over'));
    this.resume();
  }

  async run(send: (signal: AbortSignal) => Promise<RawResponse>): Promise<void> {
    const { signal } = this.#abort;
    let answer: RawResponse;
    try {
      answer = await send(signal);
      if (answer.status !== 200) {
        const refusal = await answerOf(answer);
        if (!signal.aborted) this.#observer.refuse(refusal);
        return;
      }
    } catch (error) {
      if (!signal.aborted) this.#observer.fail(MctunnelError.from(error));
      return;
    }
    this.#observer.start();
    try {
      for await (const events of rewriteWatchText(answer.body)) {
        if (signal.aborted) return;
        if (!this.#observer.event(events)) await this.#drained();
      }
    } catch {
      // Broken between two events or within one that was not passed on: the client resumes from the last that it has.
    } finally {
      answer.body.destroy();
    }
    if (!signal.aborted) this.#observer.end();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
      if (this.#abort.signal.aborted) resolve();
    });
  }
}
