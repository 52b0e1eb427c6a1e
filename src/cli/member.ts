import { MctunnelError } from '../errors.ts';
import { Credentials, type Credential, type KubeContext } from '../kube/index.ts';
import { systemClock, type Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { TlsVersion } from '../lib/tls-profile.ts';
import type { CredentialSource, MemberEndpoint } from '../upstream/index.ts';

/** How often files and plug-ins of the kubeconfig are looked at again. */
const REFRESH_MS = 10_000;

/**
 * The managed cluster as a kubeconfig (or the pod's service account) names it: its endpoint for the adapters, with a credential that is kept
 * fresh.
 */
export class Member {
  readonly #context: KubeContext;
  readonly #minTlsVersion: TlsVersion;
  readonly #credentials: Credentials;
  readonly #log: Log;
  #credential: Credential;
  #timer: Timer | undefined;
  #onEndpoint: (endpoint: MemberEndpoint) => void = () => undefined;

  private constructor(
    context: KubeContext,
    minTlsVersion: TlsVersion,
    credentials: Credentials,
    first: Credential,
    log: Log,
  ) {
    this.#context = context;
    this.#minTlsVersion = minTlsVersion;
    this.#credentials = credentials;
    this.#credential = first;
    this.#log = log;
  }

  /** Throws MctunnelError INVALID: the kubeconfig cannot be used for an agent. */
  static async open(context: KubeContext, minTlsVersion: TlsVersion, log: Log): Promise<Member> {
    const refuse = (why: string): never => {
      throw new MctunnelError('INVALID', `${context.origin}: ${why}`, { hop: 'agent' });
    };
    if (context.impersonation.length > 0)
      refuse(
        'an agent impersonates the callers of the hub, so its own user cannot be an impersonated one ("as")',
      );
    const cluster = context.config.getCurrentCluster();
    if ((cluster?.proxyUrl ?? '') !== '') {
      refuse(
        'proxy-url: an agent connects to its API server straight, through no proxy; run it where that can be reached, and take proxy-url out',
      );
    }
    if (context.server.startsWith('http:')) {
      refuse(
        `server ${context.server}: an agent sends its credential only over TLS, to an API server that it has verified; give its https:// address`,
      );
    }
    if (cluster?.skipTLSVerify === true) {
      refuse(
        'insecure-skip-tls-verify: an agent sends its credential only to an API server that it has verified; give certificate-authority',
      );
    }
    const credentials = new Credentials(context, systemClock);
    const member = new Member(context, minTlsVersion, credentials, await credentials.current(), log);
    member.#schedule();
    return member;
  }

  get endpoint(): MemberEndpoint {
    const { ca, cert, key, servername } = this.#credential.tls;
    return {
      server: this.#context.server,
      caPem: ca?.toString(),
      tlsServerName: servername,
      minTlsVersion: this.#minTlsVersion,
      ...(cert !== undefined &&
        key !== undefined && { clientCertificate: { certPem: cert.toString(), keyPem: key.toString() } }),
      credential: this.#source,
    };
  }

  /** `listener` hears when CA or client certificate have changed; a changed token needs no notice. */
  follow(listener: (endpoint: MemberEndpoint) => void): void {
    this.#onEndpoint = listener;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #source: CredentialSource = {
    authorization: () => {
      const { headers } = this.#credential;
      const at = headers.findIndex(
        (part, index) => index % 2 === 0 && part.toLowerCase() === 'authorization',
      );
      return at < 0 ? undefined : headers[at + 1];
    },
    rejected: () => {
      this.#credentials.expire();
      void this.#refresh();
    },
  };

  #schedule(): void {
    this.#timer = systemClock.after(REFRESH_MS, () => {
      void this.#refresh().finally(() => {
        if (this.#timer !== undefined) this.#schedule();
      });
    });
  }

  async #refresh(): Promise<void> {
    try {
      const before = this.#credential.tlsFingerprint;
      this.#credential = await this.#credentials.current();
      if (this.#credential.tlsFingerprint !== before) this.#onEndpoint(this.endpoint);
    } catch (error) {
      this.#log.error(
        { err: error },
        'the credential for the managed cluster cannot be refreshed; the last good one stays',
      );
    }
  }
}
