import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setting, values } from '../config/index.ts';
import { MctunnelError, type ErrorCode } from '../errors.ts';
import { headerValue } from '../lib/headers.ts';
import {
  createKubeClient,
  loadDefaultKubeconfig,
  loadKubeconfig,
  type KubeClient,
  type KubeContext,
} from '../kube/index.ts';
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

/** A Kubernetes Status, as far as it is shown. */
interface StatusBody {
  readonly reason?: string;
  readonly message?: string;
}

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
    return new HubClient(await readingKubeconfig(() => createKubeClient(hubContext(config))));
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
    const text = await response.text(MAX_ANSWER_BYTES);
    if (response.status < 200 || response.status > 299) throw serverError(response.status, text);
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
    const text = await response.text(MAX_ANSWER_BYTES);
    if (response.status !== 200) throw serverError(response.status, text);
    return headerValue(response.headers, name.toLowerCase());
  }

  /** Lines of a watch until it ends or `signal` aborts. */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.#kube.raw.request({
      method: 'GET',
      path,
      headers: ['Accept', 'application/json'],
      signal,
    });
    if (response.status !== 200) throw serverError(response.status, await response.text(MAX_ANSWER_BYTES));
    let rest = '';
    response.body.setEncoding('utf8');
    for await (const chunk of response.body as AsyncIterable<string>) {
      rest += chunk;
      if (rest.length > MAX_ANSWER_BYTES)
        throw new MctunnelError('TOO_LARGE', 'the hub sent a watch event that never ends');
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  }

  close(): Promise<void> {
    return this.#kube.close();
  }
}

/** What a command tells apart. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
};

/** `Error from server (Forbidden): …`, as kubectl shows it. */
function serverError(status: number, text: string): MctunnelError {
  let body: StatusBody = {};
  try {
    body = JSON.parse(text) as StatusBody;
  } catch {
    // Not a Status: what there is, is shown.
  }
  const reason = body.reason ?? `HTTP ${status}`;
  const message = body.message ?? (text.trim().slice(0, 500) || 'no message');
  return new MctunnelError(CODES[status] ?? 'INTERNAL', `Error from server (${reason}): ${message}`);
}
