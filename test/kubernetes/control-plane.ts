/** A real Kubernetes control plane on loopback: etcd, kube-apiserver and, when asked for, a controller manager and a node. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api, type ApiResponse } from './api.ts';
import { apiserverFlags, type AuditLevel } from './apiserver-flags.ts';
import { buildPrograms, type Programs } from './build.ts';
import { CertificateAuthority, newTokenKey } from './certificates.ts';
import { controllerManagerFlags, etcdFlags, kubeletClientName, nodeFlags } from './component-flags.ts';
import {
  runKubectl,
  spawnKubectl,
  type KubectlDefaults,
  type KubectlOptions,
  type KubectlResult,
} from './kubectl.ts';
import { accepts, onFreePort } from './ports.ts';
import { killAll, Process, processesOf } from './process.ts';
import type { ProgramName } from './programs.ts';
import { Users, type User } from './users.ts';
import { Fatal, waitFor } from './wait.ts';

export interface ControlPlaneOptions {
  /** Names the plane in messages, its certificate authorities and its kubeconfig contexts. */
  readonly name: string;
  /** kube-controller-manager: namespaces get service accounts, Deployments get pods. Default: as `node`. */
  readonly controllerManager?: boolean;
  /** A node that runs the commands of pods as local processes. Default false. */
  readonly node?: boolean;
  /** Keep an audit log (`plane.auditEvents()`). Default: none. */
  readonly audit?: AuditLevel;
  /** More flags for kube-apiserver. */
  readonly apiserverFlags?: readonly string[];
  /** One line of progress at a time, when programs must be built first. Default: standard error. */
  readonly report?: (line: string) => void;
}

export type UserKubectlOptions = KubectlOptions & { readonly user?: User };

/** The API server and who can talk to it. */
interface Serving {
  readonly port: number;
  readonly process: Process;
  readonly api: Api;
  readonly users: Users;
}

interface NodeList {
  items: { status?: { conditions?: { type: string; status: string }[] } }[];
}

const tokenSpec = { expirationSeconds: 3600 };
const stopGraceMs = 10_000;
const startTimeoutMs = 60_000;

/** What the API server is called by those who reach it. */
const apiserverHosts = [
  '127.0.0.1',
  '10.96.0.1',
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

/**
 * Starts a control plane and waits until it serves; with a controller manager also until pods can be created in the
 * namespace `default`, with a node until that is Ready. Builds the programs first when they are missing.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const needed: ProgramName[] = ['etcd', 'kube-apiserver', 'kubectl'];
  if (withControllers(options)) needed.push('kube-controller-manager');
  if (options.node === true) needed.push('node');
  const programs = await buildPrograms(needed, options.report);
  const plane = new ControlPlane(options, programs);
  try {
    await plane.start();
    return plane;
  } catch (error) {
    await plane.stop().catch(() => undefined);
    throw error;
  }
}

function withControllers(options: ControlPlaneOptions): boolean {
  return options.controllerManager ?? options.node ?? false;
}

export class ControlPlane {
  readonly name: string;
  /** Everything of this plane on disk: data, certificates, kubeconfigs, logs. Removed by stop(). */
  readonly directory: string;
  /** Marks every process of this plane. */
  readonly id = randomUUID();
  /** Signs client certificates of users and the API server's serving certificate. */
  readonly authority: CertificateAuthority;
  /** Signs the certificate that the API server shows to aggregated API servers. */
  readonly frontProxyAuthority: CertificateAuthority;
  /** Signs the node's serving certificates and the API server's certificate towards nodes. */
  readonly kubeletAuthority: CertificateAuthority;

  readonly #options: ControlPlaneOptions;
  readonly #programs: Programs;
  #processes: Process[] = [];
  #serving: Serving | undefined;
  #node: Process | undefined;

  constructor(options: ControlPlaneOptions, programs: Programs) {
    this.name = options.name;
    this.#options = options;
    this.#programs = programs;
    this.authority = new CertificateAuthority(`${options.name} CA`);
    this.frontProxyAuthority = new CertificateAuthority(`${options.name} front-proxy CA`);
    this.kubeletAuthority = new CertificateAuthority(`${options.name} kubelet CA`);
    this.directory = mkdtempSync(join(tmpdir(), `mctunnel-${options.name}-`));
    for (const folder of ['etcd', 'apiserver', 'users', 'kubectl-cache', 'node']) {
      mkdirSync(join(this.directory, folder), { mode: 0o700 });
    }
  }

  /** `https://127.0.0.1:PORT`, the same over restarts. */
  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#started.port;
  }

  /** A member of system:masters. */
  get admin(): User {
    return this.user('admin', ['system:masters']);
  }

  /** The kube-apiserver's process; `kill()` it and bring it back with startApiserver(). */
  get apiserver(): Process {
    return this.#started.process;
  }

  /** The node's process, when one was asked for. */
  get node(): Process {
    if (this.#node === undefined) throw new Error(`${this.name} was started without a node`);
    return this.#node;
  }

  /** Starts everything; called once, by startControlPlane. */
  async start(): Promise<void> {
    const etcdPort = await this.#startEtcd();
    await this.#startApiserver(etcdPort);
    const ready: Promise<void>[] = [];
    if (withControllers(this.#options)) {
      const { kubeconfig } = this.user('system:kube-controller-manager');
      this.#process(
        'kube-controller-manager',
        controllerManagerFlags(kubeconfig, join(this.directory, 'apiserver')),
      ).start();
      ready.push(this.#defaultServiceAccount());
    }
    if (this.#options.node === true) {
      this.#node = this.#nodeProcess();
      this.#node.start();
      ready.push(this.nodeReady());
    }
    await Promise.all(ready);
  }

  /**
   * A user with a client certificate (`CN` the name, `O` the groups) and a kubeconfig. Asking twice gives the same one.
   * Nobody but `admin` may do anything before RBAC says so.
   */
  user(name: string, groups: readonly string[] = []): User {
    return this.#started.users.named(name, groups);
  }

  /** A service account (created when it does not exist) with a token of one hour. Its namespace must exist. */
  async serviceAccount(namespace: string, name: string): Promise<User> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const created = await this.request('POST', path, { body: { metadata: { name } } });
    if (created.status !== 201 && created.status !== 409) {
      throw new Error(`${this.name}: service account ${namespace}/${name} was not created: ${created.body}`);
    }
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: tokenSpec };
    const answer = await this.request('POST', `${path}/${name}/token`, { body });
    if (answer.status !== 201) {
      throw new Error(`${this.name}: no token for ${namespace}/${name}: ${answer.body}`);
    }
    const { status } = JSON.parse(answer.body) as { status: { token: string } };
    return this.#started.users.withToken(`system:serviceaccount:${namespace}:${name}`, status.token);
  }

  /** Runs kubectl as `user` (default: admin) against this plane, or with any other kubeconfig; see runKubectl. */
  kubectl(args: readonly string[], options: UserKubectlOptions = {}): Promise<KubectlResult> {
    return runKubectl(this.#kubectlDefaults, args, this.#kubectlOptions(options));
  }

  /** Starts kubectl with pipes, for what runs on. Whoever starts it ends it: stop() complains of what is left. */
  spawnKubectl(args: readonly string[], options: UserKubectlOptions = {}): ReturnType<typeof spawnKubectl> {
    return spawnKubectl(this.#kubectlDefaults, args, this.#kubectlOptions(options));
  }

  /** `kubectl apply --server-side` of objects or of YAML text, as admin; throws when that fails. */
  async apply(manifest: string | readonly object[]): Promise<void> {
    const stdin =
      typeof manifest === 'string'
        ? manifest
        : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifest });
    const result = await this.kubectl(['apply', '--server-side', '-f', '-'], { stdin });
    if (result.code !== 0) throw new Error(`${this.name}: apply failed: ${result.stderr}`);
  }

  /** One request to the API server (default: as admin); the body is sent as JSON. */
  request(
    method: string,
    path: string,
    options: { readonly user?: User; readonly body?: unknown; readonly headers?: OutgoingHttpHeaders } = {},
  ): Promise<ApiResponse> {
    return this.#started.api.request(method, path, { ...options, user: options.user ?? this.admin });
  }

  /** The audit events so far (`audit.k8s.io/v1` Event, one per ended stage), when `audit` was asked for. */
  auditEvents(): Record<string, unknown>[] {
    const lines = readFileSync(this.#auditLogFile, 'utf8').split('\n');
    // The last piece is empty, or a line that is being written.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Starts the kube-apiserver again after it was killed: same port, same data, same certificates. */
  async startApiserver(): Promise<void> {
    this.apiserver.start();
    await this.apiserverReady();
  }

  /** Resolves when `/readyz` answers 200. */
  async apiserverReady(): Promise<void> {
    await waitFor(
      `${this.name}'s kube-apiserver`,
      async () => {
        mustRun(this.apiserver);
        return (await this.request('GET', '/readyz')).status === 200;
      },
      { timeoutMs: startTimeoutMs },
    );
  }

  /** Resolves when a node is Ready. */
  async nodeReady(): Promise<void> {
    await waitFor(
      `${this.name}'s node`,
      async () => {
        mustRun(this.node);
        const answer = await this.request('GET', '/api/v1/nodes');
        const { items } = JSON.parse(answer.body) as NodeList;
        return items.some((node) =>
          node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
        );
      },
      { timeoutMs: startTimeoutMs },
    );
  }

  /**
   * Ends every process of this plane and removes its folder (kept when MCTUNNEL_TEST_KEEP is set).
   *
   * @throws Error naming processes that were left over, such as a kubectl that a test forgot; they are killed.
   */
  async stop(): Promise<void> {
    this.#serving?.api.close();
    // The node ends its pods by itself; the others have nothing worth keeping.
    await this.#node?.stop(stopGraceMs);
    const ours = this.#processes.map((process) => process.pid);
    const left = processesOf(this.id).filter(({ pid }) => !ours.includes(pid));
    await Promise.all(this.#processes.map((process) => process.kill('SIGKILL')));
    killAll(left);
    if (process.env['MCTUNNEL_TEST_KEEP'] === undefined) {
      rmSync(this.directory, { recursive: true, force: true });
    }
    if (left.length > 0) {
      const list = left.map(({ pid, command }) => `${pid} ${command}`).join('\n  ');
      throw new Error(`${this.name}: processes were left over and have been killed:\n  ${list}`);
    }
  }

  #startEtcd(): Promise<number> {
    return this.#onFreePort(async (port) => {
      const etcd = this.#process('etcd', etcdFlags(join(this.directory, 'etcd'), port));
      etcd.start();
      const listening = async (): Promise<boolean> => {
        mustRun(etcd);
        return accepts(port);
      };
      await waitFor(`${this.name}'s etcd`, listening, { timeoutMs: startTimeoutMs, intervalMs: 20 });
      return port;
    });
  }

  async #startApiserver(etcdPort: number): Promise<void> {
    const { authority, frontProxyAuthority, kubeletAuthority } = this;
    const { audit, apiserverFlags: extra = [] } = this.#options;
    const fixed = {
      directory: join(this.directory, 'apiserver'),
      etcdPort,
      serving: authority.issue({ commonName: 'kube-apiserver', hosts: apiserverHosts, usage: 'server' }),
      clientCaCertificate: authority.certificate,
      frontProxyCaCertificate: frontProxyAuthority.certificate,
      frontProxyClient: frontProxyAuthority.issue({ commonName: 'front-proxy-client', usage: 'client' }),
      kubeletCaCertificate: kubeletAuthority.certificate,
      kubeletClient: kubeletAuthority.issue({ commonName: kubeletClientName, usage: 'client' }),
      tokenKey: newTokenKey(),
      auditLog: audit === undefined ? undefined : { path: this.#auditLogFile, level: audit },
      serviceAccountAdmission: withControllers(this.#options),
      extra,
    };
    await this.#onFreePort(async (port) => {
      const process = this.#process('kube-apiserver', apiserverFlags({ ...fixed, port }));
      const users = new Users({
        cluster: this.name,
        server: `https://127.0.0.1:${port}`,
        authority,
        directory: join(this.directory, 'users'),
      });
      this.#serving = { port, process, users, api: new Api(port, authority.certificate) };
      await this.startApiserver();
    });
  }

  #nodeProcess(): Process {
    const name = `${this.name}-node`;
    const flags = nodeFlags({
      name,
      kubeconfig: this.user(`system:node:${name}`, ['system:nodes']).kubeconfig,
      schedulerKubeconfig: this.user('system:kube-scheduler').kubeconfig,
      kubeletAuthority: this.kubeletAuthority,
      directory: join(this.directory, 'node'),
    });
    // It ends its pods' processes first.
    return this.#process('node', flags, 'TERM');
  }

  async #defaultServiceAccount(): Promise<void> {
    const path = '/api/v1/namespaces/default/serviceaccounts/default';
    const exists = async (): Promise<boolean> => {
      this.#processes.forEach(mustRun);
      return (await this.request('GET', path)).status === 200;
    };
    await waitFor(`${this.name}'s controller manager`, exists, { timeoutMs: startTimeoutMs });
  }

  #process(name: ProgramName, args: readonly string[], orphanSignal: 'KILL' | 'TERM' = 'KILL'): Process {
    const process = new Process({
      name: `${this.name}'s ${name}`,
      path: this.#programs[name],
      args,
      logFile: join(this.directory, `${name}.log`),
      plane: this.id,
      orphanSignal,
    });
    this.#processes.push(process);
    return process;
  }

  /** As onFreePort; what the failed attempt started is ended. */
  #onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
    const before = [...this.#processes];
    return onFreePort(start, async () => {
      for (const process of this.#processes) if (!before.includes(process)) await process.kill();
      this.#processes = [...before];
    });
  }

  get #started(): Serving {
    if (this.#serving === undefined) throw new Error(`${this.name} has no kube-apiserver yet`);
    return this.#serving;
  }

  get #auditLogFile(): string {
    return join(this.directory, 'audit.log');
  }

  get #kubectlDefaults(): KubectlDefaults {
    return {
      binary: this.#programs.kubectl,
      cacheFolder: join(this.directory, 'kubectl-cache'),
      plane: this.id,
    };
  }

  #kubectlOptions({ user, ...options }: UserKubectlOptions): KubectlOptions {
    return { kubeconfig: (user ?? this.admin).kubeconfig, ...options };
  }
}

function mustRun(process: Process): void {
  if (process.running) return;
  throw new Fatal(new Error(`${process.name} ended; its log ends with:\n${process.logTail()}`));
}
