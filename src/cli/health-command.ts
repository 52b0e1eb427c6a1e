import { Command } from 'commander';
import { MctunnelError } from '../errors.ts';
import { HubClient, hubClientSettings } from './hub-client.ts';
import { CLUSTERS_PATH } from './paths.ts';
import { clusterNameOperand, withSettings } from './settings-command.ts';
import { formatTable } from './table.ts';

/** `clusters/{name}/health`. */
interface ClusterHealth {
  readonly status: {
    readonly reachable: boolean;
    readonly httpStatus?: number;
    readonly tunnelRoundTripMs?: number;
    readonly apiServerMs?: number;
    readonly message?: string;
  };
}

/** A Cluster, as far as it matters here. */
interface ClusterState {
  readonly status?: {
    readonly clusterUID?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: Claim }[];
  };
}

interface Row {
  readonly cells: readonly string[];
  readonly healthy: boolean;
}

/** Probes that run at once: a probe of a dead cluster may take its whole timeout. */
const CONCURRENT_PROBES = 16;

export function healthCommand(): Command {
  const command = new Command('health')
    .description('probe clusters through their tunnels; exit status 1 when one fails')
    .argument('[NAME...]', 'the clusters (default: all)')
    .addHelpText(
      'after',
      `
Columns:
  INSTALLED   an agent of the cluster has connected, now or at any time
  AVAILABLE   the probe reached the cluster's API server, and an answer came back
  HEALTH      what that answered: ok or failed, with its status; else unreachable
  TUNNEL, APISERVER   how long each of the two took
INSTALLED and AVAILABLE are True, False, or Unknown: the hub could not be asked, or does not say.`,
    );
  return withSettings(command, hubClientSettings, async (config, operands) => {
    const named = operands.map(clusterNameOperand);
    const client = await HubClient.create(config);
    try {
      const names = named.length > 0 ? named : await allNames(client);
      const rows: Row[] = [];
      for (let i = 0; i < names.length; i += CONCURRENT_PROBES) {
        rows.push(
          ...(await Promise.all(names.slice(i, i + CONCURRENT_PROBES).map((name) => probe(client, name)))),
        );
      }
      const heads = ['NAME', 'INSTALLED', 'AVAILABLE', 'HEALTH', 'TUNNEL', 'APISERVER', 'MESSAGE'];
      process.stdout.write(
        formatTable(
          heads,
          rows.map((row) => row.cells),
        ),
      );
      if (rows.some((row) => !row.healthy)) process.exitCode = 1;
    } finally {
      await client.close();
    }
  });
}

async function allNames(client: HubClient): Promise<readonly string[]> {
  const { items } = (await client.call('GET', CLUSTERS_PATH)) as {
    items: readonly { metadata: { name: string } }[];
  };
  return items.map((item) => item.metadata.name);
}

/** As in a Kubernetes condition. Unknown: nobody could be asked. */
type Claim = 'True' | 'False' | 'Unknown';

async function probe(client: HubClient, name: string): Promise<Row> {
  const path = `${CLUSTERS_PATH}/${name}`;
  let installed: Claim = 'Unknown';
  let isConnected: Claim = 'Unknown';
  try {
    const cluster = await lookAt(client, path);
    if (cluster !== undefined) {
      const { status = {} } = cluster;
      installed = status.clusterUID === undefined ? 'False' : 'True';
      isConnected = status.conditions?.find(({ type }) => type === 'Connected')?.status ?? 'False';
    }
    return found(name, installed, (await client.call('GET', `${path}/health`)) as ClusterHealth);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isNone = error instanceof MctunnelError && error.code === 'NOT_FOUND';
    if (isNone) installed = 'False';
    // Without a tunnel nothing gets through, whether the probe may be asked for or not.
    const isUnavailable = isNone || isConnected === 'False';
    return {
      cells: [
        name,
        installed,
        isUnavailable ? 'False' : 'Unknown',
        isUnavailable ? 'unreachable' : 'unknown',
        ...['', '', message],
      ],
      healthy: false,
    };
  }
}

/** undefined: the caller may not. Who may ask for a probe need not have the right to look at the cluster. */
async function lookAt(client: HubClient, path: string): Promise<ClusterState | undefined> {
  try {
    return (await client.call('GET', path)) as ClusterState;
  } catch (error) {
    if (error instanceof MctunnelError && error.code === 'FORBIDDEN') return undefined;
    throw error;
  }
}

function found(name: string, installed: Claim, { status }: ClusterHealth): Row {
  const { reachable, httpStatus, message = '' } = status;
  const isOk = reachable && httpStatus === 200;
  const health = httpStatus === undefined ? 'unreachable' : `${isOk ? 'ok' : 'failed'} (${httpStatus})`;
  const available: Claim = reachable ? 'True' : 'False';
  const times = [milliseconds(status.tunnelRoundTripMs), milliseconds(status.apiServerMs)];
  // What answered came through an agent.
  const claimed = reachable ? 'True' : installed;
  return { cells: [name, claimed, available, health, ...times, message], healthy: isOk };
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(1)}ms`;
}
