import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { User } from '../kubernetes/index.ts';
import type { Server } from './client.ts';
import { MctunnelProcess } from './mctunnel.ts';

export interface StandaloneHub {
  readonly process: MctunnelProcess;
  /** Its data folder, with the administrator's kubeconfig in it. */
  readonly dataDir: string;
  readonly gateway: Server;
  readonly tunnelPort: number;
  readonly opsPort: number;
  readonly admin: User;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly 'certificate-authority-data': string } }[];
  readonly users: readonly {
    readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string };
  }[];
}

/** A hub with nothing behind it but a folder. The caller stops the process. */
export async function startStandaloneHub(
  dataDir: string,
  args: readonly string[] = [],
  create = (hubArgs: readonly string[]) => new MctunnelProcess('hub', hubArgs),
): Promise<StandaloneHub> {
  const process = create([
    ...['--data-dir', dataDir],
    ...['--gateway-listen', '127.0.0.1:0'],
    ...['--tunnel-listen', '127.0.0.1:0'],
    ...['--ops-listen', '127.0.0.1:0'],
    ...['--drain-timeout', '5s'],
    ...args,
  ]);
  process.start();
  try {
    const ready = await process.logged('the hub is ready', 60_000);
    const kubeconfig = join(dataDir, 'admin.kubeconfig');
    const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
    const [cluster, user] = [clusters[0]?.cluster, users[0]?.user];
    if (cluster === undefined || user === undefined) throw new Error(`${kubeconfig} is not whole`);
    return {
      process,
      dataDir,
      gateway: { port: Number(ready['gateway']), ca: decoded(cluster['certificate-authority-data']) },
      tunnelPort: Number(ready['tunnel']),
      opsPort: Number(ready['ops']),
      admin: {
        name: 'admin',
        kubeconfig,
        credentials: {
          certificate: decoded(user['client-certificate-data']),
          key: decoded(user['client-key-data']),
        },
      },
    };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
