import type { KeyObject, X509Certificate } from 'node:crypto';
import { MctunnelError } from '../errors.ts';
import { type Log, silentLog } from '../lib/log.ts';
import { agentUri } from './agent-certificate.ts';
import { type AgentAuthenticator, credentialsNotBefore } from './agent-authenticator.ts';
import type { Authority } from './authority.ts';
import type { BootstrapTokens } from './bootstrap-tokens.ts';
import { spkiHash } from './certificate.ts';
import { CLOCK_SKEW_MS, formatDate } from './dates.ts';
import { certificatePem } from './pem.ts';
import { IssuanceLimits } from './issuance-limits.ts';
import type { AuthenticatedAgent, Registration, Registrations } from './ports.ts';
import { parseSigningRequest } from './signing-request.ts';
import type { ApprovedRequest, IssuanceReason, SigningRequests } from './signing-requests.ts';
import { checkTokenDates, replacedAt, revokedMeanwhile } from './token-dates.ts';
import type { TokenRecord, TokenUse } from './token-store.ts';

export interface EnrollmentRequest {
  readonly token: string;
  /** PKCS #10, DER. */
  readonly csr: Buffer;
  /** The name that the agent was told to have; a token for another one is refused, unused. Empty: whatever the token says. */
  readonly cluster: string;
  /** uid of the member's `kube-system` namespace; empty when unknown. */
  readonly clusterUid: string;
  readonly remoteAddress: string;
}

export interface RenewalRequest {
  /** As authenticated on the same connection. */
  readonly agent: AuthenticatedAgent;
  /** PKCS #10, DER. */
  readonly csr: Buffer;
  readonly remoteAddress: string;
}

export interface IssuedCredentials {
  /** PEM, leaf first. */
  readonly certificateChain: string;
  /** PEM: the CAs by which the agent trusts the hub from now on. */
  readonly caBundle: string;
}

export interface Enrollment extends IssuedCredentials {
  readonly cluster: string;
}

export interface EnrollerOptions {
  readonly tokens: Pick<BootstrapTokens, 'find' | 'consume'>;
  readonly registrations: Registrations;
  readonly authenticator: Pick<AgentAuthenticator, 'check' | 'judge'>;
  readonly authority: Pick<Authority, 'issueAgent' | 'trusted'>;
  /** Default: nothing is put on record. */
  readonly requests?: SigningRequests;
  /** PEM bundle by which agents know the tunnel port: asked anew each time, because it rotates. */
  readonly tunnelCaBundle: () => string;
  readonly log?: Log;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
}

/** Writers of one registration take turns. */
const MAX_ATTEMPTS = 10;

/** Gives agents their certificates: the first for a bootstrap token, the next ones for the one before. */
export class Enroller {
  readonly #options: EnrollerOptions;
  readonly #log: Log;
  readonly #wallNow: () => number;
  readonly #limits: IssuanceLimits;

  constructor(options: EnrollerOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#wallNow = options.wallNow ?? Date.now;
    this.#limits = new IssuanceLimits(this.#wallNow);
  }

  /**
   * Everything that can be wrong is looked at before the token is used up. Throws MctunnelError INVALID (the signing request), UNAUTHENTICATED
   * (the token), FORBIDDEN (the registration), CONFLICT (connected, and no `replace`), INTERNAL. Messages are for the agent's operator.
   */
  async enroll(request: EnrollmentRequest): Promise<Enrollment> {
    return this.#logged('enrol', request.remoteAddress, () => this.#enroll(request));
  }

  async #enroll(request: EnrollmentRequest): Promise<Enrollment> {
    const { tokens } = this.#options;
    const publicKey = parseSigningRequest(request.csr);
    const keyHash = spkiHash(publicKey);
    const found = this.#limits.guess(request.remoteAddress);
    const stored = await tokens.find(request.token, keyHash);
    found();
    const { record } = stored;
    if (request.cluster !== '' && request.cluster !== record.cluster) {
      throw new MctunnelError(
        'FORBIDDEN',
        `the bootstrap token is for cluster ${record.cluster}, and this agent was started for ${request.cluster.slice(0, 63)}; start it with --cluster ${record.cluster}, or make another token. The token was not used up`,
        { statusCause: 'TokenForAnotherCluster' },
      );
    }
    const registration = await this.#registrationOf(record.cluster);
    this.#checkRegistration(registration, record.cluster, record.uid, request.clusterUid);
    const isByHand = this.#options.requests?.isByHand === true;
    const checkDates = (use: TokenUse | undefined): void =>
      checkTokenDates({ record, use }, registration, { isByHand, nowMs: this.#wallNow() });
    // A replacement that a person approved moved notBefore itself, after the token was used: it is looked at below.
    const isAwaited = isByHand && record.replace && stored.use !== undefined;
    if (!isAwaited) checkDates(stored.use);
    const use = await tokens.consume(stored, keyHash);
    const reason = { kind: 'token', tokenId: record.id } as const;
    const approved = await this.#approved(registration, publicKey, reason, request);
    // Not before it is approved: until then the agent that is replaced goes on.
    const isNew = approved?.issued === undefined;
    if (isAwaited && isNew) checkDates(stored.use);
    const replacesFrom = isByHand ? this.#wallNow() : replacedAt(record, use);
    const current =
      record.replace && isNew ? await this.#refuseOlder(record, registration, replacesFrom) : registration;
    const certificate = await this.#issued(current, publicKey, approved);
    const latest = await this.#registrationOf(record.cluster);
    this.#checkRegistration(latest, record.cluster, record.uid, request.clusterUid);
    if (certificate.validFromDate < (credentialsNotBefore(latest) ?? new Date(0)))
      throw revokedMeanwhile(record);
    this.#log.info(
      {
        cluster: record.cluster,
        tokenId: record.id,
        remoteAddress: request.remoteAddress,
        replace: record.replace,
      },
      'agent enrolled',
    );
    return { cluster: record.cluster, ...this.#handedOut(certificate) };
  }

  /** Throws MctunnelError INVALID (the signing request), UNAUTHENTICATED and FORBIDDEN (as a session would be refused), INTERNAL. */
  async renew(request: RenewalRequest): Promise<IssuedCredentials> {
    return this.#logged('renew', request.remoteAddress, async () => {
      const { agent } = request;
      const publicKey = parseSigningRequest(request.csr);
      const refusal = this.#options.authenticator.check(agent);
      if (refusal !== undefined) throw refusal;
      const registration = await this.#judged(agent);
      return this.#limits.renewal(agent, () => this.#renewed(request, registration, publicKey));
    });
  }

  async #renewed(
    request: RenewalRequest,
    registration: Registration,
    publicKey: KeyObject,
  ): Promise<IssuedCredentials> {
    const { agent } = request;
    const reason = { kind: 'renewal', serial: agent.certificate.serial } as const;
    const approved = await this.#approved(registration, publicKey, reason, request);
    const certificate = await this.#issued(registration, publicKey, approved);
    // It is dated by what was read before. A revocation since must not be outlived by what it was to end.
    const { validFromDate: notBefore, validToDate: notAfter } = certificate;
    await this.#judged(agent, { ...agent, certificate: { ...agent.certificate, notBefore, notAfter } });
    this.#log.info(
      { cluster: agent.cluster, remoteAddress: request.remoteAddress, serial: agent.certificate.serial },
      'agent certificate renewed',
    );
    return this.#handedOut(certificate);
  }

  /** By the registration as it is now, which may be newer than what `check` knows. Throws as a session would be refused. */
  async #judged(...agents: readonly [AuthenticatedAgent, ...AuthenticatedAgent[]]): Promise<Registration> {
    const registration = await this.#registrationOf(agents[0].cluster);
    for (const agent of agents) {
      const refusal = this.#options.authenticator.judge(agent, registration);
      if (refusal !== undefined) throw refusal;
    }
    if (registration === undefined) throw gone(agents[0].cluster);
    return registration;
  }

  /** undefined: there is none. */
  async #registrationOf(cluster: string): Promise<Registration | undefined> {
    try {
      return await this.#options.registrations.get(cluster);
    } catch (error) {
      if (MctunnelError.from(error).code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  #checkRegistration(
    registration: Registration | undefined,
    cluster: string,
    uid: string,
    clusterUid: string,
  ): asserts registration is Registration {
    if (registration?.metadata.uid !== uid || registration.metadata.deletionTimestamp !== undefined) {
      throw gone(cluster);
    }
    if (registration.spec.paused === true) {
      throw new MctunnelError(
        'FORBIDDEN',
        `cluster ${cluster} is paused (mctunnel clusters resume ${cluster}); the token was not used up`,
        { statusCause: 'Paused' },
      );
    }
    const notBefore = credentialsNotBefore(registration);
    if (notBefore !== undefined && notBefore.getTime() > this.#wallNow() + CLOCK_SKEW_MS) {
      throw new MctunnelError(
        'FORBIDDEN',
        `cluster ${cluster} refuses certificates until its spec.credentials.notBefore, which lies in the future; the token was not used up`,
        { statusCause: 'CredentialsNotBefore' },
      );
    }
    const pinned = registration.status.clusterUID;
    if (pinned !== undefined && pinned !== '' && clusterUid !== '' && clusterUid !== pinned) {
      throw new MctunnelError(
        'FORBIDDEN',
        `the name ${cluster} belongs to another cluster (kube-system uid ${pinned}, this one has ${clusterUid.slice(0, 63)}); enrol under another name, or have an administrator delete and register ${cluster} again. The token was not used up`,
        { statusCause: 'IdentityMismatch' },
      );
    }
  }

  /** The agent that is replaced loses its certificate: the registry closes its sessions when it sees this change. */
  async #refuseOlder(record: TokenRecord, first: Registration, fromMs: number): Promise<Registration> {
    const { name, uid } = first.metadata;
    for (let attempt = 1, registration = first; ; attempt++) {
      const { resourceVersion } = registration.metadata;
      const presentMs = credentialsNotBefore(registration)?.getTime() ?? 0;
      // Never moved back: somebody may have set it a moment ahead, or set it since it was read.
      if (presentMs >= fromMs) return registration;
      const credentials = { notBefore: formatDate(new Date(Math.ceil(fromMs / 1000) * 1000)) };
      try {
        await this.#options.registrations.patch(name, {
          ...(resourceVersion !== undefined && { metadata: { resourceVersion } }),
          spec: { credentials },
        });
        return { ...registration, spec: { ...registration.spec, credentials } };
      } catch (error) {
        if (MctunnelError.from(error).code !== 'CONFLICT' || attempt === MAX_ATTEMPTS) throw error;
      }
      const next = await this.#registrationOf(name);
      if (next?.metadata.uid !== uid) throw gone(name);
      if ((credentialsNotBefore(next)?.getTime() ?? 0) > fromMs) throw revokedMeanwhile(record);
      registration = next;
    }
  }

  #approved(
    registration: Registration,
    publicKey: KeyObject,
    reason: IssuanceReason,
    { csr, remoteAddress }: Pick<EnrollmentRequest, 'csr' | 'remoteAddress'>,
  ): Promise<ApprovedRequest> | undefined {
    const { name: cluster, uid } = registration.metadata;
    const earliest = credentialsNotBefore(registration);
    return this.#options.requests?.approve({
      ...{ cluster, uid, csr, publicKey, reason, remoteAddress },
      isUsable: (certificate) =>
        this.#isOurs(certificate, cluster, uid, publicKey) &&
        certificate.validToDate.getTime() > this.#wallNow() &&
        (earliest === undefined || certificate.validFromDate >= earliest),
    });
  }

  /** Did we sign it, with these names, for this key? What is on record may have been written by somebody else. */
  #isOurs(certificate: X509Certificate, cluster: string, uid: string, publicKey: KeyObject): boolean {
    const isSigned = this.#options.authority.trusted.some(
      (signer) => certificate.checkIssued(signer) && certificate.verify(signer.publicKey),
    );
    return (
      isSigned &&
      certificate.subjectAltName === `URI:${agentUri(cluster, uid)}` &&
      certificate.publicKey.equals(publicKey)
    );
  }

  async #issued(
    registration: Registration,
    publicKey: KeyObject,
    approved: ApprovedRequest | undefined,
  ): Promise<X509Certificate> {
    const { name, uid } = registration.metadata;
    const notBefore = credentialsNotBefore(registration);
    const certificate =
      approved?.issued ?? this.#options.authority.issueAgent({ cluster: name, uid, publicKey, notBefore });
    const recorded = approved?.issued ?? (await approved?.record(certificate)) ?? certificate;
    if (!this.#isOurs(recorded, name, uid, publicKey)) {
      throw new MctunnelError(
        'INTERNAL',
        `the certificate on record for an agent of cluster ${name} is not one that this hub signed`,
      );
    }
    return recorded;
  }

  #handedOut(certificate: X509Certificate): IssuedCredentials {
    return { certificateChain: certificatePem(certificate), caBundle: this.#options.tunnelCaBundle() };
  }

  /** The hub's own troubles are told to its own log; the agent hears that there are some. */
  async #logged<T>(what: 'enrol' | 'renew', remoteAddress: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (thrown) {
      const error = MctunnelError.from(thrown);
      if (error.code === 'INTERNAL') {
        this.#log.error({ err: error, remoteAddress }, `cannot ${what} an agent: ${error.message}`);
        throw new MctunnelError(
          'INTERNAL',
          `the hub could not ${what} this agent because of a fault of its own (its log tells more); it may be tried again`,
          { cause: error },
        );
      }
      this.#log.warn(
        { remoteAddress, reason: error.statusCause ?? error.code },
        `refused to ${what} an agent: ${error.message}`,
      );
      throw error;
    }
  }
}

function gone(cluster: string): MctunnelError {
  return new MctunnelError(
    'FORBIDDEN',
    `cluster ${cluster} was deleted at the hub, and perhaps registered again, since; make a new token (mctunnel token create --cluster ${cluster})`,
    { statusCause: 'RegistrationRecreated' },
  );
}
