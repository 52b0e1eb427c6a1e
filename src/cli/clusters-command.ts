import { Command } from 'commander';
import { setting, values } from '../config/index.ts';
import { MctunnelError } from '../errors.ts';
import { yamlText } from '../lib/yaml-text.ts';
import type { ClusterStatus } from '../registry/ports.ts';
import {
  ClusterFeed,
  readAll,
  type Cluster,
  type ClusterChange,
  type ClusterSnapshot,
} from './cluster-feed.ts';
import { HubClient, hubClientSettings, type HubClientConfig } from './hub-client.ts';
import { CLUSTERS_PATH, REGISTRATIONS_PATH } from './paths.ts';
import { clusterNameOperand, withSettings } from './settings-command.ts';
import { formatAge, formatTable } from './table.ts';
import { UsageError } from './usage-error.ts';

/** Questions for live counts that run at once. */
const CONCURRENT_QUESTIONS = 16;

/** `clusters/{name}/health?probe=false` of the connected clusters that the caller may ask for, by name. */
type LiveStates = ReadonlyMap<string, { readonly streams: number; readonly tunnelRoundTripMs?: number }>;

const listSettings = {
  output: setting(values.oneOf('table', 'wide', 'json', 'yaml'), 'table, wide, json or yaml', {
    placeholder: 'FORMAT',
    default: 'table',
  }),
  watch: setting(
    values.toggle,
    'after the list, print each change (table and wide: the changed row; json: one object a line)',
    {
      default: 'false',
    },
  ),
  ...hubClientSettings,
} as const;

export function clustersCommand(): Command {
  const command = new Command('clusters').description(
    'list the clusters and their state; delete, pause or resume one',
  );
  withSettings(command, listSettings, async ({ output, watch, ...config }) => {
    await withHub(config, (client) => list(client, output, watch));
  });
  command.addOption(command.createOption('-o <FORMAT>', 'short for --output'));
  command.hook('preAction', (_, action) => {
    const short = action.opts<{ o?: string }>().o;
    if (short !== undefined) action.setOptionValue('output', short);
  });
  command.addCommand(
    single(
      'delete',
      "delete a cluster's registration: its agent's certificate is refused from then on",
      async (client, name) => {
        await client.call('DELETE', `${REGISTRATIONS_PATH}/${name}`);
        return `cluster "${name}" deleted`;
      },
    ),
  );
  command.addCommand(
    single('pause', 'close the tunnels of a cluster and let it make no new ones', setPaused(true, 'paused')),
  );
  command.addCommand(single('resume', 'let a paused cluster connect again', setPaused(false, 'resumed')));
  return command;
}

function single(
  verb: string,
  description: string,
  act: (client: HubClient, name: string) => Promise<string>,
): Command {
  const command = new Command(verb).description(description).argument('<NAME>', 'the cluster');
  return withSettings(command, hubClientSettings, async (config, operands) => {
    const name = clusterNameOperand(operands[0] ?? '');
    await withHub(config, async (client) => {
      process.stdout.write(`${await act(client, name)}\n`);
    });
  });
}

function setPaused(paused: boolean, done: string) {
  return async (client: HubClient, name: string): Promise<string> => {
    await client.call(
      'PATCH',
      `${REGISTRATIONS_PATH}/${name}`,
      { spec: { paused } },
      'application/merge-patch+json',
    );
    return `cluster "${name}" ${done}`;
  };
}

async function withHub(config: HubClientConfig, act: (client: HubClient) => Promise<void>): Promise<void> {
  const client = await HubClient.create(config);
  try {
    await act(client);
  } finally {
    await client.close();
  }
}

type Output = 'table' | 'wide' | 'json' | 'yaml';

async function list(client: HubClient, output: Output, watch: boolean): Promise<void> {
  if (watch && output === 'yaml')
    throw new UsageError(['--watch: yaml cannot be watched; use json or a table']);
  const snapshot = await readAll(client);
  const { items, resourceVersion } = snapshot;
  if (output === 'json' || output === 'yaml') {
    const whole = {
      apiVersion: 'gateway.mctunnel.io/v1',
      kind: 'ClusterList',
      metadata: { resourceVersion },
      items,
    };
    process.stdout.write(output === 'json' ? `${JSON.stringify(whole, null, 2)}\n` : yamlText(whole));
  } else if (items.length === 0 && !watch) {
    process.stderr.write(
      'No clusters are registered; "mctunnel token create --cluster NAME" registers one.\n',
    );
  } else {
    process.stdout.write(render(items, await liveStates(client, items), output));
  }
  if (watch && output !== 'yaml') await follow(client, snapshot, output);
}

/** Prints every change from then on, until SIGINT or SIGTERM. */
async function follow(
  client: HubClient,
  since: ClusterSnapshot,
  output: Exclude<Output, 'yaml'>,
): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
    // Also what else it waits for.
    void client.close();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const print = async (change: ClusterChange): Promise<void> => {
    if (output === 'json') {
      process.stdout.write(`${JSON.stringify(change)}\n`);
      return;
    }
    const changed = [change.object];
    const rows = render(changed, await liveStates(client, changed), output);
    process.stdout.write(rows.split('\n').slice(1).join('\n'));
  };
  const feed = new ClusterFeed({
    client,
    since,
    onChange: print,
    onOutage: ({ message }) => {
      process.stderr.write(
        `mctunnel: the hub is not there (${message}); going on from the last change as soon as it is back\n`,
      );
    },
    signal: controller.signal,
    random: Math.random,
  });
  await feed.run();
}

function connectedOf({ status }: Cluster) {
  return status?.conditions?.find(({ type }) => type === 'Connected');
}

/** A cluster of which the hub tells nothing (no right to `clusters/health`, deleted meanwhile) is left out. */
async function liveStates(client: HubClient, clusters: readonly Cluster[]): Promise<LiveStates> {
  const states = new Map<string, { streams: number; tunnelRoundTripMs?: number }>();
  const names = clusters
    .filter((cluster) => connectedOf(cluster)?.status === 'True')
    .map(({ metadata }) => metadata.name)
    .values();
  const ask = async (): Promise<void> => {
    for (const name of names) {
      try {
        const health = await client.call('GET', `${CLUSTERS_PATH}/${name}/health?probe=false`);
        states.set(name, (health as { status: { streams: number; tunnelRoundTripMs?: number } }).status);
      } catch (error) {
        if (!(error instanceof MctunnelError)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_QUESTIONS }, ask));
  return states;
}

function render(clusters: readonly Cluster[], live: LiveStates, output: 'table' | 'wide'): string {
  const nowMs = Date.now();
  const heads = ['NAME', 'CONNECTED', 'SINCE', 'AGENT', 'KUBERNETES', 'ROUND TRIP', 'STREAMS', 'LAST REASON'];
  const wide = ['SESSIONS', 'REMOTE ADDRESS', 'CERTIFICATE UNTIL', 'CLUSTER UID', 'NOT TRUE'];
  const rows = clusters.map((cluster) => {
    const status = cluster.status ?? {};
    const session = status.sessions?.[0];
    const connected = connectedOf(cluster);
    const now = live.get(cluster.metadata.name);
    const roundTrip = now?.tunnelRoundTripMs ?? session?.roundTripMs;
    const row = [
      cluster.metadata.name,
      cluster.spec?.paused === true ? 'Paused' : (connected?.status ?? 'False'),
      connected === undefined ? 'never' : formatAge(connected.lastTransitionTime, nowMs),
      session?.agentVersion ?? '',
      status.kubernetesVersion ?? '',
      roundTrip === undefined ? '' : `${roundTrip.toFixed(1)}ms`,
      now === undefined ? '' : String(now.streams),
      connected?.status === 'True' ? '' : (status.lastDisconnect?.message ?? connected?.message ?? ''),
    ];
    if (output !== 'wide') return row;
    return [
      ...row,
      String(status.sessions?.length ?? 0),
      session?.remoteAddress ?? '',
      status.certificate?.notAfter ?? '',
      status.clusterUID ?? '',
      notTrue(status),
    ];
  });
  return formatTable(output === 'wide' ? [...heads, ...wide] : heads, rows);
}

/** Each condition that is not True, with its reason: `APIServerReachable=False (Unreachable: connection refused)`. */
function notTrue({ conditions = [] }: ClusterStatus): string {
  return conditions
    .filter(({ status }) => status !== 'True')
    .map(({ type, status, reason, message }) => `${type}=${status} (${reason}: ${message})`)
    .join('; ');
}
