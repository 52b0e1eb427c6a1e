/** The whole thing on real control planes: a hub cluster, a managed cluster, mctunnel's hub and agent as processes. */
import { join } from 'node:path';
import {
  startControlPlane,
  waitFor,
  writeKubeconfig,
  type ControlPlane,
  type ControlPlaneOptions,
  type KubectlOptions,
  type KubectlResult,
  type User,
} from '../kubernetes/index.ts';
import { startAggregatedHub, type RunningHub } from './aggregated-hub.ts';
import { installation } from './manifests.ts';
import { createToken } from './enrol.ts';
import { MctunnelProcess } from './mctunnel.ts';

/** How a client reaches the managed cluster. */
export type Route = 'aggregated' | 'direct';

export const ROUTES: readonly Route[] = ['aggregated', 'direct'];
export const CLUSTER = 'cluster-a';

export interface SystemOptions {
  /** Managed plane with a node that runs pods (default false). */
  readonly node?: boolean;
  /** Audit log of the managed plane. */
  readonly audit?: ControlPlaneOptions['audit'];
  readonly hubArgs?: readonly string[];
  readonly agentArgs?: readonly string[];
}

export interface AgentOptions {
  readonly args?: readonly string[];
  /** Default: the managed plane, as the service account that the manifests make for an agent. */
  readonly kubeconfig?: string;
  /** False: nothing behind this agent answers, so only its tunnel is waited for. Default true. */
  readonly isServing?: boolean;
}

export interface System {
  readonly hubPlane: ControlPlane;
  readonly member: ControlPlane;
  readonly hub: MctunnelProcess;
  readonly agent: MctunnelProcess;
  readonly gatewayPort: number;
  readonly tunnelPort: number;
  /** PEM of the CA that signed the gateway's certificate. */
  readonly gatewayCa: string;
  /** A user of the hub's plane with a client certificate; may do nothing until `allow`. */
  user(name: string, groups?: readonly string[]): User;
  /** A kubeconfig whose server is CLUSTER's proxy path by that route, as that user of the hub's plane. */
  kubeconfig(route: Route, user?: User, cluster?: string): string;
  /** A kubeconfig whose server is the hub itself: its kube-apiserver, or the direct gateway. */
  hubKubeconfig(route: Route, user?: User): string;
  /** kubectl against CLUSTER by that route. */
  kubectl(
    route: Route,
    args: readonly string[],
    options?: KubectlOptions & { readonly user?: User },
  ): Promise<KubectlResult>;
  /** Lets a hub user use the given verbs on clusters/proxy of CLUSTER. */
  allow(user: string, verbs: readonly string[]): Promise<void>;
  /** Enrols one more agent process under another name, for the managed plane or for whatever the kubeconfig names. */
  startAgent(cluster: string, options?: AgentOptions): Promise<MctunnelProcess>;
  /** Resolves when the hub has a session for the cluster. */
  connected(cluster?: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts all of it: about ten seconds with built programs. */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const [hubPlane, member] = await Promise.all([
    startControlPlane({ name: 'hub', controllerManager: true }),
    startControlPlane({
      name: 'managed',
      node: options.node ?? false,
      ...(options.audit !== undefined && { audit: options.audit }),
    }),
  ]);
  const system = new RunningSystem(hubPlane, member);
  try {
    await system.start(options);
    return system;
  } catch (error) {
    await system.stop().catch(() => undefined);
    throw error;
  }
}

class RunningSystem implements System {
  readonly hubPlane: ControlPlane;
  readonly member: ControlPlane;
  readonly #agents: MctunnelProcess[] = [];
  #hub: RunningHub | undefined;
  #kubeconfigs = 0;

  constructor(hubPlane: ControlPlane, member: ControlPlane) {
    this.hubPlane = hubPlane;
    this.member = member;
  }

  get #running(): RunningHub {
    if (this.#hub === undefined) throw new Error('the hub was not started');
    return this.#hub;
  }

  get hub(): MctunnelProcess {
    return this.#running.process;
  }

  get gatewayPort(): number {
    return this.#running.gatewayPort;
  }

  get tunnelPort(): number {
    return this.#running.tunnelPort;
  }

  get gatewayCa(): string {
    return this.#running.gatewayCa;
  }

  get agent(): MctunnelProcess {
    const [agent] = this.#agents;
    if (agent === undefined) throw new Error('no agent was started');
    return agent;
  }

  async start(options: SystemOptions): Promise<void> {
    this.#hub = await startAggregatedHub(this.hubPlane, options.hubArgs);
    await this.#memberAdmins();
    await this.startAgent(CLUSTER, { args: options.agentArgs ?? [] });
  }

  user(name: string, groups: readonly string[] = []): User {
    return this.hubPlane.user(name, groups);
  }

  kubeconfig(route: Route, user: User = this.hubPlane.admin, cluster = CLUSTER): string {
    return this.#writeKubeconfig(route, user, `/apis/gateway.mctunnel.io/v1/clusters/${cluster}/proxy`);
  }

  hubKubeconfig(route: Route, user: User = this.hubPlane.admin): string {
    return this.#writeKubeconfig(route, user, '');
  }

  kubectl(
    route: Route,
    args: readonly string[],
    { user, ...options }: KubectlOptions & { readonly user?: User } = {},
  ): Promise<KubectlResult> {
    return this.hubPlane.kubectl(args, { kubeconfig: this.kubeconfig(route, user), ...options });
  }

  async allow(user: string, verbs: readonly string[]): Promise<void> {
    const name = `proxy-${user.replaceAll(/[^a-z0-9-]/g, '-')}`;
    await this.hubPlane.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
        rules: [
          {
            apiGroups: ['gateway.mctunnel.io'],
            resources: ['clusters/proxy'],
            resourceNames: [CLUSTER],
            verbs,
          },
        ],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      },
    ]);
  }

  async startAgent(cluster: string, options: AgentOptions = {}): Promise<MctunnelProcess> {
    const { token, hubCaHash } = await createToken(cluster, this.hubPlane.admin.kubeconfig);
    const kubeconfig =
      options.kubeconfig ??
      (await this.member.serviceAccount('mctunnel-system', 'mctunnel-agent')).kubeconfig;
    const agent = new MctunnelProcess('agent', [
      ...['--hub', `localhost:${this.tunnelPort}`],
      ...['--cluster', cluster],
      ...['--kubeconfig', kubeconfig],
      ...['--data-dir', join(this.member.directory, `agent-${cluster}`)],
      ...['--bootstrap-token', token, '--hub-ca-hash', hubCaHash],
      ...['--ops-listen', '127.0.0.1:0'],
      ...['--drain-timeout', '5s'],
      ...(options.args ?? []),
    ]);
    this.#agents.push(agent);
    agent.start();
    await (options.isServing === false ? agent.logged('connected to the hub') : this.connected(cluster));
    return agent;
  }

  async connected(cluster = CLUSTER): Promise<void> {
    const path = `/apis/gateway.mctunnel.io/v1/clusters/${cluster}/proxy/livez`;
    await waitFor(
      `the tunnel of ${cluster}`,
      async () => (await this.hubPlane.request('GET', path)).status === 200,
      {
        timeoutMs: 30_000,
        intervalMs: 50,
      },
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await this.#hub?.process.stop();
    await Promise.all([this.hubPlane.stop(), this.member.stop()]);
  }

  #writeKubeconfig(route: Route, user: User, serverPath: string): string {
    const base = route === 'aggregated' ? this.hubPlane.url : `https://localhost:${this.gatewayPort}`;
    const path = join(this.hubPlane.directory, 'users', `route-${this.#kubeconfigs++}.kubeconfig`);
    return writeKubeconfig(path, {
      name: route,
      server: base + serverPath,
      caCertificate: route === 'aggregated' ? this.hubPlane.authority.certificate : this.gatewayCa,
      user: user.credentials,
    });
  }

  /** What an administrator of the managed cluster applies: the agent's rights, and cluster-admin for the hub's admins. */
  async #memberAdmins(): Promise<void> {
    await this.member.apply(await installation('agent'));
    await this.member.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'mctunnel-hub-admins' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'hub:system:masters' }],
      },
    ]);
  }
}
