import { serverSettings } from './server.ts';
import { setting, type Resolved } from './setting.ts';
import * as values from './values.ts';

/** `mctunnel hub`. */
export const hubSettings = {
  gatewayListen: setting(values.listenAddress, 'HTTPS: the aggregated API and the direct gateway', {
    placeholder: 'HOST:PORT',
    default: '0.0.0.0:8080',
  }),
  tunnelListen: setting(values.listenAddress, 'gRPC: enrolment and tunnels, the only port that agents need', {
    placeholder: 'HOST:PORT',
    default: '0.0.0.0:8443',
  }),
  opsListen: setting(values.listenAddress, 'HTTP: /livez /readyz /healthz /metrics', {
    placeholder: 'HOST:PORT',
    default: '127.0.0.1:8081',
  }),
  kubeconfig: setting(
    values.filePath.optional(),
    'the hub cluster; in-cluster when a service account is mounted; neither: standalone',
    { placeholder: 'FILE' },
  ),
  namespace: setting(
    values.namespace,
    "namespace of the hub cluster with the hub's Secrets (CAs, bootstrap tokens), Leases and Services",
    { placeholder: 'NAME', default: 'mctunnel-system' },
  ),
  replicaName: setting(
    values.replicaName.optional(),
    'name of this hub replica, its own and the same after a restart (default: the host name, which is the name of a pod)',
    { placeholder: 'NAME' },
  ),
  peerHost: setting(
    values.host.optional(),
    "host or address at which the hub's other replicas reach this one's tunnel port (a pod's IP); without it they cannot forward requests to it",
    { placeholder: 'HOST' },
  ),
  approve: setting(
    values.oneOf('auto', 'manual'),
    'with Kubernetes: who approves the CertificateSigningRequest of an agent that enrols, the hub for a valid token (auto) or a person (manual)',
    { placeholder: 'auto|manual', default: 'auto' },
  ),
  agentCertificateLifetime: setting(
    values.duration('1m', '8760h'),
    'how long a certificate of an agent lives (renewed when two thirds are over); an agent that is away for longer must enrol again',
    { placeholder: 'DURATION', default: '720h' },
  ),
  hubCertificateLifetime: setting(
    values.duration('1m', '8760h'),
    'the same for those that the hub issues to itself: for its ports, and as a replica to the others',
    { placeholder: 'DURATION', default: '720h' },
  ),
  dataDir: setting(values.filePath, 'standalone: CAs, certificates and registrations, files of mode 0600', {
    placeholder: 'DIR',
    default: './.mctunnel/hub',
  }),
  gatewayCertFile: setting(
    values.filePath.optional(),
    "serving certificate of the gateway (else the hub's CA issues one)",
    {
      placeholder: 'FILE',
    },
  ),
  gatewayKeyFile: setting(values.filePath.optional(), 'its private key', { placeholder: 'FILE' }),
  tunnelCertFile: setting(
    values.filePath.optional(),
    "serving certificate of the tunnel port (else the hub's CA issues one)",
    {
      placeholder: 'FILE',
    },
  ),
  tunnelKeyFile: setting(values.filePath.optional(), 'its private key', { placeholder: 'FILE' }),
  advertise: setting(
    values.hostList,
    "host names and addresses for issued certificates, besides localhost and the Service's names; the first is what agents are told to dial",
    { placeholder: 'HOST[,HOST]', default: 'localhost' },
  ),
  tokenAuthFile: setting(
    values.filePath.optional(),
    'standalone: Kubernetes\' static token CSV (token,user,uid,"group,group")',
    {
      placeholder: 'FILE',
    },
  ),
  clientCaFile: setting(
    values.filePath.optional(),
    "CA bundle for client certificates of direct callers (else the hub cluster's own client CA)",
    { placeholder: 'FILE' },
  ),
  tokenAudiences: setting(values.textList.optional(), 'audiences that a bearer token must be meant for', {
    placeholder: 'AUD[,AUD]',
  }),
  authorizeInnerVerb: setting(
    values.toggle,
    'ask the authoriser also with the verb of the request inside /proxy',
    {
      default: 'false',
    },
  ),
  maxInFlightPerUser: setting(
    values.positiveInteger,
    'requests in flight per user, watches included; more get a 429',
    {
      placeholder: 'N',
      default: '400',
    },
  ),
  maxInFlightPerCluster: setting(
    values.positiveInteger,
    'requests in flight per cluster, watches included; more get a 429',
    {
      placeholder: 'N',
      default: '1000',
    },
  ),
  maxGatewayConnections: setting(
    values.positiveInteger.optional(),
    'connections at the gateway, one for each watch (32768, or half of the files that may be open); more are closed at once',
    { placeholder: 'N' },
  ),
  maxTunnelConnections: setting(
    values.positiveInteger.optional(),
    'connections at the tunnel port, one for each agent (16384, or a quarter of the files that may be open); more are closed at once',
    { placeholder: 'N' },
  ),
  responseHeadTimeout: setting(
    values.durationMs,
    "how long a cluster's answer may take to begin (not watches, not upgrades)",
    {
      placeholder: 'DURATION',
      default: '65s',
    },
  ),
  ...serverSettings,
} as const;

export type HubConfig = Resolved<typeof hubSettings>;
