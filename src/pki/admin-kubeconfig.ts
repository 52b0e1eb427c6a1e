import { createPublicKey, X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { MctunnelError } from '../errors.ts';
import { readBounded } from '../lib/bounded-file.ts';
import { fileProblem, hasCode, writeAtomic } from '../lib/files.ts';
import { yamlText } from '../lib/yaml-text.ts';
import type { Authority } from './authority.ts';
import { DAY_MS } from './dates.ts';

const MAX_FILE_BYTES = 262_144;
const ADMIN_LIFETIME_MS = 365 * DAY_MS;
/** A kubeconfig that has less left is written anew at the hub's start. */
const RENEW_BEFORE_MS = 90 * DAY_MS;

export interface AdminKubeconfigOptions {
  readonly path: string;
  /** `https://HOST:PORT` of the gateway. */
  readonly server: string;
  /** PEM by which the gateway's certificate is verified. */
  readonly caBundle: string;
  /** `gateway-client`. */
  readonly authority: Pick<Authority, 'issueUser' | 'trusted'>;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
}

/**
 * Writes the administrator's kubeconfig (mode 0600; user `admin`, group `system:masters`, a client certificate) where there is none, or where
 * server or CA are others by now, or its certificate is near its end. Returns whether it wrote. Throws MctunnelError INTERNAL: cannot be read or written.
 */
export async function writeAdminKubeconfig(options: AdminKubeconfigOptions): Promise<boolean> {
  const { path, server, caBundle, authority } = options;
  const now = (options.wallNow ?? Date.now)();
  let present: string | undefined;
  try {
    present = (await readBounded(path, MAX_FILE_BYTES)).toString('utf8');
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) {
      throw new MctunnelError('INTERNAL', fileProblem('read', path, error), { cause: error });
    }
  }
  if (present !== undefined && isCurrent(present, options, now)) return false;
  const leaf = await authority.issueUser('admin', ['system:masters'], ADMIN_LIFETIME_MS);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'mctunnel', cluster: { server, 'certificate-authority-data': base64(caBundle) } }],
    users: [
      {
        name: 'mctunnel-admin',
        user: {
          'client-certificate-data': base64(leaf.certificate.toString()),
          'client-key-data': base64(leaf.privateKey),
        },
      },
    ],
    contexts: [{ name: 'mctunnel', context: { cluster: 'mctunnel', user: 'mctunnel-admin' } }],
    'current-context': 'mctunnel',
  };
  try {
    await writeAtomic(path, yamlText(config), { mode: 0o600 });
  } catch (error) {
    throw new MctunnelError('INTERNAL', fileProblem('write', path, error), { cause: error });
  }
  return true;
}

/** The parts of the file that we compare; anything else in it makes it not ours, and it is written anew. */
interface OwnKubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly {
    readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string };
  }[];
}

function isCurrent(text: string, options: AdminKubeconfigOptions, now: number): boolean {
  try {
    const config = parse(text) as OwnKubeconfig;
    const cluster = config.clusters[0]?.cluster;
    const user = config.users[0]?.user;
    if (cluster === undefined || user === undefined) return false;
    const certificate = new X509Certificate(Buffer.from(user['client-certificate-data'], 'base64'));
    const key = createPublicKey(Buffer.from(user['client-key-data'], 'base64'));
    return (
      cluster.server === options.server &&
      Buffer.from(cluster['certificate-authority-data'], 'base64').toString() === options.caBundle &&
      certificate.publicKey.equals(key) &&
      // By the one that signs now: the others may leave.
      certificate.verify(options.authority.trusted[0].publicKey) &&
      certificate.validToDate.getTime() > now + RENEW_BEFORE_MS
    );
  } catch {
    // Whatever is there cannot be used as it is.
    return false;
  }
}
