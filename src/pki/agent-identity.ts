import { MctunnelError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Log, silentLog } from '../lib/log.ts';
import { type AgentCredentials, type AgentFolder, readCredentials } from './agent-folder.ts';
import { parseToken } from './bootstrap-token.ts';
import { CLOCK_SKEW_MS, formatDate } from './dates.ts';
import type { Enrollment, IssuedCredentials } from './enroller.ts';
import { authorityHashes } from './hub-authority.ts';
import { generateKey, privateKeyPem } from './keys.ts';
import { Renewal } from './renewal.ts';
import { createSigningRequest } from './signing-request.ts';

/** How an agent reaches the hub's enrolment. Both throw what the hub said, or that it cannot be reached. */
export interface HubEnrollment {
  enroll(request: {
    readonly token: string;
    /** PKCS #10, DER. */
    readonly csr: Buffer;
    /** Empty: whatever the token says. */
    readonly cluster: string;
  }): Promise<Enrollment>;
  /** On a connection with these credentials. */
  renew(request: {
    readonly csr: Buffer;
    readonly credentials: AgentCredentials;
  }): Promise<IssuedCredentials>;
}

export interface AgentIdentityOptions {
  readonly folder: AgentFolder;
  /** `--cluster`; undefined: whatever the certificate or the token says. */
  readonly cluster?: string | undefined;
  /** Asked for only when one is needed or could be new. undefined: none was given. */
  readonly bootstrapToken?: string | undefined;
  readonly hub: HubEnrollment;
  /** New credentials are stored: use them for the next connection. */
  readonly onRenewed?: (credentials: AgentCredentials) => void;
  readonly clock?: Clock;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  readonly log?: Log;
}

/** Who this agent is: its key and certificate, enrolled at the first start, renewed in time. */
export class AgentIdentity {
  readonly #options: AgentIdentityOptions;
  readonly #renewal: Renewal;
  #current: AgentCredentials;

  private constructor(options: AgentIdentityOptions, first: AgentCredentials) {
    this.#options = options;
    this.#current = first;
    this.#renewal = new Renewal({
      what: 'agent certificate',
      validity: () => this.#current,
      renew: () => this.renew(),
      issuer: 'other',
      clock: options.clock ?? systemClock,
      wallNow: options.wallNow ?? Date.now,
      random: options.random ?? Math.random,
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    this.#renewal.start();
  }

  /**
   * Loads the identity, or enrols with the token. A token other than the one that this agent enrolled with is a wish to enrol anew; when
   * that fails and the old certificate is still good, it goes on with that. Throws MctunnelError with one line that says what to do:
   * INVALID (damaged, or for another cluster), UNAUTHENTICATED (no token, expired), or what the hub said.
   */
  static async open(options: AgentIdentityOptions): Promise<AgentIdentity> {
    const stored = await options.folder.load();
    const now = (options.wallNow ?? Date.now)();
    if (stored !== undefined) checkCluster(stored, options);
    const isGood = stored !== undefined && !hasExpired(stored, now);
    const token = options.bootstrapToken?.trim();
    if (token === undefined || token === '') {
      if (isGood) return new AgentIdentity(options, stored);
      throw noToken(stored);
    }
    const isNews = stored === undefined || parseToken(token).id !== stored.tokenId;
    if (isGood && !isNews) return new AgentIdentity(options, stored);
    try {
      return new AgentIdentity(options, await enroll(options, token));
    } catch (error) {
      if (!isGood) throw error;
      const { message } = MctunnelError.from(error, 'INTERNAL', String(error));
      (options.log ?? silentLog).warn(
        { err: error },
        `cannot enrol anew with the bootstrap token, going on with the certificate in ${options.folder.path}: ${message}`,
      );
      return new AgentIdentity(options, stored);
    }
  }

  get current(): AgentCredentials {
    return this.#current;
  }

  /** SPKI hashes of the CAs by which the hub is trusted. */
  get trusts(): readonly string[] {
    return authorityHashes(this.#current.caBundle);
  }

  /** The hub has other CAs by now: renews at some moment within the given time. */
  renewWithin(withinMs: number): void {
    this.#renewal.hasten(withinMs);
  }

  /** Gets a new certificate for a new key, now. */
  async renew(): Promise<void> {
    const before = this.#current;
    const key = await generateKey();
    const issued = await this.#options.hub.renew({ csr: createSigningRequest(key), credentials: before });
    const renewed = readCredentials({
      ...issued,
      privateKey: privateKeyPem(key.privateKey),
      tokenId: before.tokenId,
      source: 'the answer of the hub',
    });
    if (renewed.cluster !== before.cluster) {
      throw new MctunnelError(
        'PROTOCOL',
        `the hub renewed the certificate of cluster ${before.cluster} with one for ${renewed.cluster}; it was not taken`,
        { hop: 'agent' },
      );
    }
    await this.#options.folder.store(renewed);
    this.#current = renewed;
    this.#options.onRenewed?.(renewed);
  }

  close(): void {
    this.#renewal.close();
  }
}

async function enroll(options: AgentIdentityOptions, token: string): Promise<AgentCredentials> {
  const { id } = parseToken(token);
  const key = await options.folder.enrollmentKey();
  const issued = await options.hub.enroll({
    token,
    csr: createSigningRequest(key),
    cluster: options.cluster ?? '',
  });
  const credentials = readCredentials({
    certificateChain: issued.certificateChain,
    caBundle: issued.caBundle,
    privateKey: privateKeyPem(key.privateKey),
    tokenId: id,
    source: 'the answer of the hub',
  });
  checkCluster(credentials, options, 'the bootstrap token is');
  await options.folder.store(credentials);
  return credentials;
}

function checkCluster(
  credentials: AgentCredentials,
  options: AgentIdentityOptions,
  what = `the certificate in ${options.folder.path} is`,
): void {
  const { cluster } = options;
  if (cluster === undefined || cluster === credentials.cluster) return;
  throw new MctunnelError(
    'INVALID',
    `${what} for cluster ${credentials.cluster}, and this agent was started for ${cluster}; use --cluster ${credentials.cluster}, or another --data-dir and a token for ${cluster}`,
    { hop: 'agent' },
  );
}

/** For certain: our clock may be ahead of the hub's, which judges. */
export function hasExpired({ notAfter }: Pick<AgentCredentials, 'notAfter'>, nowMs: number): boolean {
  return notAfter.getTime() + CLOCK_SKEW_MS <= nowMs;
}

function noToken(stored: AgentCredentials | undefined): MctunnelError {
  const create = `mctunnel token create --cluster ${stored?.cluster ?? 'NAME'}`;
  const message =
    stored === undefined
      ? `this agent is not enrolled yet: start it with --bootstrap-token (made at the hub: ${create})`
      : `this agent's certificate expired on ${formatDate(stored.notAfter)} (if that is wrong, look at the clock): start it with a new --bootstrap-token (made at the hub: ${create})`;
  return new MctunnelError('UNAUTHENTICATED', message, { hop: 'agent' });
}
