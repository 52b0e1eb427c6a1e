/** An agent without a cluster behind it: real enrolment, real TLS, real tunnels, and answers of its own. */
import { createHash } from 'node:crypto';
import { generateKey, privateKeyPem } from '../../src/pki/keys.ts';
import { createSigningRequest } from '../../src/pki/signing-request.ts';
import {
  dialTunnel,
  enroll,
  type AgentCredentials,
  type TunnelConnection,
} from '../../src/transport/index.ts';
import { MctunnelError } from '../../src/errors.ts';
import type { Accept, Open } from '../../src/tunnel/index.ts';

export const DOWNLOAD_BYTES = 8 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 'x');

export interface Trust {
  /** PEM of the hub's tunnel CA. */
  readonly caBundle: string;
}

/** Trades a token for credentials at one replica. Rejects with what the hub says. */
export async function enrollAt(
  port: number,
  token: string,
  cluster: string,
  trust: Trust,
): Promise<AgentCredentials> {
  const key = await generateKey();
  const { certificateChain } = await enroll({
    hub: { address: `127.0.0.1:${port}`, caBundle: trust.caBundle },
    ...{ token, cluster, clusterUid: '' },
    csr: createSigningRequest(key),
  });
  return { certificateChain, privateKey: privateKeyPem(key.privateKey) };
}

export interface InProcessAgent {
  readonly connection: TunnelConnection;
  /** Resolves with the reason when the session is over. */
  readonly closed: Promise<MctunnelError>;
  /** Opens that came. */
  readonly opens: readonly Open[];
}

/** One tunnel to one replica. */
export async function connectTo(
  port: number,
  credentials: AgentCredentials,
  trust: Trust,
  instanceId: string,
): Promise<InProcessAgent> {
  const opens: Open[] = [];
  let onClosed: (reason: MctunnelError) => void = () => undefined;
  const closed = new Promise<MctunnelError>((resolve) => (onClosed = resolve));
  const connection = await dialTunnel({
    hub: { address: `127.0.0.1:${port}`, caBundle: trust.caBundle },
    credentials,
    hello: { agentVersion: '0.0.0', instanceId, clusterUid: '', capabilities: ['http'] },
    accept: answering(opens),
    handlers: { closed: onClosed },
  });
  return { connection, closed, opens };
}

/**
 * `/hold` begins a watch that never ends, `/download` sends DOWNLOAD_BYTES as fast as they are taken, `/refused` is refused by policy, everything else
 * answers with the digest of the body that came.
 */
function answering(opens: Open[]): Accept {
  return (open, stream) => {
    opens.push(open);
    const path = open.path.split('?')[0] ?? '';
    const json = ['Content-Type', 'application/json'];
    if (path.endsWith('/refused')) {
      stream.reset(
        new MctunnelError('POLICY_DENIED', 'refused by the policy of the cluster', { hop: 'agent' }),
      );
      return { data: () => undefined, end: () => undefined, error: () => undefined };
    }
    const digest = createHash('sha256');
    let bytes = 0;
    let left = DOWNLOAD_BYTES;
    const pump = (): void => {
      while (left > 0) {
        left -= CHUNK.length;
        if (!stream.write(CHUNK)) return;
      }
      stream.end();
    };
    return {
      data: (chunk) => {
        digest.update(chunk);
        bytes += chunk.length;
        stream.take(chunk.length);
      },
      end: () => {
        if (path.endsWith('/hold')) {
          stream.sendHead({ status: 200, headers: json });
          stream.write(Buffer.from('{"type":"BOOKMARK","object":{}}\n'));
        } else if (path.endsWith('/download')) {
          stream.sendHead({ status: 200, headers: ['Content-Length', String(DOWNLOAD_BYTES)] });
          pump();
        } else {
          const body = Buffer.from(JSON.stringify({ bytes, sha256: digest.digest('hex') }));
          stream.sendHead({ status: 200, headers: [...json, 'Content-Length', String(body.length)] });
          stream.write(body);
          stream.end();
        }
      },
      drain: () => {
        if (path.endsWith('/download')) pump();
      },
      error: () => undefined,
    };
  };
}
