import { mctunnel } from './mctunnel.ts';

/** What `mctunnel token create` printed for an agent to start with. */
export interface Enrolment {
  readonly token: string;
  readonly hubCaHash: string;
}

/** Registers the cluster and makes a bootstrap token, as the kubeconfig's user of the hub. */
export async function createToken(
  cluster: string,
  hubKubeconfig: string,
  args: readonly string[] = [],
): Promise<Enrolment> {
  const created = await mctunnel([
    'token',
    'create',
    '--cluster',
    cluster,
    '--kubeconfig',
    hubKubeconfig,
    ...args,
  ]);
  const token = /--bootstrap-token (\S+)/.exec(created.stdout)?.[1];
  const hubCaHash = /--hub-ca-hash (\S+)/.exec(created.stdout)?.[1];
  if (created.code !== 0 || token === undefined || hubCaHash === undefined) {
    throw new Error(`mctunnel token create failed (${created.code}): ${created.stderr}${created.stdout}`);
  }
  return { token, hubCaHash };
}
