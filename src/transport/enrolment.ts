import type { ServiceError } from '@grpc/grpc-js';
import { MctunnelError } from '../errors.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { cancelled } from './client.ts';
import { explainStatus, timedOut } from './dial-error.ts';
import { openChannel } from './hub-channel.ts';
import type { AgentCredentials, HubAddress } from './options.ts';
import type { Enrollment, IssuedCredentials } from './ports.ts';
import {
  decodeEnrollResponse,
  decodeRenewResponse,
  encodeEnrollRequest,
  encodeRenewRequest,
  TUNNEL_SERVICE,
} from './service.ts';

/** Longer than a dial's: the hub may wait for an approver. */
const DEFAULT_TIMEOUT_MS = 30_000;

export interface UnaryOptions {
  readonly hub: HubAddress;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly wallNow?: () => number;
}

export interface EnrollOptions extends UnaryOptions {
  readonly token: string;
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
  /** uid of the member's `kube-system` namespace; empty when unknown. */
  readonly clusterUid: string;
  /** The name that this agent was started with: a token for another one is refused, unused. Empty: whatever the token says. */
  readonly cluster: string;
}

export interface RenewOptions extends UnaryOptions {
  /** The certificate that is still valid. */
  readonly credentials: AgentCredentials;
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
}

/** Trades a bootstrap token for a certificate, once the hub's certificate is verified. Rejects as `dialTunnel` does. */
export async function enroll(options: EnrollOptions): Promise<Enrollment> {
  const { token, csr, clusterUid, cluster } = options;
  const bytes = encodeEnrollRequest({ token, csr, clusterUid, cluster });
  const issued = await unary(options, undefined, 'enroll', bytes, decodeEnrollResponse);
  return {
    certificateChain: issued.certificateChain,
    caBundle: issued.caBundle,
    cluster: issued.cluster,
  };
}

/** The next certificate. Rejects as `dialTunnel` does. */
export async function renew(options: RenewOptions): Promise<IssuedCredentials> {
  const bytes = encodeRenewRequest({ csr: options.csr });
  const answer = await unary(options, options.credentials, 'renew', bytes, decodeRenewResponse);
  return { certificateChain: answer.certificateChain, caBundle: answer.caBundle };
}

function unary<T>(
  options: UnaryOptions,
  credentials: AgentCredentials | undefined,
  method: 'enroll' | 'renew',
  bytes: Buffer,
  decode: (bytes: Buffer) => T,
): Promise<T> {
  const { signal } = options;
  const clock = options.clock ?? systemClock;
  const channel = openChannel(options.hub, credentials, options.wallNow ?? Date.now);
  const { path, requestSerialize, responseDeserialize } = TUNNEL_SERVICE[method];
  return new Promise<T>((resolve, reject) => {
    const finish = (settle: () => void): void => {
      timer.cancel();
      signal?.removeEventListener('abort', cancel);
      settle();
      channel.destroy();
    };
    const cancel = (): void => finish(() => reject(cancelled(signal)));
    const timer = clock.after(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, () =>
      finish(() => reject(timedOut(channel.facts, channel.phase))),
    );
    const onAnswer = (error: ServiceError | null, answer?: Buffer): void => {
      finish(() => {
        if (error !== null) reject(explainStatus(error, channel.socketError, channel.facts));
        else resolve(decodeAnswer(decode, answer ?? Buffer.alloc(0), options.hub.address));
      });
    };
    channel.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, bytes, onAnswer);
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
  });
}

function decodeAnswer<T>(decode: (bytes: Buffer) => T, bytes: Buffer, address: string): T | Promise<never> {
  try {
    return decode(bytes);
  } catch (cause) {
    return Promise.reject(
      new MctunnelError('PROTOCOL', `the hub at ${address} sent a malformed answer`, { cause, hop: 'agent' }),
    );
  }
}
