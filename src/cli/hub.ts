import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import type { HubConfig } from '../config/index.ts';
import { createApi } from '../gateway/api/index.ts';
import { createGateway, createProxy, type GatewayTls } from '../gateway/index.ts';
import type { Dialer } from '../gateway/ports.ts';
import { AgentSigningRequests } from '../kube/index.ts';
import { systemClock } from '../lib/clock.ts';
import { Closer } from '../lib/closer.ts';
import type { Log } from '../lib/log.ts';
import {
  addReadGauge,
  collectProcessMetrics,
  createAccessMetrics,
  createLogger,
  createProxyMetrics,
  Probes,
  startOpsServer,
} from '../observe/index.ts';
import { AgentAuthenticator, authorityHashes, BootstrapTokens, Enroller, spkiHash } from '../pki/index.ts';
import { SessionRegistry, tellReplicas } from '../registry/index.ts';
import { ForwardingDialer } from '../registry/peers/index.ts';
import { createTunnelServer, type ServingCredentials } from '../transport/index.ts';
import { DEFAULT_PROCESS_BUDGET_BYTES, MemoryBudget } from '../tunnel/index.ts';
import { connectionLimits, openFilesLimit } from './connection-limits.ts';
import { HubAudit } from './hub-audit.ts';
import { ADMIN_KUBECONFIG } from './hub-client.ts';
import { openKubernetesBacking, openStandaloneBacking } from './hub-backing.ts';
import { openHubFiles } from './hub-files.ts';
import { createHubMetrics } from './hub-metrics.ts';
import { openHubPeers } from './hub-peers.ts';
import { openAuthorities, openHubState } from './hub-state.ts';
import { keepAdminKubeconfig } from './keep-admin-kubeconfig.ts';
import { bracketed, listening } from './listening.ts';
import { issueServing } from './serving.ts';
import { runUntilSignal, type Running } from './run-until-signal.ts';
import { Problems, UsageError } from './usage-error.ts';
import { packageVersion } from './package-version.ts';

/** Names by which the hub's Service is called inside its cluster; kube-apiserver verifies the third. */
function serviceHosts({ namespace }: HubConfig): [string, ...string[]] {
  const service = `mctunnel-hub.${namespace}`;
  return [`${service}.svc`, 'mctunnel-hub', service, `${service}.svc.cluster.local`];
}
/** Agents of a draining hub dial again after this long. */
const DRAIN_RETRY_MS = 1_000;

/** `mctunnel hub`: builds the parts, starts them, ends them in reverse. Resolves after a clean drain. Rejects with UsageError or MctunnelError. */
export async function runHub(config: HubConfig): Promise<void> {
  const pairs = [
    { port: 'gateway', cert: config.gatewayCertFile, key: config.gatewayKeyFile },
    { port: 'tunnel', cert: config.tunnelCertFile, key: config.tunnelKeyFile },
  ];
  const problems = pairs
    .filter(({ cert, key }) => (cert === undefined) !== (key === undefined))
    .map(({ port }) => `--${port}-cert-file and --${port}-key-file must be given together`);
  if (config.auditLogRequired && config.auditLog === undefined) {
    problems.push('--audit-log-required needs --audit-log FILE');
  }
  if (problems.length > 0) throw new UsageError(problems);
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  const closer = new Closer((name, error) => log.error({ err: error }, `could not end ${name}`));
  await runUntilSignal(log, closer, () => startHub(config, log, closer));
  log.info({}, 'the hub has ended');
}

async function startHub(config: HubConfig, log: Log, closer: Closer): Promise<Running> {
  const hubId = randomUUID();
  const metrics = new Registry();
  const hubMetrics = createHubMetrics(metrics);
  const problems = new Problems();
  const state = await problems.gather(() => openHubState(config, hubId, log, closer));
  const files = await openHubFiles(config, problems, hubMetrics.auditLineDropped, log, closer);
  if (state?.cluster !== undefined && config.tokenAuthFile !== undefined) {
    problems.add(
      '--token-auth-file is for a hub without Kubernetes: with it, callers show what its API server knows them by (client certificates, tokens of service accounts, OIDC)',
    );
  }
  if (state === undefined || problems.found) throw problems.error;

  // Nobody was contacted so far.
  collectProcessMetrics(metrics);
  const authorities = await openAuthorities(state, config, log, closer);
  const { agents: agentCa, tunnel: tunnelCa, gateway: gatewayCa } = authorities;
  const { cluster } = state;
  const hosts = [...new Set([...config.advertise, 'localhost', '127.0.0.1', '::1', ...serviceHosts(config)])];
  const gatewayPair =
    files.gateway ?? (await issueServing({ port: 'gateway', authority: gatewayCa, hosts, log, closer }));
  const gatewayTrust = {
    caBundle: () => gatewayPair.caBundle,
    onChange: (listener: () => void) => {
      gatewayCa.onChange(listener);
      gatewayPair.onChange(listener);
    },
  };
  const backing =
    cluster === undefined
      ? await openStandaloneBacking(config, files, authorities.clients, log)
      : await openKubernetesBacking(config, files, cluster.kube, gatewayTrust, log, closer);
  const { store } = backing;
  if (cluster !== undefined) {
    const { leases } = cluster;
    const own = [agentCa, tunnelCa, gatewayCa, authorities.clients];
    leases.tellAuthorities(() =>
      Object.fromEntries(
        own.map(({ name, trusted }) => [name, trusted.map(({ publicKey }) => spkiHash(publicKey))]),
      ),
    );
    for (const authority of own) authority.onChange(() => void leases.renew());
    await leases.start();
    closer.add('Lease', () => leases.close());
  }

  const agents = new AgentAuthenticator({
    trusted: () => agentCa.trusted,
    registrations: store,
    onRefused: (cluster, error) => sessions.refused(cluster, error),
  });
  const sessions = new SessionRegistry({
    replica: state.replica,
    ...(cluster !== undefined && { replicas: cluster.leases }),
    store,
    check: (agent) => agents.check(agent),
    clock: systemClock,
    wallNow: Date.now,
    random: Math.random,
    log,
    observer: hubMetrics.sessions,
    wantedCredentials: () => ({ signers: agentCa.signers, trusts: authorityHashes(tunnelPair.caBundle) }),
  });
  await sessions.start();
  closer.add('sessions', () => sessions.close());

  const minTlsVersion = `TLSv${config.tlsMinVersion}` as const;
  const tunnelPair =
    files.tunnel ?? (await issueServing({ port: 'tunnel', authority: tunnelCa, hosts, log, closer }));
  const tokens = new BootstrapTokens({
    store: state.tokens,
    liveness: sessions,
    hubCaHash: () => authorityHashes(tunnelPair.caBundle)[0] ?? '',
    hubAddress: `${bracketed(config.advertise[0] ?? 'localhost')}:${config.tunnelListen.port}`,
  });
  const enroller = new Enroller({
    tokens,
    registrations: store,
    authenticator: agents,
    authority: agentCa,
    ...(cluster !== undefined && {
      requests: new AgentSigningRequests({
        raw: cluster.kube.raw,
        approve: config.approve,
        lifetimeMs: config.agentCertificateLifetime,
      }),
    }),
    tunnelCaBundle: () => tunnelPair.caBundle,
    log,
  });
  const clientCa = (): string => agentCa.bundle + (cluster === undefined ? '' : authorities.clients.bundle);
  const tunnelCredentials = (): ServingCredentials => ({ ...tunnelPair.current, clientCa: clientCa() });
  const replicaCount = (): number => 1 + (cluster?.leases.others.length ?? 0);
  const budget = new MemoryBudget(DEFAULT_PROCESS_BUDGET_BYTES);
  const peers =
    cluster === undefined
      ? undefined
      : await openHubPeers({
          leases: cluster.leases,
          authority: authorities.clients,
          // A certificate that the administrator gave is the other replicas' as well.
          tunnelCaBundle: () => tunnelPair.caBundle,
          serverName:
            config.tunnelCertFile === undefined
              ? serviceHosts(config)[0]
              : (config.advertise[0] ?? 'localhost'),
          certificateLifetimeMs: config.hubCertificateLifetime,
          ...{ hubId, budget, minTlsVersion, log, closer },
          dial: (name) => sessions.dial(name),
        });
  const limits = connectionLimits(openFilesLimit());
  const connections = {
    gateway: config.maxGatewayConnections ?? limits.gateway,
    tunnel: config.maxTunnelConnections ?? limits.tunnel,
  };
  const tunnelServer = await listening('--tunnel-listen', config.tunnelListen, () =>
    createTunnelServer({
      ...config.tunnelListen,
      credentials: tunnelCredentials(),
      authenticator: {
        authenticateAgent: (peer) => agents.authenticateAgent(peer),
        admit: (agent, hello) => sessions.admit(agent, hello),
      },
      enroller,
      sessions,
      ...(peers !== undefined && { hubs: peers.server }),
      hubId,
      minTlsVersion,
      replicas: replicaCount,
      maxConnections: connections.tunnel,
      observer: hubMetrics.server(log),
      tunnel: { processBudget: budget },
    }),
  );
  const renewTunnelCredentials = (): void => tunnelServer.setCredentials(tunnelCredentials());
  tunnelPair.onChange(renewTunnelCredentials);
  tunnelPair.onChange(() => sessions.authoritiesChanged());
  agentCa.onChange(renewTunnelCredentials);
  authorities.clients.onChange(renewTunnelCredentials);
  agentCa.onChange(() => sessions.authoritiesChanged());
  tunnelCa.onChange(() => sessions.authoritiesChanged());
  closer.add('tunnel server', () => tunnelServer.close());

  const probes = new Probes();
  let ready = false;
  let draining = false;
  probes.add('readyz', 'serving', () => (draining ? 'draining' : ready ? undefined : 'starting'));
  probes.add('readyz', 'registrations', backing.fault);
  const audit = files.audit && new HubAudit(files.audit, config.auditLogRequired);
  const proxyMetrics = createProxyMetrics(metrics);
  const everywhere =
    peers === undefined
      ? sessions
      : new ForwardingDialer({ local: sessions, store, peer: (replica) => peers.links.session(replica) });
  const dialer: Dialer = {
    dial: (name) => {
      audit?.begin();
      return everywhere.dial(name);
    },
  };
  const access = createAccessMetrics(metrics);
  const authenticator = access.authenticator(backing.authenticator);
  const authorizer = access.authorizer(backing.authorizer);
  const proxy = createProxy({
    ...{ authenticator, authorizer },
    dialer,
    clock: systemClock,
    log,
    observer: audit?.proxy(proxyMetrics) ?? proxyMetrics,
    limits: {
      maxInFlight: config.maxInFlightPerCluster,
      maxInFlightPerUser: config.maxInFlightPerUser,
      headDeadlineMs: config.responseHeadTimeout,
    },
    limitsOf: (cluster) => store.peek(cluster)?.spec.limits,
    authorizeInnerVerb: config.authorizeInnerVerb,
    identityHeaders: backing.identityHeaders,
  });
  addReadGauge(
    metrics,
    'mctunnel_proxy_requests_in_flight',
    'Proxied requests that are not over',
    () => proxy.openRequests,
  );
  addReadGauge(
    metrics,
    'mctunnel_tunnel_streams',
    'Streams of all sessions that are not over',
    () => sessions.streamCount,
  );
  addReadGauge(
    metrics,
    'mctunnel_tunnel_reserved_bytes',
    'Memory granted to the other ends of tunnels, used or not',
    () => budget.usedBytes,
  );
  const version = packageVersion();
  const api = createApi({
    ...{ authenticator, authorizer },
    clusters: backing.clusters,
    store,
    dialer,
    sessions: (cluster) => sessions.sessions(cluster),
    tokens,
    probes,
    version: {
      gitVersion: `v${version}`,
      gitCommit: '',
      buildDate: '',
      compiler: `node ${process.versions.node}`,
      platform: `${process.platform}/${process.arch}`,
    },
    proxy: proxy.handler,
    isReady: () => ready,
    ...(backing.registrations !== undefined && { registrations: backing.registrations }),
    ...(audit !== undefined && { observer: audit }),
    clock: systemClock,
    log,
    now: Date.now,
    random: Math.random,
  });
  const gatewayTls = (): GatewayTls => ({
    cert: gatewayPair.current.certificateChain,
    key: gatewayPair.current.privateKey,
    minVersion: minTlsVersion,
  });
  const gateway = createGateway({
    ...config.gatewayListen,
    tls: gatewayTls(),
    maxConnections: connections.gateway,
    proxy,
    clock: systemClock,
    api: (request, response) => void api.app(request, response),
    log,
  });
  gatewayPair.onChange(() => gateway.setTls(gatewayTls()));
  const gatewayAddress = await listening('--gateway-listen', config.gatewayListen, () => gateway.listen());
  closer.add('gateway', () => gateway.drain(0));
  const ops = await listening('--ops-listen', config.opsListen, () =>
    startOpsServer({ ...config.opsListen, probes, metrics }),
  );
  closer.add('ops server', () => ops.close());

  if (backing.adminAuthority !== undefined) {
    await keepAdminKubeconfig({
      path: join(config.dataDir, ADMIN_KUBECONFIG),
      server: `https://${bracketed(config.advertise[0] ?? 'localhost')}:${gatewayAddress.port}`,
      caBundle: () => gatewayPair.caBundle || gatewayPair.current.certificateChain,
      ...{ authority: backing.adminAuthority, serving: gatewayCa, log },
    });
  }
  if (cluster !== undefined) {
    if (config.peerHost !== undefined) {
      await cluster.leases.announce(`${bracketed(config.peerHost)}:${tunnelServer.port}`);
    }
    peers?.links.start();
    cluster.leases.subscribe(() => tellReplicas(sessions.openSessions, replicaCount()));
  }
  ready = true;
  log.info(
    {
      mode: cluster === undefined ? 'standalone' : 'kubernetes',
      replica: state.replica,
      gateway: gatewayAddress.port,
      tunnel: tunnelServer.port,
      ops: ops.port,
      version,
    },
    'the hub is ready',
  );
  return {
    async drain() {
      draining = true;
      api.endWatches();
      const agentsGone = Promise.all([sessions.drain(DRAIN_RETRY_MS), tunnelServer.drain(DRAIN_RETRY_MS)]);
      await gateway.drain(config.drainTimeout);
      await Promise.race([agentsGone, new Promise((resolve) => setTimeout(resolve, DRAIN_RETRY_MS).unref())]);
    },
  };
}
