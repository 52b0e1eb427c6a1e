/** A real Kubernetes control plane on loopback: etcd, kube-apiserver and, when asked for, a controller manager and a node. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiserverFlags, type AuditLevel } from './apiserver-flags.ts';
import { buildPrograms, type Programs } from './build.ts';
import { CertificateAuthority, newTokenKey, type KeyPair } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import {
  runKubectl,
  spawnKubectl,
  type KubectlDefaults,
  type KubectlOptions,
  type KubectlResult,
} from './kubectl.ts';
import { freePort } from './ports.ts';
import { Process, processesOf } from './process.ts';
import type { ProgramName } from './programs.ts';
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

/** Somebody who can talk to the API server. */
export interface User {
  readonly name: string;
  /** Path of a kubeconfig that names this plane's server and this user. */
  readonly kubeconfig: string;
  /** What authenticates the user: a client certificate, or a service account's token. */
  readonly credentials: KeyPair | { readonly token: string };
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const kubeletClientName = 'kube-apiserver-kubelet-client';
const stopGraceMs = 10_000;
const startTimeoutMs = 60_000;
/** How often a start is tried again when somebody took a port that was free a moment ago. */
const maxPortAttempts = 5;

/**
 * Starts a control plane and waits until it serves; with a controller manager also until pods can be created in the
 * namespace `default`, with a node until that is Ready. Builds the programs first when they are missing.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const withNode = options.node ?? false;
  const withControllers = options.controllerManager ?? withNode;
  const needed: ProgramName[] = ['etcd', 'kube-apiserver', 'kubectl'];
  if (withControllers) needed.push('kube-controller-manager');
  if (withNode) needed.push('node');
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
  readonly #users = new Map<string, User>();
  readonly #agents = new Map<User, Agent>();
  #processes: Process[] = [];
  #apiserver: Process | undefined;
  #node: Process | undefined;
  #port = 0;

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
    return `https://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** A member of system:masters. */
  get admin(): User {
    return this.user('admin', ['system:masters']);
  }

  /** The audit log, when `audit` was asked for. */
  get auditLogFile(): string {
    return join(this.directory, 'audit.log');
  }

  async start(): Promise<void> {
    const etcdPort = await this.#startEtcd();
    await this.#startApiserver(etcdPort);
    const withNode = this.#options.node ?? false;
    const withControllers = this.#options.controllerManager ?? withNode;
    if (withControllers) this.#startControllers();
    if (withNode) this.#startNode();
    await Promise.all([
      withControllers ? this.#defaultServiceAccount() : undefined,
      withNode ? this.nodeReady() : undefined,
    ]);
  }

  /**
   * A user with a client certificate (`CN` the name, `O` the groups) and a kubeconfig. Asking twice gives the same one.
   * Nobody but `admin` may do anything before RBAC says so.
   */
  user(name: string, groups: readonly string[] = []): User {
    const key = JSON.stringify([name, ...groups]);
    const known = this.#users.get(key);
    if (known !== undefined) return known;
    const credentials = this.authority.issue({ commonName: name, organizations: groups, usage: 'client' });
    return this.#remember(key, name, credentials);
  }

  /** A service account (created when it does not exist) with a token of one hour. Its namespace must exist. */
  async serviceAccount(namespace: string, name: string): Promise<User> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const created = await this.request('POST', path, { body: { metadata: { name } } });
    if (created.status !== 201 && created.status !== 409) {
      throw new Error(`${this.name}: service account ${namespace}/${name} was not created: ${created.body}`);
    }
    const answer = await this.request('POST', `${path}/${name}/token`, {
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 3600 },
      },
    });
    if (answer.status !== 201)
      throw new Error(`${this.name}: no token for ${namespace}/${name}: ${answer.body}`);
    const { status } = JSON.parse(answer.body) as { status: { token: string } };
    const userName = `system:serviceaccount:${namespace}:${name}`;
    return this.#remember(`${userName} ${randomUUID()}`, userName, { token: status.token });
  }

  /** Runs kubectl as `user` (default: admin) against this plane, or with any other kubeconfig. Never throws on a failing kubectl. */
  kubectl(
    args: readonly string[],
    options: KubectlOptions & { readonly user?: User } = {},
  ): Promise<KubectlResult> {
    return runKubectl(this.#kubectlDefaults, args, this.#kubectlOptions(options));
  }

  /** Starts kubectl with pipes, for what runs on. Whoever starts it ends it: stop() complains of what is left. */
  spawnKubectl(
    args: readonly string[],
    options: KubectlOptions & { readonly user?: User } = {},
  ): ReturnType<typeof spawnKubectl> {
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
    const user = options.user ?? this.admin;
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const headers: OutgoingHttpHeaders = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...('token' in user.credentials ? { authorization: `Bearer ${user.credentials.token}` } : {}),
      ...options.headers,
    };
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        { host: '127.0.0.1', port: this.#port, method, path, headers, agent: this.#agentOf(user) },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** The audit events so far (`audit.k8s.io/v1` Event, one per ended stage). */
  auditEvents(): Record<string, unknown>[] {
    const lines = readFileSync(this.auditLogFile, 'utf8').split('\n');
    // The last piece is empty, or a line that is being written.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The kube-apiserver's process; `kill('SIGKILL')` it and bring it back with startApiserver(). */
  get apiserver(): Process {
    if (this.#apiserver === undefined) throw new Error(`${this.name} has no kube-apiserver yet`);
    return this.#apiserver;
  }

  /** The node's process, when one was asked for. */
  get node(): Process {
    if (this.#node === undefined) throw new Error(`${this.name} was started without a node`);
    return this.#node;
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
        this.#mustRun(this.apiserver);
        return (await this.request('GET', '/readyz')).status === 200;
      },
      { timeoutMs: startTimeoutMs },
    );
  }

  /** Resolves when a node is Ready. */
  async nodeReady(): Promise<void> {
    interface NodeList {
      items: { status?: { conditions?: { type: string; status: string }[] } }[];
    }
    await waitFor(
      `${this.name}'s node`,
      async () => {
        this.#mustRun(this.node);
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
    for (const agent of this.#agents.values()) agent.destroy();
    // The node ends its pods by itself; the others have nothing worth keeping.
    await this.#node?.stop(stopGraceMs);
    await Promise.all(this.#processes.map((process) => process.kill('SIGKILL')));
    const left = processesOf(this.id);
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    if (process.env['MCTUNNEL_TEST_KEEP'] === undefined)
      rmSync(this.directory, { recursive: true, force: true });
    if (left.length > 0) {
      const list = left.map(({ pid, command }) => `${pid} ${command}`).join('\n  ');
      throw new Error(`${this.name}: processes were left over and have been killed:\n  ${list}`);
    }
  }

  async #startEtcd(): Promise<number> {
    return this.#onFreePort(async (port) => {
      const url = `http://127.0.0.1:${port}`;
      const etcd = this.#process('etcd', [
        `--data-dir=${join(this.directory, 'etcd')}`,
        `--listen-client-urls=${url}`,
        `--advertise-client-urls=${url}`,
        '--listen-peer-urls=http://127.0.0.1:0',
        '--unsafe-no-fsync',
        '--log-level=warn',
      ]);
      etcd.start();
      await waitFor(
        `${this.name}'s etcd`,
        () => {
          this.#mustRun(etcd);
          return accepts(port);
        },
        { timeoutMs: startTimeoutMs, intervalMs: 20 },
      );
      return port;
    });
  }

  async #startApiserver(etcdPort: number): Promise<void> {
    const serving = this.authority.issue({
      commonName: 'kube-apiserver',
      hosts: [
        '127.0.0.1',
        '10.96.0.1',
        'localhost',
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        'kubernetes.default.svc.cluster.local',
      ],
      usage: 'server',
    });
    const tokenKey = newTokenKey();
    const { audit } = this.#options;
    await this.#onFreePort(async (port) => {
      this.#port = port;
      this.#users.clear();
      const flags = apiserverFlags({
        directory: join(this.directory, 'apiserver'),
        port,
        etcdPort,
        serving,
        clientCaCertificate: this.authority.certificate,
        frontProxyCaCertificate: this.frontProxyAuthority.certificate,
        frontProxyClient: this.frontProxyAuthority.issue({
          commonName: 'front-proxy-client',
          usage: 'client',
        }),
        kubeletCaCertificate: this.kubeletAuthority.certificate,
        kubeletClient: this.kubeletAuthority.issue({
          commonName: kubeletClientName,
          usage: 'client',
        }),
        tokenKey,
        auditLog: audit === undefined ? undefined : { path: this.auditLogFile, level: audit },
        serviceAccountAdmission: this.#options.controllerManager ?? this.#options.node ?? false,
        extra: this.#options.apiserverFlags ?? [],
      });
      this.#apiserver = this.#process('kube-apiserver', flags);
      this.#apiserver.start();
      await this.apiserverReady();
    });
  }

  #startControllers(): void {
    const { kubeconfig } = this.user('system:kube-controller-manager');
    const files = join(this.directory, 'apiserver');
    this.#process('kube-controller-manager', [
      `--kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      '--secure-port=0',
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${join(files, 'service-account.key')}`,
      `--root-ca-file=${join(files, 'client-ca.crt')}`,
    ]).start();
  }

  #startNode(): void {
    const file = (name: string, content: string): string => {
      const path = join(this.directory, 'node', name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    };
    const nodeName = `${this.name}-node`;
    this.#node = this.#process(
      'node',
      [
        `-name=${nodeName}`,
        `-kubeconfig=${this.user(`system:node:${nodeName}`, ['system:nodes']).kubeconfig}`,
        `-scheduler-kubeconfig=${this.user('system:kube-scheduler').kubeconfig}`,
        `-kubelet-ca=${file('kubelet-ca.crt', this.kubeletAuthority.certificate)}`,
        `-kubelet-ca-key=${file('kubelet-ca.key', this.kubeletAuthority.key)}`,
        `-client-name=${kubeletClientName}`,
        `-directory=${join(this.directory, 'node')}`,
      ],
      // It ends its pods' processes first.
      'TERM',
    );
    this.#node.start();
  }

  async #defaultServiceAccount(): Promise<void> {
    const path = '/api/v1/namespaces/default/serviceaccounts/default';
    await waitFor(
      `${this.name}'s controller manager`,
      async () => {
        for (const process of this.#processes) this.#mustRun(process);
        return (await this.request('GET', path)).status === 200;
      },
      { timeoutMs: startTimeoutMs },
    );
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

  /** A port that was free a moment ago can be taken: then another is tried. */
  async #onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const before = [...this.#processes];
      try {
        return await start(await freePort());
      } catch (error) {
        const taken = error instanceof Error && /address already in use/.test(error.message);
        if (!taken || attempt === maxPortAttempts) throw error;
        for (const process of this.#processes) {
          if (!before.includes(process)) await process.kill();
        }
        this.#processes = before;
      }
    }
  }

  #mustRun(process: Process): void {
    if (process.running) return;
    throw new Fatal(new Error(`${process.name} ended; its log ends with:\n${process.logTail()}`));
  }

  #remember(key: string, name: string, credentials: User['credentials']): User {
    const kubeconfig = writeKubeconfig(join(this.directory, 'users', `${this.#users.size}.kubeconfig`), {
      name: this.name,
      server: this.url,
      caCertificate: this.authority.certificate,
      user: credentials,
    });
    const user: User = { name, kubeconfig, credentials };
    this.#users.set(key, user);
    return user;
  }

  #agentOf(user: User): Agent {
    let agent = this.#agents.get(user);
    if (agent === undefined) {
      const { credentials } = user;
      const client = 'token' in credentials ? {} : { cert: credentials.certificate, key: credentials.key };
      agent = new Agent({ ca: this.authority.certificate, ...client, keepAlive: false });
      this.#agents.set(user, agent);
    }
    return agent;
  }

  get #kubectlDefaults(): KubectlDefaults {
    return {
      binary: this.#programs.kubectl,
      cacheFolder: join(this.directory, 'kubectl-cache'),
      plane: this.id,
    };
  }

  #kubectlOptions({ user, ...options }: KubectlOptions & { readonly user?: User }): KubectlOptions {
    return { kubeconfig: (user ?? this.admin).kubeconfig, ...options };
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
