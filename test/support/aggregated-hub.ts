import { freePort, registerAggregation, type ControlPlane } from '../kubernetes/index.ts';
import { installation } from './manifests.ts';
import { MctunnelProcess } from './mctunnel.ts';

export interface RunningHub {
  readonly process: MctunnelProcess;
  readonly gatewayPort: number;
  readonly tunnelPort: number;
  /** PEM of the CA that signed the gateway's certificate. */
  readonly gatewayCa: string;
}

/**
 * Installs the hub's manifests in a control plane, starts `mctunnel hub` with exactly its service account's rights, and registers it as the
 * APIService. The caller stops the process.
 */
export async function startAggregatedHub(
  plane: ControlPlane,
  args: readonly string[] = [],
): Promise<RunningHub> {
  await plane.apply(await installation('hub'));
  return runAggregatedHub(plane, args);
}

/** The same in a control plane that has the hub's manifests, but neither its Service nor its APIService. */
export async function runAggregatedHub(
  plane: ControlPlane,
  args: readonly string[] = [],
): Promise<RunningHub> {
  const account = await plane.serviceAccount('mctunnel-system', 'mctunnel-hub');
  const gatewayPort = await freePort();
  const tunnelPort = await freePort();
  const process = new MctunnelProcess('hub', [
    ...['--kubeconfig', account.kubeconfig],
    ...['--gateway-listen', `127.0.0.1:${gatewayPort}`],
    ...['--tunnel-listen', `127.0.0.1:${tunnelPort}`],
    ...['--ops-listen', '127.0.0.1:0'],
    ...['--advertise', 'localhost,127.0.0.1'],
    ...['--drain-timeout', '5s'],
    ...args,
  ]);
  process.start();
  try {
    await process.logged('the hub is ready');
    const gatewayCa = await authorityCertificate(plane, 'gateway-serving');
    await registerAggregation(plane, { port: gatewayPort, caBundle: gatewayCa });
    return { process, gatewayPort, tunnelPort, gatewayCa };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

/** PEM of a CA that the hubs of this control plane share. */
export async function authorityCertificate(
  plane: ControlPlane,
  name: string,
  namespace = 'mctunnel-system',
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/secrets/mctunnel-ca-${name}`;
  const { data } = JSON.parse((await plane.request('GET', path)).body) as { data: Record<string, string> };
  return Buffer.from(data['ca.crt'] ?? '', 'base64').toString();
}
