import { CLUSTER } from '../registry/schema/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { MctunnelError } from '../errors.ts';
import type { RawClient } from './raw-client.ts';
import { errorOfStatus } from './status-error.ts';

export interface CaBundleKeeperOptions {
  readonly raw: Pick<RawClient, 'request'>;
  readonly clock: Clock;
  readonly log: Log;
  /** PEM of the CAs that sign the gateway's serving certificate: the old and the new one while they change. Empty: not known here. */
  readonly caBundle: () => string;
}

const APISERVICE_PATH = `/apis/apiregistration.k8s.io/v1/apiservices/${CLUSTER.version}.${CLUSTER.group}`;
/** As often as the kube-apiserver itself looks at an APIService. */
const CHECK_INTERVAL_MS = 30_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Keeps the caBundle of the hub's APIService equal to the CA of its serving certificate, so that the manifests need not know it. */
export class CaBundleKeeper {
  readonly #options: CaBundleKeeperOptions;
  #timer: Timer | undefined;
  #isClosed = false;
  #isLeftAlone = false;

  constructor(options: CaBundleKeeperOptions) {
    this.#options = options;
  }

  /** Checks now and then again and again; a failure is logged, and tried again. */
  start(): void {
    void this.#checkAndPlan();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** The CAs are others by now: checks at once. */
  changed(): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    void this.#checkAndPlan();
  }

  /** True: it was not equal, and is now. False: there was nothing to do, or there is no APIService, or nobody told the CA. */
  async check(): Promise<boolean> {
    const { raw, log } = this.#options;
    if (this.#options.caBundle() === '') {
      if (!this.#isLeftAlone) {
        log.warn(
          { apiService: `${CLUSTER.version}.${CLUSTER.group}` },
          'the caBundle of the APIService is left alone: --gateway-cert-file holds no CA behind its certificate. Put it there, or set spec.caBundle yourself to the CA by which kube-apiserver is to verify the gateway',
        );
      }
      this.#isLeftAlone = true;
      return false;
    }
    this.#isLeftAlone = false;
    const answer = await raw.request({
      method: 'GET',
      path: APISERVICE_PATH,
      headers: ['Accept', 'application/json'],
    });
    const text = await answer.text(MAX_ANSWER_BYTES);
    if (answer.status === 404) return false;
    if (answer.status !== 200) throw errorOfStatus(answer.status, text);
    const { metadata, spec } = JSON.parse(text) as {
      metadata: { resourceVersion: string };
      spec: { caBundle?: string };
    };
    const caBundle = Buffer.from(this.#options.caBundle()).toString('base64');
    if (spec.caBundle === caBundle) return false;
    const { resourceVersion } = metadata;
    const patched = await raw.request({
      method: 'PATCH',
      path: APISERVICE_PATH,
      headers: ['Content-Type', 'application/merge-patch+json', 'Accept', 'application/json'],
      // The version: of two replicas with different bundles, none overwrites what it has not read.
      body: JSON.stringify({ metadata: { resourceVersion }, spec: { caBundle } }),
    });
    const words = await patched.text(MAX_ANSWER_BYTES);
    if (patched.status !== 200) throw errorOfStatus(patched.status, words);
    log.info(
      { apiService: `${CLUSTER.version}.${CLUSTER.group}` },
      'the caBundle of the APIService was brought up to date',
    );
    return true;
  }

  async #checkAndPlan(): Promise<void> {
    try {
      await this.check();
    } catch (error) {
      const { code, message } = MctunnelError.from(error);
      if (!this.#isClosed)
        this.#options.log.warn(
          { code, reason: message },
          'the caBundle of the APIService could not be checked',
        );
    }
    if (!this.#isClosed)
      this.#timer = this.#options.clock.after(CHECK_INTERVAL_MS, () => void this.#checkAndPlan());
  }
}
