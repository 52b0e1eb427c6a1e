import type { X509Certificate } from 'node:crypto';
import { MctunnelError } from '../errors.ts';
import { type AgentCertificate, parseAgentCertificate } from './agent-certificate.ts';
import { spkiHash } from './certificate.ts';
import { CLOCK_SKEW_MS, formatDate, formatDuration } from './dates.ts';
import type { AgentPeer, AuthenticatedAgent, OnRefused, Registration, Registrations } from './ports.ts';

export interface AgentAuthenticatorOptions {
  /** CAs whose agents are let in: asked anew each time, because they rotate. */
  readonly trusted: () => readonly X509Certificate[];
  readonly registrations: Pick<Registrations, 'peek'>;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
  readonly onRefused?: OnRefused;
}

/**
 * Which cluster is this certificate, and may it have a session? What TLS verified is verified again here: a port that leaves the client
 * certificate optional must not depend on a flag.
 */
export class AgentAuthenticator {
  readonly #options: AgentAuthenticatorOptions;
  readonly #wallNow: () => number;

  constructor(options: AgentAuthenticatorOptions) {
    this.#options = options;
    this.#wallNow = options.wallNow ?? Date.now;
  }

  /** Throws MctunnelError UNAUTHENTICATED (the certificate) or FORBIDDEN (the registration); `statusCause` is the reason in one word. */
  authenticateAgent(peer: AgentPeer): AuthenticatedAgent {
    const certificate = parseAgentCertificate(peer.certificate.raw, peer.certificate);
    const authority = this.#authorityOf(peer.certificate);
    const agent: AuthenticatedAgent = {
      cluster: certificate.cluster,
      registrationUid: certificate.uid,
      certificate: { ...dated(certificate), authority },
    };
    const error = this.check(agent);
    if (error !== undefined) {
      this.#options.onRefused?.(agent.cluster, error, peer.remoteAddress);
      throw error;
    }
    return agent;
  }

  /** May this agent have a session, as registrations and the clock are now? undefined: yes. For live sessions, after every change. */
  check(agent: AuthenticatedAgent): MctunnelError | undefined {
    return this.judge(agent, this.#options.registrations.peek(agent.cluster));
  }

  /** The same by a registration that was read this moment (undefined: there is none): what is known from memory may be a moment old. */
  judge(agent: AuthenticatedAgent, registration: Registration | undefined): MctunnelError | undefined {
    return (
      this.#checkAuthority(agent) ??
      checkDates(agent.certificate, this.#wallNow()) ??
      checkRegistration(agent, registration)
    );
  }

  /** SPKI hash of the CA that signed it. */
  #authorityOf(certificate: X509Certificate): string {
    const signer = this.#options
      .trusted()
      .find((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
    if (signer === undefined) throw unknownAuthority();
    return spkiHash(signer.publicKey);
  }

  /** A CA may have left since: so do the sessions of those that it signed. */
  #checkAuthority({ certificate: { authority } }: AuthenticatedAgent): MctunnelError | undefined {
    const isTrusted =
      authority === undefined ||
      this.#options.trusted().some(({ publicKey }) => spkiHash(publicKey) === authority);
    return isTrusted ? undefined : unknownAuthority();
  }
}

function dated(certificate: AgentCertificate): AuthenticatedAgent['certificate'] {
  const { serial, notBefore, notAfter } = certificate;
  return { serial, notBefore, notAfter };
}

function refusal(code: 'UNAUTHENTICATED' | 'FORBIDDEN', statusCause: string, message: string): MctunnelError {
  return new MctunnelError(code, message, { statusCause });
}

function unknownAuthority(): MctunnelError {
  return refusal(
    'UNAUTHENTICATED',
    'UnknownAuthority',
    "the agent's certificate was issued by another hub, or by a CA that this hub no longer has; remove the agent's data folder and enrol it anew",
  );
}

function checkDates(certificate: AuthenticatedAgent['certificate'], now: number): MctunnelError | undefined {
  const earlyMs = certificate.notBefore.getTime() - now;
  if (earlyMs > CLOCK_SKEW_MS) {
    return refusal(
      'UNAUTHENTICATED',
      'CertificateNotYetValid',
      `the agent's certificate is valid from ${formatDate(certificate.notBefore)} only, and this hub's clock says ${formatDate(new Date(now))}: ${formatDuration(earlyMs)} behind; correct the clock`,
    );
  }
  if (now >= certificate.notAfter.getTime()) {
    return refusal(
      'UNAUTHENTICATED',
      'CertificateExpired',
      `the agent's certificate expired on ${formatDate(certificate.notAfter)} (the hub's clock says ${formatDate(new Date(now))}); remove the agent's data folder and enrol it anew`,
    );
  }
  return undefined;
}

/** Texts reach the agent's log and `lastDisconnect`: they say what happened and what to do. */
function checkRegistration(
  agent: AuthenticatedAgent,
  registration: Registration | undefined,
): MctunnelError | undefined {
  const { cluster } = agent;
  if (registration?.metadata.deletionTimestamp !== undefined) {
    return refusal(
      'FORBIDDEN',
      'RegistrationDeleted',
      `cluster ${cluster} is being deleted at this hub; once its registration is gone, register it and enrol the agent anew (mctunnel token create --cluster ${cluster})`,
    );
  }
  if (registration === undefined) {
    return refusal(
      'FORBIDDEN',
      'RegistrationDeleted',
      `cluster ${cluster} is not registered at this hub; register it and enrol the agent anew (mctunnel token create --cluster ${cluster})`,
    );
  }
  if (registration.metadata.uid !== agent.registrationUid) {
    return refusal(
      'FORBIDDEN',
      'RegistrationRecreated',
      `cluster ${cluster} was deleted and registered again since this agent enrolled; remove the agent's data folder and enrol it anew`,
    );
  }
  if (registration.spec.paused === true) {
    return refusal(
      'FORBIDDEN',
      'Paused',
      `cluster ${cluster} is paused (mctunnel clusters resume ${cluster})`,
    );
  }
  const notBefore = credentialsNotBefore(registration);
  if (notBefore !== undefined && agent.certificate.notBefore < notBefore) {
    return refusal(
      'FORBIDDEN',
      'CertificateRevoked',
      `certificates of cluster ${cluster} from before ${formatDate(notBefore)} are refused (spec.credentials.notBefore); enrol the agent anew`,
    );
  }
  return undefined;
}

/** `spec.credentials.notBefore`. One that cannot be read lets nobody in: it was meant to keep somebody out. */
export function credentialsNotBefore(registration: Registration): Date | undefined {
  const text = registration.spec.credentials?.notBefore;
  if (text === undefined) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? new Date(8.64e15) : date;
}
