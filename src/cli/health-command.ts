import { Command } from 'commander';
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

interface Row {
  readonly cells: readonly string[];
  readonly healthy: boolean;
}

/** Probes that run at once: a probe of a dead cluster may take its whole timeout. */
const CONCURRENT_PROBES = 16;

export function healthCommand(): Command {
  const command = new Command('health')
    .description('probe clusters through their tunnels; exit status 1 when one fails')
    .argument('[NAME...]', 'the clusters (default: all)');
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

async function probe(client: HubClient, name: string): Promise<Row> {
  let installed = 'False';
  let available = 'False';
  try {
    const cluster = (await client.call('GET', `${CLUSTERS_PATH}/${name}`)) as {
      status?: { clusterUID?: string; conditions?: readonly { type: string; status: string }[] };
    };
    installed = cluster.status?.clusterUID === undefined ? 'False' : 'True';
    available =
      cluster.status?.conditions?.find((condition) => condition.type === 'Connected')?.status ?? 'False';
    const { status } = (await client.call('GET', `${CLUSTERS_PATH}/${name}/health`)) as ClusterHealth;
    const health =
      status.httpStatus === undefined
        ? 'unreachable'
        : `${status.httpStatus === 200 ? 'ok' : 'failed'} (${status.httpStatus})`;
    return {
      cells: [
        name,
        installed,
        available,
        health,
        milliseconds(status.tunnelRoundTripMs),
        milliseconds(status.apiServerMs),
        status.message ?? '',
      ],
      healthy: status.reachable && status.httpStatus === 200,
    };
  } catch (error) {
    return {
      cells: [
        name,
        installed,
        available,
        'unreachable',
        '',
        '',
        error instanceof Error ? error.message : String(error),
      ],
      healthy: false,
    };
  }
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(1)}ms`;
}
