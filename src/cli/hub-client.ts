import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setting, values } from '../config/index.ts';
import { MctunnelError } from '../errors.ts';
import { headerValue } from '../lib/headers.ts';
import {
  createKubeClient,
  jsonLines,
  loadDefaultKubeconfig,
  loadKubeconfig,
  type KubeClient,
  type KubeContext,
  type RawResponse,
} from '../kube/index.ts';
import { userAgent } from './package-version.ts';
import { serverError } from './server-error.ts';
import { readingKubeconfig, UsageError } from './usage-error.ts';

/** Settings of every command that talks to a hub. */
export const hubClientSettings = {
  kubeconfig: setting(
    values.filePath.optional(),
    "the hub: its kube-apiserver or its gateway (default: the standalone hub's own in --data-dir, else kubectl's)",
    { placeholder: 'FILE' },
  ),
  context: setting(values.text.optional(), 'context of that kubeconfig (default: its current one)', {
    placeholder: 'NAME',
  }),
  dataDir: setting(values.filePath, 'data folder of a standalone hub on this machine', {
    placeholder: 'DIR',
    default: './.mctunnel/hub',
  }),
} as const;

export interface HubClientConfig {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly dataDir: string;
}

/** File in a standalone hub's data folder with which its admin reaches it. */
export const ADMIN_KUBECONFIG = 'admin.kubeconfig';

/** Largest answer that is read whole. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Throws MctunnelError INVALID, or UsageError when nothing names a hub. */
export function hubContext(config: HubClientConfig): KubeContext {
  const options = config.context === undefined ? {} : { context: config.context };
  if (config.kubeconfig !== undefined) return loadKubeconfig(config.kubeconfig, options);
  const standalone = join(config.dataDir, ADMIN_KUBECONFIG);
  if (existsSync(standalone)) return loadKubeconfig(standalone, options);
  try {
    return loadDefaultKubeconfig(process.env, options);
  } catch (error) {
    if (!(error instanceof MctunnelError) || !error.message.endsWith('no such file')) throw error;
    const hint = 'give --kubeconfig FILE, or --data-dir of a standalone hub on this machine';
    throw new UsageError([`${error.message}; ${hint}`], { cause: error });
  }
}

/** Calls the hub as the kubeconfig's user. Every method throws MctunnelError with kubectl's words. */
export class HubClient {
  readonly context: KubeContext;
  readonly #kube: KubeClient;

  private constructor(kube: KubeClient) {
    this.context = kube.context;
    this.#kube = kube;
  }

  static async create(config: HubClientConfig): Promise<HubClient> {
    const options = { userAgent: userAgent('mctunnel') };
    return new HubClient(await readingKubeconfig(() => createKubeClient(hubContext(config), options)));
  }

  get raw(): KubeClient['raw'] {
    return this.#kube.raw;
  }

  /** The JSON of a 2xx answer. Throws MctunnelError with the server's own words for other answers: INTERNAL unless it is of CODES. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<unknown> {
    const response = await this.#kube.raw.request({
      method,
      path,
      headers: ['Accept', 'application/json', ...(body === undefined ? [] : ['Content-Type', contentType])],
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (response.status < 200 || response.status > 299) throw await this.#refused(response);
    const text = await response.text(MAX_ANSWER_BYTES);
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new MctunnelError(
        'INTERNAL',
        `${this.context.server} answered ${path} with something that is not JSON`,
        { cause: error },
      );
    }
  }

  /** One header of a 2xx answer to a GET, however it is spelled. Throws as `call`. */
  async header(path: string, name: string): Promise<string | undefined> {
    const response = await this.#kube.raw.request({
      method: 'GET',
      path,
      headers: ['Accept', 'application/json'],
    });
    if (response.status !== 200) throw await this.#refused(response);
    await response.text(MAX_ANSWER_BYTES);
    return headerValue(response.headers, name.toLowerCase());
  }

  /**
   * Resolves when a watch has begun, with its events until it ends. Throws as `call`; what is read throws UPSTREAM_LOST when the connection breaks, and
   * PROTOCOL for what is no event.
   */
  async events(path: string, signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    const response = await this.#kube.raw.request({
      method: 'GET',
      path,
      headers: ['Accept', 'application/json'],
      signal,
    });
    if (response.status !== 200) throw await this.#refused(response);
    return unlessLost(jsonLines(response.body, 'the hub'));
  }

  async #refused(response: RawResponse): Promise<MctunnelError> {
    const { context } = this;
    const { credential } = await this.#kube.raw.connect();
    return serverError({
      context,
      status: response.status,
      headers: response.headers,
      text: await response.text(MAX_ANSWER_BYTES),
      clientCertificate: credential.tls.cert?.toString(),
      nowMs: Date.now(),
    });
  }

  close(): Promise<void> {
    return this.#kube.close();
  }
}

async function* unlessLost(events: AsyncIterable<unknown>): AsyncGenerator {
  try {
    yield* events;
  } catch (error) {
    throw MctunnelError.from(error, 'UPSTREAM_LOST', 'the connection to the hub broke');
  }
}
