import { randomUUID } from 'node:crypto';
import { Counter, Registry } from 'prom-client';
import type { Resolved } from '../config/index.ts';
import type { agentSettings } from '../config/agent.ts';
import { MctunnelError } from '../errors.ts';
import { createKubeClient, loadInCluster, loadKubeconfig, type KubeContext } from '../kube/index.ts';
import { systemClock } from '../lib/clock.ts';
import { Closer } from '../lib/closer.ts';
import type { Log } from '../lib/log.ts';
import {
  addReadGauge,
  agentAuditLine,
  collectProcessMetrics,
  createLogger,
  type LineFile,
  Probes,
  startOpsServer,
} from '../observe/index.ts';
import { AgentFolder, AgentIdentity, findHubAuthority } from '../pki/index.ts';
import { DEFAULT_PROCESS_BUDGET_BYTES, MemoryBudget } from '../tunnel/index.ts';
import {
  createConnector,
  dialTunnel,
  enroll,
  peekChain,
  proxyFor,
  renew,
  type Connector,
  type ConnectorEvent,
  type HubAddress,
} from '../transport/index.ts';
import {
  createRenewalNotice,
  createReplicaNotice,
  createUpstream,
  Discovery,
  identityPrefixFault,
  MemberWatch,
  Policy,
  probeMember,
  Reporter,
  reportOf,
  watchPolicyFile,
  type PolicySource,
  type Upstream,
  type UpstreamOptions,
} from '../upstream/index.ts';
import { auditLineDropped, openAuditLog } from './audit-log.ts';
import { readEnrolment, type EnrolmentInput } from './agent-enrolment.ts';
import { makeDataFolder } from './data-folder.ts';
import { bracketed, listening } from './listening.ts';
import { Member } from './member.ts';
import { memberApi } from './member-api.ts';
import { retrying } from './retrying.ts';
import { SaidIdentity } from './said-identity.ts';
import { runUntilSignal, type Running } from './run-until-signal.ts';
import { fileUsage, Problems, readingKubeconfig, UsageError } from './usage-error.ts';
import { packageVersion, userAgent } from './package-version.ts';

type AgentConfig = Resolved<typeof agentSettings>;

/** `mctunnel agent`: resolves after a clean drain. Rejects with UsageError or MctunnelError. */
export async function runAgent(config: AgentConfig): Promise<void> {
  const { hub, cluster } = config;
  const problems = [
    ...(hub === undefined ? ["--hub is missing; give HOST:PORT of the hub's tunnel port"] : []),
    ...(cluster === undefined
      ? ['--cluster is missing; give the name under which this cluster is registered at the hub']
      : []),
    ...(config.bootstrapToken !== undefined && config.bootstrapTokenFile !== undefined
      ? ['--bootstrap-token and --bootstrap-token-file: give one of them']
      : []),
    ...(config.auditLogRequired && config.auditLog === undefined
      ? ['--audit-log-required needs --audit-log FILE']
      : []),
    ...[identityPrefixFault(config.identityPrefix)].flatMap((fault) =>
      fault === undefined ? [] : [`--identity-prefix: ${fault}`],
    ),
  ];
  if (hub === undefined || cluster === undefined || problems.length > 0) throw new UsageError(problems);

  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  const closer = new Closer((name, error) => log.error({ err: error }, `could not end ${name}`));
  await runUntilSignal(log, closer, () =>
    startAgent(config, `${bracketed(hub.host)}:${hub.port}`, cluster, log, closer),
  );
  log.info({}, 'the agent has ended');
}

async function startAgent(
  config: AgentConfig,
  hub: string,
  cluster: string,
  log: Log,
  closer: Closer,
): Promise<Running> {
  const folder = new AgentFolder(config.dataDir, { uid: process.getuid?.(), log });
  const problems = new Problems();
  const context = await problems.gather(() => memberContext(config));
  const policy = await problems.gather(() =>
    openPolicy(config, cluster, log, closer, () => void memberWatch.refresh()),
  );
  const enrolment = await problems.gather(() => readEnrolment(config, folder));
  await problems.gather(() => makeDataFolder(config.dataDir));
  const metrics = new Registry();
  const audit = await problems.gather(() =>
    openAuditLog(config.auditLog, auditLineDropped(metrics), log, closer),
  );
  if (context === undefined || policy === undefined || enrolment === undefined || problems.found) {
    throw problems.error;
  }

  // Nobody was contacted so far.
  const minTlsVersion = `TLSv${config.tlsMinVersion}` as const;
  const member = await readingKubeconfig(() => Member.open(context, minTlsVersion, log));
  closer.add('managed cluster', () => member.close());
  const ownCalls = { userAgent: userAgent('mctunnel-agent') };
  const client = await createKubeClient(context, ownCalls);
  closer.add('client of the managed cluster', () => client.close());
  let sessions = (): Connector['sessions'] => [];
  let trusts = (): readonly string[] => [];
  const reporter = new Reporter({
    report: () => memberWatch.state && reportOf(memberWatch.state, trusts()),
    sessions: () => sessions(),
    log,
  });
  closer.add('reporter', () => reporter.close());
  const probing = { ...ownCalls, discovery: new Discovery() };
  const memberWatch = new MemberWatch({
    probe: () => probeMember(cluster, member.endpoint, policy.current, probing),
    log,
    onAnswer: () => {
      reporter.update();
      said.asked();
    },
  });
  closer.add('member watch', () => memberWatch.close());
  const said = new SaidIdentity({
    clusterUid: () => memberWatch.clusterUid,
    connector: () => connector,
  });
  const upstream = createUpstream({
    ...{ cluster, member: member.endpoint, policy, log },
    ...auditing(audit, config.auditLogRequired),
    onDecision: countDecisions(metrics),
    services: memberApi(client, cluster, log),
    adapters: [
      createReplicaNotice((count) => connector.setReplicas(count)),
      createRenewalNotice((withinMs) => identity.renewWithin(withinMs)),
    ],
  });
  member.follow((endpoint) => upstream.replaceMember(endpoint));
  closer.add('upstream', () => upstream.close());

  const proxy = proxyFor(hub, process.env);
  const addressWith = (caBundle: string): HubAddress => ({
    address: hub,
    caBundle,
    minTlsVersion,
    ...(proxy !== undefined && { proxy }),
  });
  await memberWatch.refresh();
  const stopped = new AbortController();
  closer.add('enrolment', () => stopped.abort());
  const identity = await AgentIdentity.open({
    folder,
    cluster,
    bootstrapToken: enrolment.bootstrapToken,
    hub: {
      enroll: async (request) => {
        log.info({ hub }, 'enrolling');
        return retrying(
          async () => {
            const caBundle = await firstTrust(enrolment, hub, proxy);
            const clusterUid = memberWatch.clusterUid ?? '';
            return enroll({
              ...request,
              hub: addressWith(caBundle),
              clusterUid,
              signal: stopped.signal,
            });
          },
          {
            clock: systemClock,
            random: Math.random,
            signal: stopped.signal,
            onRetry: (error, retryInMs) =>
              log.warn(
                { retryInMs: Math.round(retryInMs), code: error.code },
                `cannot enrol yet: ${error.message}`,
              ),
          },
        );
      },
      renew: ({ csr, credentials }) => renew({ hub: addressWith(credentials.caBundle), credentials, csr }),
    },
    onRenewed: () => {
      reporter.update();
      connector.rotate();
    },
    log,
  });
  closer.add('identity', () => identity.close());
  trusts = () => identity.trusts;

  const budget = new MemoryBudget(DEFAULT_PROCESS_BUDGET_BYTES);
  const connector = createConnector({
    instanceId: randomUUID(),
    dial: async ({ instanceId, handlers, signal }) => {
      // Not awaited when it is known: a hub that came back waits for nobody.
      const asked = memberWatch.refresh();
      if (memberWatch.clusterUid === undefined) await asked;
      return dialTunnel({
        hub: addressWith(identity.current.caBundle),
        credentials: identity.current,
        hello: {
          agentVersion: packageVersion(),
          instanceId,
          clusterUid: said.say(),
          capabilities: ['http', 'service', 'tcp'],
        },
        accept: upstream.accept,
        handlers,
        signal,
        tunnel: { processBudget: budget },
      });
    },
    onEvent: (event) => {
      logEvent(event, log);
      if (event.type === 'connected') reporter.update();
    },
  });
  closer.add('connector', () => connector.close());
  sessions = () => connector.sessions;

  const probes = new Probes();
  probes.add('readyz', 'tunnel', () =>
    connector.sessions.length > 0 ? undefined : 'not connected to the hub',
  );
  probes.add('readyz', 'apiserver', () => memberWatch.apiServerFault);
  probes.add('readyz', 'impersonation', () => memberWatch.impersonationFault);
  if (config.opsListen !== undefined) {
    const { opsListen } = config;
    collectProcessMetrics(metrics);
    addAgentGauges(metrics, connector, upstream, budget);
    const ops = await listening('--ops-listen', opsListen, () =>
      startOpsServer({ ...opsListen, probes, metrics }),
    );
    closer.add('ops server', () => ops.close());
    log.info({ ops: ops.port }, 'serving health and metrics');
  }
  return {
    async drain() {
      const fuse = new Promise<void>((resolve) => setTimeout(resolve, config.drainTimeout).unref());
      await Promise.race([connector.drain(), fuse]);
    },
  };
}

/** What of the upstream's options is the audit log's. */
function auditing(
  audit: LineFile | undefined,
  isRequired: boolean,
): Pick<UpstreamOptions, 'observer' | 'refusal'> {
  if (audit === undefined) return {};
  const unrecorded = new MctunnelError(
    'INTERNAL',
    'the audit log of the agent cannot be written, and it serves nothing unrecorded',
    { hop: 'agent', delivered: 'no' },
  );
  return {
    observer: {
      start: (record) => audit.write(agentAuditLine(record, 'ResponseStarted')),
      end: (record) => audit.write(agentAuditLine(record, 'ResponseComplete')),
    },
    refusal: () => (isRequired && audit.problem !== undefined ? unrecorded : undefined),
  };
}

/** What the agent decided about requests, upgrades and connections of the hub. */
function countDecisions(metrics: Registry): UpstreamOptions['onDecision'] & {} {
  const decisions = new Counter({
    name: 'mctunnel_upstream_decisions_total',
    help: 'Requests, upgrades and connections from the hub by what the agent decided; reason: the code of a refusal',
    labelNames: ['decision', 'reason'],
    registers: [metrics],
  });
  const allowed = decisions.labels('allow', '');
  return (decision, reason) => {
    if (decision === 'allow') allowed.inc();
    else decisions.labels(decision, reason).inc();
  };
}

function addAgentGauges(
  metrics: Registry,
  connector: Connector,
  upstream: Upstream,
  budget: MemoryBudget,
): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    addReadGauge(metrics, name, help, read);
  gauge('mctunnel_sessions', 'Tunnel sessions that are open', () => connector.sessions.length);
  gauge('mctunnel_tunnel_streams', 'Streams of all sessions that are not over', () =>
    connector.sessions.reduce((count, { streamCount }) => count + streamCount, 0),
  );
  gauge(
    'mctunnel_tunnel_reserved_bytes',
    'Memory granted to the other ends of tunnels, used or not',
    () => budget.usedBytes,
  );
  gauge('mctunnel_upstream_short_requests', 'Requests to the apiserver that are not over', () => {
    return upstream.inFlight.short;
  });
  gauge('mctunnel_upstream_long_requests', 'Watches and followed logs that are open', () => {
    return upstream.inFlight.long;
  });
  gauge('mctunnel_upstream_upgrades', 'Upgraded connections that are open', () => upstream.inFlight.upgrades);
  gauge(
    'mctunnel_upstream_services',
    'Requests, upgrades and connections to services that are not over',
    () => {
      return upstream.inFlight.services;
    },
  );
}

async function memberContext({ kubeconfig }: AgentConfig): Promise<KubeContext> {
  if (kubeconfig !== undefined) return readingKubeconfig(() => loadKubeconfig(kubeconfig));
  const inCluster = loadInCluster(process.env);
  if (inCluster !== undefined) return inCluster;
  throw new UsageError([
    '--kubeconfig is missing; give a kubeconfig of the managed cluster (inside a pod its service account is used)',
  ]);
}

async function openPolicy(
  config: AgentConfig,
  cluster: string,
  log: Log,
  closer: Closer,
  onChange: () => void,
): Promise<PolicySource> {
  const { policy: path, identityPrefix } = config;
  if (path === undefined) return { current: new Policy(cluster, undefined, identityPrefix) };
  try {
    const file = await watchPolicyFile({
      path,
      cluster,
      identityPrefix,
      onChange: () => {
        log.info({ path }, 'the policy file was read again');
        onChange();
      },
      onError: (problem) =>
        log.error({ err: problem, path }, 'the changed policy file cannot be used; the last good one stays'),
    });
    closer.add('policy file', () => file.close());
    return file;
  } catch (error) {
    throw fileUsage('--policy', path, error);
  }
}

/** The CA by which the hub is trusted before this agent has a certificate. */
async function firstTrust(
  { hubCa, hubCaHash }: EnrolmentInput,
  hub: string,
  proxy: string | undefined,
): Promise<string> {
  if (hubCa !== undefined) return hubCa;
  return findHubAuthority(await peekChain(hub, proxy), hubCaHash ?? '');
}

function logEvent(event: ConnectorEvent, log: Log): void {
  switch (event.type) {
    case 'connected':
      log.info(
        { hubId: event.hubId, cluster: event.cluster, remoteAddress: event.remoteAddress },
        'connected to the hub',
      );
      break;
    case 'failed':
      log.warn(
        { retryInMs: Math.round(event.retryInMs), code: event.error.code },
        `cannot connect: ${event.error.message}`,
      );
      break;
    case 'duplicate':
      log.debug(
        { hubId: event.hubId, retryInMs: Math.round(event.retryInMs) },
        'reached the same hub replica again',
      );
      break;
    case 'draining':
      log.info({ hubId: event.hubId }, 'the hub drains; connecting anew');
      break;
    case 'disconnected':
      log.warn({ hubId: event.hubId, code: event.error.code }, `disconnected: ${event.error.message}`);
      break;
  }
}
