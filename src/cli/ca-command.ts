import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { setting, values } from '../config/index.ts';
import { readReplicaAuthorities, SecretKeyStore, type ReplicaAuthorities } from '../kube/index.ts';
import { MctunnelError } from '../errors.ts';
import { systemClock } from '../lib/clock.ts';
import { type AgentTrust, AUTHORITY_NAMES, type AuthorityName, FolderKeyStore } from '../pki/index.ts';
import type { ClusterStatus } from '../registry/ports.ts';
import {
  agentTrustOf,
  describeOutcome,
  describeReport,
  reportOf,
  rotateOnce,
  type RotationOptions,
  whyNotYet,
} from './ca-rotation.ts';
import { ADMIN_KUBECONFIG, HubClient, hubClientSettings, type HubClientConfig } from './hub-client.ts';
import { APISERVICE_PATH, REGISTRATIONS_PATH } from './paths.ts';
import { withSettings } from './settings-command.ts';
import { formatTable } from './table.ts';
import { UsageError } from './usage-error.ts';

const storeSettings = {
  namespace: setting(values.namespace, "namespace of the hub cluster with the hub's Secrets", {
    placeholder: 'NAME',
    default: 'mctunnel-system',
  }),
  overlap: setting(
    values.durationMs,
    'from the moment a CA is announced to its first signature, and from there to the end of the one before, at least: how long hubs, replicas and API servers may take to learn of a change',
    { placeholder: 'DURATION', default: '1m' },
  ),
  ...hubClientSettings,
} as const;

const rotateSettings = {
  wait: setting(values.toggle, 'take all steps, each as soon as nobody is locked out by it', {
    default: 'false',
  }),
  force: setting(values.toggle, 'take the next step at once, whoever is locked out by it', {
    default: 'false',
  }),
  newKey: setting(
    values.toggle,
    'with --force, after a theft: announce a CA with a new key, however far an exchange is, in place of the one that was to sign next',
    { default: 'false' },
  ),
  ...storeSettings,
} as const;

interface StoreConfig extends HubClientConfig {
  readonly namespace: string;
  readonly overlap: number;
}

const POLL_MS = 1_000;
const PAGE_SIZE = 500;

interface RegistrationList {
  readonly metadata: { readonly continue?: string };
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: ClusterStatus;
  }[];
}

export function caCommand(): Command {
  const command = new Command('ca').description("show the hub's CAs, or exchange one without a gap");
  const status = new Command('status').description(
    'each CA: who signs, who is trusted besides, and how far an exchange is',
  );
  command.addCommand(
    withSettings(status, storeSettings, async (config) => {
      await withStore(config, async (options) => {
        const rows: (readonly string[])[] = [];
        for (const name of AUTHORITY_NAMES) {
          const report = await reportOf(name, options);
          if (report !== undefined) rows.push(describeReport(report));
        }
        process.stdout.write(formatTable(['NAME', 'PHASE', 'SIGNER', 'ALSO TRUSTED', 'NEXT STEP'], rows));
      });
    }),
  );
  const rotate = new Command('rotate')
    .description(
      'take the next step in the exchange of a CA: announce a new one, let it sign, drop the one before. A step that would lock an agent out is refused',
    )
    .argument('<NAME>', AUTHORITY_NAMES.join(', '));
  command.addCommand(
    withSettings(rotate, rotateSettings, async ({ wait, force, newKey, ...config }, [operand = '']) => {
      const name = AUTHORITY_NAMES.find((known) => known === operand);
      if (name === undefined) {
        throw new UsageError([
          `NAME: ${JSON.stringify(operand)} is not valid; expected one of ${AUTHORITY_NAMES.join(', ')}`,
        ]);
      }
      if (wait && force) throw new UsageError(['--wait and --force: give one of them']);
      if (newKey && !force)
        throw new UsageError(['--new-key needs --force: whoever goes by what it drops is locked out']);
      await withStore(config, (options) =>
        wait ? rotateFully(name, options) : rotateOnce(name, options, force, newKey).then(say(name)),
      );
    }),
  );
  return command;
}

const say =
  (name: AuthorityName) =>
  (step: Parameters<typeof describeOutcome>[1]): void => {
    process.stdout.write(`${describeOutcome(name, step)}\n`);
  };

/** Goes on where an exchange was left. */
async function rotateFully(name: AuthorityName, options: RotationOptions): Promise<void> {
  for (;;) {
    await whenReady(name, options);
    const step = await rotateOnce(name, options, false);
    say(name)(step);
    if (step === 'retire') return;
  }
}

/** Says once, and again when it changes, what is waited for. */
async function whenReady(name: AuthorityName, options: RotationOptions): Promise<void> {
  let said = '';
  for (;;) {
    const report = await reportOf(name, options);
    const why = report && whyNotYet(report);
    if (why === undefined) return;
    const text = why.replace(/\d+ more seconds/, 'some more seconds');
    if (text !== said) process.stdout.write(`${name}: waiting: ${why}\n`);
    said = text;
    await pause(POLL_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The CAs where the hub keeps them: in its data folder, or (a kubeconfig of the hub cluster) in Secrets, with the caller's own rights. */
async function withStore(
  config: StoreConfig,
  run: (options: RotationOptions) => Promise<void>,
): Promise<void> {
  const isStandalone = config.kubeconfig === undefined && existsSync(join(config.dataDir, ADMIN_KUBECONFIG));
  const client = await HubClient.create(config);
  try {
    const keys = isStandalone
      ? new FolderKeyStore(config.dataDir, { uid: process.getuid?.() })
      : new SecretKeyStore({ raw: client.raw, namespace: config.namespace, clock: systemClock });
    // Asked by a client of its own each time: the CA that is exchanged may be the one by which this hub itself is known.
    const agents = async (): Promise<AgentTrust[]> => {
      const fresh = await HubClient.create(config);
      return agentsOf(fresh).finally(() => fresh.close());
    };
    const caBundle = async (): Promise<string | undefined> => (isStandalone ? undefined : caBundleOf(client));
    const replicas = async (): Promise<readonly ReplicaAuthorities[]> =>
      isStandalone ? [] : readReplicaAuthorities(client.raw, config.namespace, Date.now());
    await run({ keys, agents, caBundle, replicas, overlapMs: config.overlap, wallNow: Date.now });
  } finally {
    await client.close();
  }
}

/** What the APIService of the aggregated API says; undefined: there is none, or no caBundle in it. */
async function caBundleOf(client: HubClient): Promise<string | undefined> {
  try {
    const { spec } = (await client.call('GET', APISERVICE_PATH)) as { spec: { caBundle?: string } };
    return spec.caBundle === undefined || spec.caBundle === ''
      ? undefined
      : Buffer.from(spec.caBundle, 'base64').toString();
  } catch (error) {
    if (MctunnelError.from(error).code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

async function agentsOf(client: HubClient): Promise<AgentTrust[]> {
  const agents: AgentTrust[] = [];
  let next: string | undefined = '';
  while (next !== undefined) {
    const page = new URLSearchParams({ limit: String(PAGE_SIZE), ...(next !== '' && { continue: next }) });
    const { metadata, items } = (await client.call(
      'GET',
      `${REGISTRATIONS_PATH}?${page.toString()}`,
    )) as RegistrationList;
    for (const { metadata: meta, status } of items) {
      const agent = agentTrustOf(meta.name, status ?? {});
      if (agent !== undefined) agents.push(agent);
    }
    next = metadata.continue === '' ? undefined : metadata.continue;
  }
  return agents;
}
