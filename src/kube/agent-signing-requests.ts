import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { MctunnelError } from '../errors.ts';
import {
  type AgentSigningRequest,
  type ApprovedRequest,
  parseSigningRequest,
  type SigningRequests,
} from '../pki/index.ts';
import { callJson, found } from './json-call.ts';
import type { RawClient } from './raw-client.ts';

export interface AgentSigningRequestsOptions {
  readonly raw: Pick<RawClient, 'request'>;
  /** `manual`: a person approves the request of an agent that enrols; renewals are always approved. */
  readonly approve: 'auto' | 'manual';
  /** Of the certificates. */
  readonly lifetimeMs: number;
}

/** Never one of Kubernetes' own: what this signer signs is worth nothing at any API server. */
const SIGNER = 'mctunnel.io/agent';
const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const CLUSTER_LABEL = 'mctunnel.io/cluster';
const UID_ANNOTATION = 'mctunnel.io/registration-uid';
/** The API server allows no less; the signer may grant less than was asked for. */
const MIN_EXPIRATION_SECONDS = 600;
/** An agent whose request waits for a person asks again after this long. */
const PENDING_RETRY_SECONDS = 5;
/** Replicas and approvers take turns. */
const MAX_ATTEMPTS = 10;
/** Requests of one key whose certificates became unusable. */
const MAX_GENERATIONS = 20;

interface Condition {
  readonly type: string;
  readonly message?: string;
}

interface RequestObject {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  /** `request` is base64 of PEM. */
  readonly spec: { readonly request: string; readonly signerName: string };
  /** `certificate` is base64 of PEM. */
  readonly status?: { readonly conditions?: readonly Condition[]; readonly certificate?: string };
}

/** Every certificate of an agent is a CertificateSigningRequest first: who got one, why, when and who approved it stands in the cluster and its audit log. */
export class AgentSigningRequests implements SigningRequests {
  readonly #options: AgentSigningRequestsOptions;

  constructor(options: AgentSigningRequestsOptions) {
    this.#options = options;
  }

  get isByHand(): boolean {
    return this.#options.approve === 'manual';
  }

  async approve(request: AgentSigningRequest): Promise<ApprovedRequest> {
    for (let generation = 0; generation < MAX_GENERATIONS; generation++) {
      const name = nameOf(request, generation);
      const object = await this.#opened(name, request);
      checkSame(object, request);
      const issued = certificateOf(object);
      if (issued !== undefined && !request.isUsable(issued)) continue;
      const approved = issued === undefined ? await this.#decided(object, request) : object;
      return { issued, record: (certificate) => this.#record(approved, certificate) };
    }
    throw new MctunnelError('INTERNAL', `too many requests of the same key for cluster ${request.cluster}`);
  }

  /** The one that is there, or a new one. */
  async #opened(name: string, request: AgentSigningRequest): Promise<RequestObject> {
    const present = await this.#get(name);
    if (present !== undefined) return present;
    const { cluster, uid, csr, reason, remoteAddress } = request;
    const why =
      reason.kind === 'token'
        ? { 'mctunnel.io/token': reason.tokenId }
        : { 'mctunnel.io/renews': reason.serial };
    try {
      return (await callJson(this.#options.raw, 'POST', COLLECTION, {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: {
          name,
          labels: { 'app.kubernetes.io/name': 'mctunnel', [CLUSTER_LABEL]: cluster },
          annotations: { [UID_ANNOTATION]: uid, 'mctunnel.io/remote-address': remoteAddress, ...why },
        },
        spec: {
          request: Buffer.from(requestPem(csr)).toString('base64'),
          signerName: SIGNER,
          expirationSeconds: Math.max(MIN_EXPIRATION_SECONDS, Math.ceil(this.#options.lifetimeMs / 1_000)),
          usages: ['digital signature', 'client auth'],
        },
      })) as RequestObject;
    } catch (error) {
      const other =
        error instanceof MctunnelError && error.code === 'ALREADY_EXISTS' ? await this.#get(name) : undefined;
      if (other === undefined) throw asInternal(error);
      return other;
    }
  }

  /** Approved, by us or by a person. */
  async #decided(first: RequestObject, request: AgentSigningRequest): Promise<RequestObject> {
    const { name } = first.metadata;
    let object = first;
    for (let attempt = 1; ; attempt++) {
      if (isDecided(object, request.cluster)) return object;
      if (this.#options.approve === 'manual' && request.reason.kind === 'token') throw pending(name);
      const conditions = [
        ...(object.status?.conditions ?? []),
        {
          type: 'Approved',
          status: 'True',
          reason: request.reason.kind === 'token' ? 'BootstrapToken' : 'Renewal',
          message:
            request.reason.kind === 'token'
              ? `the agent showed the bootstrap token ${request.reason.tokenId}`
              : `the agent showed its certificate ${request.reason.serial}`,
        },
      ];
      try {
        return await this.#put(`${COLLECTION}/${name}/approval`, {
          ...object,
          status: { ...object.status, conditions },
        });
      } catch (error) {
        object = await this.#afterConflict(name, error, attempt);
      }
    }
  }

  async #record(first: RequestObject, certificate: X509Certificate): Promise<X509Certificate> {
    const { name } = first.metadata;
    let object = first;
    for (let attempt = 1; ; attempt++) {
      const present = certificateOf(object);
      if (present !== undefined) return present;
      const status = {
        ...object.status,
        certificate: Buffer.from(certificate.toString()).toString('base64'),
      };
      try {
        await this.#put(`${COLLECTION}/${name}/status`, { ...object, status });
        return certificate;
      } catch (error) {
        object = await this.#afterConflict(name, error, attempt);
      }
    }
  }

  async #afterConflict(name: string, error: unknown, attempt: number): Promise<RequestObject> {
    const isConflict = error instanceof MctunnelError && error.code === 'CONFLICT';
    const object = isConflict && attempt < MAX_ATTEMPTS ? await this.#get(name) : undefined;
    if (object === undefined) throw asInternal(error);
    return object;
  }

  async #get(name: string): Promise<RequestObject | undefined> {
    try {
      return await found(
        callJson(this.#options.raw, 'GET', `${COLLECTION}/${name}`) as Promise<RequestObject>,
      );
    } catch (error) {
      throw asInternal(error);
    }
  }

  async #put(path: string, object: object): Promise<RequestObject> {
    return (await callJson(this.#options.raw, 'PUT', path, object)) as RequestObject;
  }
}

/** The same for the same key and registration, so that an agent that asks again, at whichever replica, finds its own request. */
function nameOf({ cluster, uid, publicKey }: AgentSigningRequest, generation: number): string {
  const hash = createHash('sha256').update(`${uid} `).update(spki(publicKey)).digest('hex').slice(0, 16);
  return `mctunnel-agent-${cluster}-${hash}${generation === 0 ? '' : `-${generation}`}`;
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function requestPem(csr: Buffer): string {
  const lines = csr.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** Somebody may have made an object of that name before: what was approved there must be what is signed here. Throws INTERNAL. */
function checkSame(object: RequestObject, { cluster, uid, publicKey }: AgentSigningRequest): void {
  const { metadata, spec } = object;
  let isSame = spec.signerName === SIGNER && metadata.labels?.[CLUSTER_LABEL] === cluster;
  isSame &&= metadata.annotations?.[UID_ANNOTATION] === uid;
  try {
    const pem = Buffer.from(spec.request, 'base64').toString('utf8');
    const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    isSame &&= parseSigningRequest(der).equals(publicKey);
  } catch {
    isSame = false;
  }
  if (isSame) return;
  throw new MctunnelError(
    'INTERNAL',
    `the CertificateSigningRequest ${metadata.name} is not what this hub makes for cluster ${cluster}; look who made it, and delete it`,
  );
}

/** Throws FORBIDDEN when it was denied. */
function isDecided({ metadata, status }: RequestObject, cluster: string): boolean {
  const conditions = status?.conditions ?? [];
  const denied = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (denied !== undefined) {
    throw new MctunnelError(
      'FORBIDDEN',
      `the request of an agent of cluster ${cluster} for a certificate was denied (CertificateSigningRequest ${metadata.name}): ${denied.message ?? ''}`,
      { statusCause: 'ApprovalDenied' },
    );
  }
  return conditions.some(({ type }) => type === 'Approved');
}

function pending(name: string): MctunnelError {
  return new MctunnelError(
    'TOO_MANY_REQUESTS',
    `an administrator of the hub must approve this agent: kubectl certificate approve ${name}`,
    { statusCause: 'ApprovalPending', retryAfterSeconds: PENDING_RETRY_SECONDS },
  );
}

function certificateOf({ metadata, status }: RequestObject): X509Certificate | undefined {
  if (status?.certificate === undefined || status.certificate === '') return undefined;
  try {
    return new X509Certificate(Buffer.from(status.certificate, 'base64'));
  } catch (error) {
    throw new MctunnelError('INTERNAL', `the certificate in ${metadata.name} cannot be read`, {
      cause: error,
    });
  }
}

/** The API server's refusals are the hub's own trouble, not what the agent did. */
function asInternal(thrown: unknown): MctunnelError {
  const error = MctunnelError.from(thrown);
  if (error.code === 'INTERNAL') return error;
  return new MctunnelError('INTERNAL', `CertificateSigningRequest: ${error.message}`, { cause: error });
}
