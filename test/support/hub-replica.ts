import { freePort, type ControlPlane } from '../kubernetes/index.ts';
import { MctunnelProcess } from './mctunnel.ts';

/** One of the hubs that share a hub cluster. */
export interface Replica {
  readonly name: string;
  readonly process: MctunnelProcess;
  /** Ports, the same after a restart. */
  readonly gateway: number;
  readonly tunnel: number;
}

/** Not started; the caller stops the process. The hub's manifests must be installed. */
export async function newReplica(
  plane: ControlPlane,
  name: string,
  drainTimeout: string,
  args: readonly string[] = [],
): Promise<Replica> {
  const account = await plane.serviceAccount('mctunnel-system', 'mctunnel-hub');
  const [gateway, tunnel] = [await freePort(), await freePort()];
  const process = new MctunnelProcess('hub', [
    ...['--kubeconfig', account.kubeconfig, '--replica-name', name, '--peer-host', '127.0.0.1'],
    ...['--gateway-listen', `127.0.0.1:${gateway}`, '--tunnel-listen', `127.0.0.1:${tunnel}`],
    ...['--ops-listen', '127.0.0.1:0', '--advertise', 'localhost,127.0.0.1'],
    ...['--drain-timeout', drainTimeout, ...args],
  ]);
  return { name, process, gateway, tunnel };
}
