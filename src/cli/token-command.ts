import { Command } from 'commander';
import { setting, values } from '../config/index.ts';
import { MctunnelError } from '../errors.ts';
import { HubClient, hubClientSettings } from './hub-client.ts';
import { CLUSTERS_PATH, REGISTRATIONS_PATH } from './paths.ts';
import { withSettings } from './settings-command.ts';
import { UsageError } from './usage-error.ts';

const tokenSettings = {
  cluster: setting(
    values.clusterName.optional(),
    'the cluster that the token enrols; registered if it is new',
    {
      placeholder: 'NAME',
      alsoEnvironment: ['CLUSTER_NAME'],
    },
  ),
  // The hub's own bounds.
  ttl: setting(values.duration('1s', '168h'), 'how long the token can be used, at most 168h', {
    placeholder: 'DURATION',
    default: '1h',
  }),
  replace: setting(
    values.toggle,
    'also while an agent of that cluster is connected: the new one takes its place',
    { default: 'false' },
  ),
  ...hubClientSettings,
} as const;

interface BootstrapToken {
  readonly status: {
    readonly token: string;
    readonly expirationTimestamp: string;
    readonly hubCAHash: string;
    readonly hubAddress?: string;
  };
}

export function tokenCommand(): Command {
  const create = new Command('create').description(
    'register a cluster if it is new, and print a one-use token and the agent command to paste there',
  );
  return new Command('token').description('tokens with which agents enrol').addCommand(
    withSettings(create, tokenSettings, async ({ cluster, ttl, replace, ...config }) => {
      if (cluster === undefined) throw new UsageError(['--cluster is missing; give the name of the cluster']);
      const client = await HubClient.create(config);
      try {
        const request = { ttlSeconds: Math.ceil(ttl / 1_000), replace };
        const { isNew, status } = await issueOrRegister(client, cluster, request);
        const hub = status.hubAddress ?? `${new URL(client.context.server).hostname}:8443`;
        process.stdout.write(
          [
            `${isNew ? 'Registered' : 'Found'} the cluster ${cluster}. The token can be used once, until ${status.expirationTimestamp}:`,
            '',
            `  ${status.token}`,
            '',
            'Run this where the managed cluster can be reached:',
            '',
            `  mctunnel agent --hub ${hub} --cluster ${cluster} --kubeconfig FILE \\`,
            `    --bootstrap-token ${status.token} \\`,
            `    --hub-ca-hash ${status.hubCAHash}`,
            '',
          ].join('\n'),
        );
      } finally {
        await client.close();
      }
    }),
  );
}

/** Nothing is registered, nor a right to that needed, where the cluster is there already. */
async function issueOrRegister(
  client: HubClient,
  name: string,
  spec: object,
): Promise<BootstrapToken & { readonly isNew: boolean }> {
  try {
    return { isNew: false, ...(await issue(client, name, spec)) };
  } catch (error) {
    if (!(error instanceof MctunnelError) || error.code !== 'NOT_FOUND') throw error;
  }
  const isNew = await register(client, name);
  return { isNew, ...(await issue(client, name, spec)) };
}

async function issue(client: HubClient, name: string, spec: object): Promise<BootstrapToken> {
  const body = { apiVersion: 'gateway.mctunnel.io/v1', kind: 'BootstrapToken', spec };
  return (await client.call('POST', `${CLUSTERS_PATH}/${name}/bootstraptoken`, body)) as BootstrapToken;
}

/** True when the registration was not there before. */
async function register(client: HubClient, name: string): Promise<boolean> {
  const body = { apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration', metadata: { name } };
  try {
    await client.call('POST', REGISTRATIONS_PATH, body);
    return true;
  } catch (error) {
    // Somebody else registered it in between.
    if (error instanceof MctunnelError && error.code === 'ALREADY_EXISTS') return false;
    throw error;
  }
}
