import { Command } from 'commander';
import { setting, values } from '../config/index.ts';
import { MctunnelError } from '../errors.ts';
import type { KubeContext } from '../kube/index.ts';
import { writeAtomic } from '../lib/files.ts';
import { yamlText } from '../lib/yaml-text.ts';
import { foreignContexts } from './foreign-contexts.ts';
import { HubClient, hubClientSettings } from './hub-client.ts';
import { CLUSTERS_PATH } from './paths.ts';
import { clusterNameOperand, withSettings } from './settings-command.ts';
import { fileUsage, UsageError } from './usage-error.ts';

const kubeconfigSettings = {
  output: setting(values.filePath, 'where to write it (mode 0600); - is standard output', {
    placeholder: 'FILE',
    default: '-',
    variable: 'MCTUNNEL_KUBECONFIG_OUTPUT',
  }),
  ...hubClientSettings,
} as const;

type Fields = Record<string, unknown>;

export function kubeconfigCommand(): Command {
  const command = new Command('kubeconfig')
    .description(
      "write a kubeconfig with a context per cluster, made from your own hub context; it holds no cluster's credential",
    )
    .argument('[NAME...]', 'the clusters (default: all that are registered)');
  return withSettings(command, kubeconfigSettings, async ({ output, ...config }, operands) => {
    const named = operands.map(clusterNameOperand);
    await refuseToReplace(output);
    const client = await HubClient.create(config);
    let names: readonly string[];
    try {
      names = named.length > 0 ? await registered(client, named) : await allNames(client);
    } finally {
      await client.close();
    }
    if (names.length === 0) throw new MctunnelError('NOT_FOUND', 'no clusters are registered at this hub');
    const text = yamlText(clusterContexts(client.context, names));
    if (output === '-') {
      process.stdout.write(text);
      return;
    }
    try {
      await writeAtomic(output, text);
    } catch (error) {
      throw fileUsage('--output', output, error, 'write');
    }
    process.stderr.write(
      `Wrote ${names.length} ${names.length === 1 ? 'context' : 'contexts'} to ${output}; try: kubectl --kubeconfig ${output} --context ${names[0] ?? ''} get pods -A\n`,
    );
  });
}

/** Throws UsageError: the file is written whole, and contexts that only it has (of the hub itself, say) would be lost. */
async function refuseToReplace(output: string): Promise<void> {
  const foreign = output === '-' ? [] : await foreignContexts(output);
  if (foreign.length === 0) return;
  const some = foreign.slice(0, 5).join(', ') + (foreign.length > 5 ? ', …' : '');
  throw new UsageError([
    `--output: ${output} holds other contexts (${some}), which would be lost; give a file of its own, which kubectl reads beside it with KUBECONFIG=${output}:FILE`,
  ]);
}

async function allNames(client: HubClient): Promise<readonly string[]> {
  const { items } = (await client.call('GET', CLUSTERS_PATH)) as {
    items: readonly { metadata: { name: string } }[];
  };
  return items.map((item) => item.metadata.name);
}

/** The names, unless the hub says that there is no such cluster. Who may use a cluster need not have the right to look at it. */
async function registered(client: HubClient, names: readonly string[]): Promise<readonly string[]> {
  const unknown: string[] = [];
  for (const name of names) {
    try {
      await client.call('GET', `${CLUSTERS_PATH}/${name}`);
    } catch (error) {
      if (!(error instanceof MctunnelError)) throw error;
      if (error.code === 'NOT_FOUND') unknown.push(error.message);
      else if (error.code !== 'FORBIDDEN') throw error;
    }
  }
  if (unknown.length === 0) return names;
  unknown.push('nothing was written; "mctunnel clusters" lists the clusters that are registered');
  throw new MctunnelError('NOT_FOUND', unknown.join('\n'));
}

/** The hub's context once for each cluster: the same server, CA and user, the cluster's path behind the server. */
function clusterContexts(hub: KubeContext, names: readonly string[]): Fields {
  const exported = JSON.parse(hub.config.exportConfig()) as {
    clusters: readonly { cluster: Fields }[];
    users: readonly { name: string; user: Fields }[];
  };
  const cluster = exported.clusters[0]?.cluster ?? {};
  const user = exported.users[0];
  const userName = user === undefined || user.name === '' ? 'hub' : user.name;
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0],
    clusters: names.map((name) => ({
      name,
      cluster: {
        ...cluster,
        ...fields({ 'certificate-authority': hub.tlsFiles.ca }),
        server: `${hub.server}${CLUSTERS_PATH}/${name}/proxy`,
      },
    })),
    users: [
      {
        name: userName,
        user: {
          ...user?.user,
          ...fields({
            tokenFile: hub.tokenFile,
            'client-certificate': hub.tlsFiles.cert,
            'client-key': hub.tlsFiles.key,
          }),
          ...impersonation(hub),
        },
      },
    ],
    contexts: names.map((name) => ({ name, context: { cluster: name, user: userName } })),
  };
}

/** Those that have a value. */
function fields(given: Readonly<Record<string, string | undefined>>): Fields {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** `as` and its relatives, which client-node does not keep. */
function impersonation(hub: KubeContext): Fields {
  const groups: string[] = [];
  const extra: Record<string, string[]> = {};
  const fields: Fields = {};
  for (let i = 0; i + 1 < hub.impersonation.length; i += 2) {
    const name = hub.impersonation[i] ?? '';
    const value = Buffer.from(hub.impersonation[i + 1] ?? '', 'latin1').toString('utf8');
    if (name === 'Impersonate-User') fields['as'] = value;
    else if (name === 'Impersonate-Uid') fields['as-uid'] = value;
    else if (name === 'Impersonate-Group') groups.push(value);
    else (extra[decodeURIComponent(name.slice('Impersonate-Extra-'.length))] ??= []).push(value);
  }
  if (groups.length > 0) fields['as-groups'] = groups;
  if (Object.keys(extra).length > 0) fields['as-user-extra'] = extra;
  return fields;
}
