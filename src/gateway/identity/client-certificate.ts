import { silentLog, type Log } from '../../lib/log.ts';
import type { Authenticator, Caller, ClientCaSource, RequestFacts } from '../ports.ts';
import type { Certificate } from './certificate.ts';
import { TrustStore } from './trust-store.ts';
import { VerifiedConnections, type VerifiedConnection } from './verified-connections.ts';

export interface ClientCertificateOptions {
  readonly source: ClientCaSource;
  /** Default `Date.now`. */
  readonly wallNow?: () => number;
  readonly log?: Log;
}

/** Key of the extra by which kube-apiserver tells which certificate it was (apiserver, pkg/authentication/request/x509). */
const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

/** Direct callers with a certificate of the client CA: CN is the user, every O a group, as kube-apiserver reads them. */
export function createClientCertificateAuthenticator(options: ClientCertificateOptions): Authenticator {
  return new ClientCertificateAuthenticator(options);
}

/** The client CA as it is now, and what it made of each connection's certificate. */
export class ClientCaTrust {
  readonly #source: ClientCaSource;
  readonly #connections: VerifiedConnections;
  #pem: string | undefined;
  #trust: TrustStore | undefined;

  constructor(
    source: ClientCaSource,
    wallNow: () => number,
    onRefused: (reason: string, request: RequestFacts) => void = () => undefined,
  ) {
    this.#source = source;
    this.#connections = new VerifiedConnections(wallNow, onRefused);
  }

  /** undefined: there is no client CA. `request` must carry a certificate. */
  verify(request: RequestFacts): VerifiedConnection | undefined {
    const pem = this.#source.clientCaPem;
    if (pem === undefined) return undefined;
    if (this.#trust === undefined || this.#pem !== pem) {
      this.#trust = new TrustStore(pem);
      this.#pem = pem;
    }
    return this.#connections.verify(request, this.#trust);
  }

  signed(request: RequestFacts): boolean {
    return this.verify(request)?.verdict.trusted === true;
  }
}

class ClientCertificateAuthenticator implements Authenticator {
  readonly #trust: ClientCaTrust;
  readonly #callers = new WeakMap<VerifiedConnection, { readonly caller: Caller | undefined }>();

  constructor(options: ClientCertificateOptions) {
    const log = options.log ?? silentLog;
    this.#trust = new ClientCaTrust(options.source, options.wallNow ?? Date.now, (reason, request) =>
      log.debug({ reason, remoteAddress: request.remoteAddress }, 'client certificate refused'),
    );
  }

  authenticate(request: RequestFacts): Caller | undefined {
    if (request.clientCertificates.length === 0) return undefined;
    const verified = this.#trust.verify(request);
    if (verified?.verdict.trusted !== true) return undefined;
    let known = this.#callers.get(verified);
    if (known === undefined) {
      known = { caller: callerOf(verified.verdict.leaf) };
      this.#callers.set(verified, known);
    }
    return known.caller;
  }
}

/** undefined: the certificate names nobody, or more than one (which of them counts would be a matter of taste). */
function callerOf({ subject, x509 }: Certificate): Caller | undefined {
  const [user, ...otherNames] = subject.commonNames;
  if (user === undefined || user === '' || otherNames.length > 0 || subject.uids.length > 1) return undefined;
  const fingerprint = x509.fingerprint256.replaceAll(':', '').toLowerCase();
  return {
    method: 'client-certificate',
    identity: {
      user,
      uid: subject.uids[0] ?? '',
      groups: subject.organizations,
      extra: [{ key: CREDENTIAL_ID, values: [`X509SHA256=${fingerprint}`] }],
    },
  };
}
