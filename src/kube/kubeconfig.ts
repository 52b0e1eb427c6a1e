import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parseDocument } from 'yaml';
import { MctunnelError } from '../errors.ts';
import { readOnceSync } from '../lib/bounded-file.ts';
import { duplicateYamlKeys } from '../lib/duplicate-keys.ts';
import { explainExecPlugin } from './exec-plugin.ts';
import { codeOf, reasonOf, firstLine } from './system-error.ts';

/** One context of a kubeconfig, ready to connect with. `config` holds exactly this cluster, user and context. */
export interface KubeContext {
  readonly name: string;
  /** `https://host:port`, maybe with a path, without a trailing slash. */
  readonly server: string;
  /** The context's namespace; undefined when it names none. */
  readonly namespace: string | undefined;
  /** Where the bearer token is re-read from (kubeconfig `tokenFile`, in-cluster); client-node does not know this field. */
  readonly tokenFile: string | undefined;
  readonly tlsFiles: TlsFiles;
  /** `as`, `as-groups`, `as-uid`, `as-user-extra` of the user, as header lines: name, value, … */
  readonly impersonation: readonly string[];
  readonly config: KubeConfig;
  /** What errors call it: `kubeconfig /path` or `service account /path`. */
  readonly origin: string;
}

/** PEM files that are read again as they change. They win over contents in the kubeconfig itself. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface KubeconfigOptions {
  /** Default: the file's `current-context`. */
  readonly context?: string;
}

/** Values of the process's environment, passed in by the command line. */
export type Environment = Readonly<Record<string, string | undefined>>;

const MAX_KUBECONFIG_BYTES = 16 * 1024 * 1024;
const MAX_ACCOUNT_FILE_BYTES = 1024 * 1024;
const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

type Fields = Readonly<Record<string, unknown>>;
interface KubeconfigFile {
  readonly path: string;
  readonly fields: Fields;
}
interface Entry {
  readonly name: string;
  readonly fields: Fields;
  /** Folder that relative file names in this entry start from. */
  readonly folder: string;
}

/** Reads one kubeconfig file. Throws MctunnelError INVALID with one line that names the file and what is wrong. */
export function loadKubeconfig(path: string, options: KubeconfigOptions = {}): KubeContext {
  return resolveContext([readKubeconfig(path, { missingIsFine: false }) ?? { path, fields: {} }], options);
}

/**
 * The kubeconfig that kubectl would use: the files of `KUBECONFIG` merged (of two entries with one name the first wins, a file that
 * does not exist is passed over), else `HOME/.kube/config`. Throws MctunnelError INVALID.
 */
export function loadDefaultKubeconfig(env: Environment, options: KubeconfigOptions = {}): KubeContext {
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length === 0) {
    const home = env['HOME'];
    if (home === undefined || home === '')
      throw invalid('no kubeconfig: neither KUBECONFIG nor HOME is set; give --kubeconfig FILE');
    return loadKubeconfig(join(home, '.kube', 'config'), options);
  }
  const [first = '', ...others] = listed;
  if (others.length === 0) return loadKubeconfig(first, options);
  const present = listed.flatMap((path) => readKubeconfig(path, { missingIsFine: true }) ?? []);
  if (present.length === 0)
    throw invalid(`kubeconfig ${first}: no such file, and none of the other files of KUBECONFIG exists`);
  return resolveContext(present, options);
}

/**
 * The API server of the pod that this process runs in; undefined outside of a cluster (no KUBERNETES_SERVICE_HOST, or no mounted
 * service account). Throws MctunnelError INVALID when there is a service account that cannot be used.
 */
export function loadInCluster(
  env: Environment,
  folder: string = SERVICE_ACCOUNT_FOLDER,
): KubeContext | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '') return undefined;
  const tokenFile = join(folder, 'token');
  if (readIfPresent(tokenFile) === undefined) return undefined;
  const config = new KubeConfig();
  const name = 'in-cluster';
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  config.loadFromOptions({
    clusters: [{ name, server, skipTLSVerify: false }],
    users: [{ name }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  const namespace = readIfPresent(join(folder, 'namespace'))?.trim();
  return {
    name,
    server,
    namespace: namespace === '' ? undefined : namespace,
    tokenFile,
    tlsFiles: { ca: join(folder, 'ca.crt') },
    impersonation: [],
    config,
    origin: `service account ${folder}`,
  };
}

function resolveContext(files: readonly KubeconfigFile[], options: KubeconfigOptions): KubeContext {
  const origin = `kubeconfig ${files.map(({ path }) => path).join(delimiter)}`;
  const clusters = new Map<string, Entry>();
  const users = new Map<string, Entry>();
  const contexts = new Map<string, Entry>();
  let current = options.context ?? '';
  for (const { path, fields: file } of files) {
    const folder = dirname(path);
    collect(file, 'clusters', 'cluster', folder, clusters, path);
    collect(file, 'users', 'user', folder, users, path);
    collect(file, 'contexts', 'context', folder, contexts, path);
    if (current === '') current = text(file, 'current-context', `kubeconfig ${path}`) ?? '';
  }
  if (current === '')
    throw invalid(`${origin}: no current-context; set one with "kubectl config use-context NAME"`);
  const context = contexts.get(current);
  if (context === undefined)
    throw invalid(`${origin}: no context "${current}"; it has: ${[...contexts.keys()].join(', ') || 'none'}`);
  const where = `${origin}: context "${current}"`;
  const clusterName = text(context.fields, 'cluster', where) ?? '';
  const userName = text(context.fields, 'user', where) ?? '';
  const cluster = clusters.get(clusterName);
  if (cluster === undefined) throw invalid(`${where}: no cluster "${clusterName}"`);
  const user = users.get(userName);
  if (user === undefined && userName !== '') throw invalid(`${where}: no user "${userName}"`);

  const server = serverOf(cluster, `${origin}: cluster "${clusterName}"`);
  const plain = server.startsWith('http:');
  const config = new KubeConfig();
  const userFields = user?.fields ?? {};
  const userFolder = user?.folder ?? '';
  const userWhere = `${origin}: user "${userName}"`;
  const pathOf = (fields: Fields, key: string, folder: string, at: string): string | undefined => {
    const value = text(fields, key, at);
    return value === undefined || value === '' ? undefined : resolve(folder, value);
  };
  const clusterWhere = `${origin}: cluster "${clusterName}"`;
  const tlsFiles: TlsFiles = {
    ca: pathOf(cluster.fields, 'certificate-authority', cluster.folder, clusterWhere),
    cert: pathOf(userFields, 'client-certificate', userFolder, userWhere),
    key: pathOf(userFields, 'client-key', userFolder, userWhere),
  };
  config.loadFromOptions({
    clusters: [
      {
        name: clusterName,
        server,
        caData:
          tlsFiles.ca === undefined
            ? text(cluster.fields, 'certificate-authority-data', clusterWhere)
            : undefined,
        // Over plain HTTP (kubectl proxy) there is nothing to verify; client-node wants that said.
        skipTLSVerify: plain || cluster.fields['insecure-skip-tls-verify'] === true,
        tlsServerName: text(cluster.fields, 'tls-server-name', clusterWhere),
        proxyUrl: text(cluster.fields, 'proxy-url', clusterWhere),
      },
    ],
    users: [
      {
        name: userName,
        authProvider: userFields['auth-provider'],
        exec: execOf(userFields['exec'], userFolder),
        certData:
          tlsFiles.cert === undefined ? text(userFields, 'client-certificate-data', userWhere) : undefined,
        keyData: tlsFiles.key === undefined ? text(userFields, 'client-key-data', userWhere) : undefined,
        token: tokenOf(userFields, userWhere),
        username: text(userFields, 'username', userWhere),
        password: text(userFields, 'password', userWhere),
      },
    ],
    contexts: [{ name: current, cluster: clusterName, user: userName }],
    currentContext: current,
  });
  explainExecPlugin(config);
  const namespace = text(context.fields, 'namespace', where);
  return {
    name: current,
    server,
    namespace: namespace === '' ? undefined : namespace,
    tokenFile: pathOf(userFields, 'tokenFile', userFolder, userWhere),
    tlsFiles,
    impersonation: impersonationOf(userFields, userWhere),
    config,
    origin,
  };
}

function readKubeconfig(path: string, options: { missingIsFine: boolean }): KubeconfigFile | undefined {
  let content: string;
  try {
    content = readOnceSync(path, MAX_KUBECONFIG_BYTES).toString('utf8');
  } catch (error) {
    if (options.missingIsFine && codeOf(error) === 'ENOENT') return undefined;
    throw invalid(`kubeconfig ${path}: ${reasonOf(error)}`, error);
  }
  const parsed = parseYaml(content, path);
  if (!isFields(parsed)) throw invalid(`kubeconfig ${path}: not a kubeconfig (kind Config)`);
  return { path, fields: parsed };
}

function parseYaml(content: string, path: string): unknown {
  const document = parseDocument(content, { uniqueKeys: false });
  const [error] = document.errors;
  if (error !== undefined) {
    throw invalid(`kubeconfig ${path}: not YAML: ${firstLine(error).replace(/:$/, '')}`, error);
  }
  const [duplicate] = duplicateYamlKeys(document);
  if (duplicate !== undefined) {
    throw invalid(`kubeconfig ${path}: the key ${JSON.stringify(duplicate.key)} stands twice in one mapping`);
  }
  try {
    return document.toJS();
  } catch (thrown) {
    throw invalid(`kubeconfig ${path}: not YAML: ${firstLine(thrown)}`, thrown);
  }
}

function collect(
  file: Fields,
  listKey: string,
  entryKey: string,
  folder: string,
  into: Map<string, Entry>,
  path: string,
): void {
  const list = file[listKey] ?? [];
  if (!Array.isArray(list)) throw invalid(`kubeconfig ${path}: ${listKey} must be a list`);
  for (const [index, item] of (list as unknown[]).entries()) {
    const where = `kubeconfig ${path}: ${listKey}[${index}]`;
    if (!isFields(item)) throw invalid(`${where} must be a mapping`);
    const name = text(item, 'name', where);
    if (name === undefined || name === '') throw invalid(`${where} has no name`);
    const fields = item[entryKey] ?? {};
    if (!isFields(fields)) throw invalid(`${where}.${entryKey} must be a mapping`);
    if (!into.has(name)) into.set(name, { name, fields, folder });
  }
}

function serverOf(cluster: Entry, where: string): string {
  const server = text(cluster.fields, 'server', where) ?? '';
  if (server === '') throw invalid(`${where}: no server`);
  const url = URL.parse(server);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw invalid(`${where}: server "${server}" is not an https:// address`);
  if (url.search !== '' || url.hash !== '' || url.username !== '')
    throw invalid(`${where}: server "${server}" must be scheme, host, port and path only`);
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** As kubectl: a command with a folder in its name starts from the kubeconfig's folder, one without is searched for in PATH. */
function execOf(exec: unknown, folder: string): unknown {
  if (!isFields(exec)) return exec;
  const { command } = exec;
  if (typeof command !== 'string' || !command.includes('/') || isAbsolute(command)) return exec;
  return { ...exec, command: resolve(folder, command) };
}

function impersonationOf(user: Fields, where: string): string[] {
  const lines: string[] = [];
  const as = text(user, 'as', where) ?? '';
  if (as !== '') lines.push('Impersonate-User', latin1(as));
  const uid = text(user, 'as-uid', where) ?? '';
  if (uid !== '') lines.push('Impersonate-Uid', latin1(uid));
  for (const group of strings(user['as-groups'], `${where}.as-groups`))
    lines.push('Impersonate-Group', latin1(group));
  const extra = user['as-user-extra'] ?? {};
  if (!isFields(extra)) throw invalid(`${where}.as-user-extra must be a mapping`);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of strings(values, `${where}.as-user-extra`))
      lines.push(`Impersonate-Extra-${encodeURIComponent(key)}`, latin1(value));
  }
  if (lines.length > 0 && as === '') throw invalid(`${where}: as-groups, as-uid and as-user-extra need "as"`);
  return lines;
}

function strings(value: unknown, where: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
    throw invalid(`${where} must be a list of strings`);
  return value as string[];
}

function text(fields: Fields, key: string, where: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${where}: ${key} must be a string`);
  return value;
}

/** No header line could carry another: said at the start, not as a request that fails. */
function tokenOf(fields: Fields, where: string): string | undefined {
  const token = text(fields, 'token', where);
  if (token !== undefined && !/^[\x21-\x7e]*$/.test(token)) throw invalid(`${where}: token is not one token`);
  return token;
}

/** UTF-8 bytes as the latin1 string that goes on the wire. */
function latin1(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readIfPresent(path: string): string | undefined {
  try {
    return readOnceSync(path, MAX_ACCOUNT_FILE_BYTES).toString('utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw invalid(`service account file ${path}: ${reasonOf(error)}`, error);
  }
}

function invalid(message: string, cause?: unknown): MctunnelError {
  return new MctunnelError('INVALID', message, { cause });
}
