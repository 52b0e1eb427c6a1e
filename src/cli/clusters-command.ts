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
  type Selection,
} from './cluster-feed.ts';
import { HubClient, hubClientSettings, type HubClientConfig } from './hub-client.ts';
import { CLUSTERS_PATH, REGISTRATIONS_PATH } from './paths.ts';
import { clusterNameOperand, withSettings } from './settings-command.ts';
import { formatAge, formatTable, shortened } from './table.ts';
import { UsageError } from './usage-error.ts';

/** Questions for live counts that run at once. */
const CONCURRENT_QUESTIONS = 16;
/** Of LAST REASON in the plain table: what the hub itself says fits, and what an agent said (up to 1,024) makes no row of many lines. */
const MAX_REASON_CHARS = 160;

/** `clusters/{name}/health?probe=false` of the connected clusters that the caller may ask for, by name. */
type LiveStates = ReadonlyMap<string, { readonly streams: number; readonly tunnelRoundTripMs?: number }>;

const listSettings = {
  output: setting(values.oneOf('table', 'wide', 'json', 'yaml'), 'table, wide, json or yaml', {
    placeholder: 'FORMAT',
    short: 'o',
    default: 'table',
  }),
  watch: setting(
    values.toggle,
    'after the list, print each change (table and wide: the changed row; json: one object a line)',
    {
      short: 'w',
      default: 'false',
    },
  ),
  selector: setting(
    values.selector.optional(),
    'only the clusters with these labels, as kubectl writes it: region=eu,tier!=test',
    {
      placeholder: 'SELECTOR',
      short: 'l',
    },
  ),
  ...hubClientSettings,
} as const;

export function clustersCommand(): Command {
  const command = new Command('clusters').description(
    'list the clusters and their state; delete, pause or resume one',
  );
  command.argument('[NAME...]', 'only these clusters (one called delete, pause or resume: --selector)');
  withSettings(command, listSettings, async ({ output, watch, selector = '', ...config }, operands) => {
    const names = [...new Set(operands.map(clusterNameOperand))];
    const problems = [
      ...(watch && output === 'yaml' ? ['--watch: yaml cannot be watched; use json or a table'] : []),
      ...(names.length > 0 && selector !== '' ? ['--selector: clusters are named already'] : []),
      ...(names.length > 1 && watch ? ['--watch: name one cluster, or none'] : []),
    ];
    if (problems.length > 0) throw new UsageError(problems);
    await withHub(config, (client) => list(client, { names, selector, output, watch }));
  });
  command.addCommand(
    single(
      'delete',
      "delete a cluster's registration: its agent's certificate is refused from then on",
      async (client, name) => {
        const answer = await client.call('DELETE', `${REGISTRATIONS_PATH}/${name}`);
        // The object itself, and no Status, is what the API answers while it is still there.
        const { finalizers = [] } =
          (answer as { metadata?: { finalizers?: readonly string[] } }).metadata ?? {};
        if (finalizers.length === 0) return `cluster "${name}" deleted`;
        return `cluster "${name}" is being deleted: its agent is refused, and it is gone when these finalizers are removed: ${finalizers.join(', ')}`;
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

interface Listing {
  readonly names: readonly string[];
  readonly selector: string;
  readonly output: Output;
  readonly watch: boolean;
}

async function list(client: HubClient, { names, selector, output, watch }: Listing): Promise<void> {
  const [only] = names;
  const selection: Selection = {
    labelSelector: selector,
    fieldSelector: watch && only !== undefined ? `metadata.name=${only}` : '',
  };
  const snapshot =
    names.length > 0 && !watch ? await readNamed(client, names) : await readAll(client, selection);
  const { items, resourceVersion } = snapshot;
  if (output === 'json' || output === 'yaml') {
    const whole = {
      apiVersion: 'gateway.mctunnel.io/v1',
      kind: 'ClusterList',
      metadata: { resourceVersion },
      items,
    };
    // As kubectl: who names one gets that one.
    const shown = names.length === 1 ? items[0] : whole;
    if (shown !== undefined) {
      process.stdout.write(output === 'json' ? `${JSON.stringify(shown, null, 2)}\n` : yamlText(shown));
    }
  } else if (items.length > 0 || watch) {
    process.stdout.write(render(items, await liveStates(client, items), output));
  } else if (selector !== '') {
    process.stderr.write('No cluster has these labels.\n');
  } else if (names.length === 0) {
    process.stderr.write(
      'No clusters are registered; "mctunnel token create --cluster NAME" registers one.\n',
    );
  }
  if (watch && output !== 'yaml') await follow(client, { since: snapshot, selection }, output);
}

/** One by one: a person's rights may be to some names only. Those that are not there are told, and make the exit status 1. */
async function readNamed(client: HubClient, names: readonly string[]): Promise<ClusterSnapshot> {
  const items: Cluster[] = [];
  for (const name of names) {
    try {
      items.push((await client.call('GET', `${CLUSTERS_PATH}/${name}`)) as Cluster);
    } catch (error) {
      if (!(error instanceof MctunnelError) || error.code !== 'NOT_FOUND') throw error;
      process.stderr.write(`mctunnel: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
  return { items, resourceVersion: '' };
}

/** Prints every change from then on, until SIGINT or SIGTERM. */
async function follow(
  client: HubClient,
  { since, selection }: { readonly since: ClusterSnapshot; readonly selection: Selection },
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
    const isGone = change.type === 'DELETED';
    const live: LiveStates = isGone ? new Map() : await liveStates(client, changed);
    // With a selector it may be there still, with other labels.
    const gone = selection.labelSelector === '' ? 'Deleted' : 'Gone';
    const rows = render(changed, live, output, isGone ? gone : undefined);
    process.stdout.write(rows.split('\n').slice(1).join('\n'));
  };
  const feed = new ClusterFeed({
    client,
    since,
    selection,
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

/** Of a cluster that is not connected. Without a condition no session of it has ever been. */
function reasonOf(cluster: Cluster): string {
  return (
    cluster.status?.lastDisconnect?.message ??
    connectedOf(cluster)?.message ??
    'its agent has never connected'
  );
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

/** `gone` stands for CONNECTED of what is not there any more: whatever else of it is known is of before. */
function render(
  clusters: readonly Cluster[],
  live: LiveStates,
  output: 'table' | 'wide',
  gone?: string,
): string {
  const nowMs = Date.now();
  const heads = ['NAME', 'CONNECTED', 'SINCE', 'AGENT', 'KUBERNETES', 'ROUND TRIP', 'STREAMS', 'LAST REASON'];
  const wide = ['SESSIONS', 'REMOTE ADDRESS', 'CERTIFICATE UNTIL', 'CLUSTER UID', 'NOT TRUE'];
  const rows = clusters.map((cluster) => {
    const status = cluster.status ?? {};
    const session = status.sessions?.[0];
    const connected = connectedOf(cluster);
    const now = live.get(cluster.metadata.name);
    const roundTrip = now?.tunnelRoundTripMs ?? session?.roundTripMs;
    const reason = connected?.status === 'True' ? '' : reasonOf(cluster);
    const row = [
      cluster.metadata.name,
      gone ?? (cluster.spec?.paused === true ? 'Paused' : (connected?.status ?? 'False')),
      connected === undefined ? 'never' : formatAge(connected.lastTransitionTime, nowMs),
      session?.agentVersion ?? '',
      status.kubernetesVersion ?? '',
      roundTrip === undefined ? '' : `${roundTrip.toFixed(1)}ms`,
      now === undefined ? '' : String(now.streams),
      output === 'wide' ? reason : shortened(reason, MAX_REASON_CHARS),
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
