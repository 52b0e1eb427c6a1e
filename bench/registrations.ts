import type { LastingClient } from '../test/support/lasting-client.ts';

const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';

/** Returns the registration's uid. Throws when it was not created. */
export async function registerCluster(client: LastingClient, name: string): Promise<string> {
  const body = {
    ...{ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration' },
    ...{ metadata: { name }, spec: {} },
  };
  const outcome = await client.request('POST', REGISTRATIONS, { body });
  if (outcome.kind !== 'answer' || outcome.status !== 201) {
    throw new Error(`${name} could not be registered: ${JSON.stringify(outcome)}`);
  }
  const { metadata } = JSON.parse(outcome.body) as { metadata: { uid: string } };
  return metadata.uid;
}
