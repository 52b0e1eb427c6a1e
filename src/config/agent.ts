import { serverSettings } from './server.ts';
import { setting } from './setting.ts';
import * as values from './values.ts';

/** `mctunnel agent`. */
export const agentSettings = {
  hub: setting(values.dialAddress.optional(), "the hub's tunnel port", {
    placeholder: 'HOST:PORT',
    alsoEnvironment: ['HUB_ADDR'],
  }),
  cluster: setting(values.clusterName.optional(), "this cluster's name at the hub", {
    placeholder: 'NAME',
    alsoEnvironment: ['CLUSTER_NAME'],
  }),
  kubeconfig: setting(values.filePath.optional(), 'the managed cluster; else in-cluster', {
    placeholder: 'FILE',
  }),
  dataDir: setting(values.filePath, "this agent's key and certificate", {
    placeholder: 'DIR',
    default: './.mctunnel/agent',
  }),
  bootstrapToken: setting(
    values.text.optional(),
    'one-use token for the first start (mctunnel token create)',
    {
      placeholder: 'TOKEN',
      alsoEnvironment: ['BOOTSTRAP_TOKEN'],
      isSecret: true,
    },
  ),
  bootstrapTokenFile: setting(values.filePath.optional(), 'a file that holds it', { placeholder: 'FILE' }),
  hubCaFile: setting(values.filePath.optional(), "the hub's CA, for the first start", {
    placeholder: 'FILE',
  }),
  hubCaHash: setting(
    values.sha256Hash.optional(),
    "SHA-256 of the public key (SPKI) of the hub's CA, for the first start",
    {
      placeholder: 'sha256:HEX',
    },
  ),
  policy: setting(values.filePath.optional(), 'what the hub may do in this cluster (YAML)', {
    placeholder: 'FILE',
  }),
  identityPrefix: setting(values.text, 'put before every user and group that comes from the hub', {
    placeholder: 'PREFIX',
    default: 'hub:',
  }),
  opsListen: setting(
    values.listenAddress.optional(),
    'HTTP: /livez /readyz /healthz /metrics (default: off)',
    {
      placeholder: 'HOST:PORT',
    },
  ),
  ...serverSettings,
} as const;
