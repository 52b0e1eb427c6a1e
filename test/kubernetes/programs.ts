/** The programs that the tests run, where they come from and where their builds are kept. */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const KUBERNETES_VERSION = '1.36.3';
const ETCD_VERSION = '3.6.16';
/** The last minor version that validates with OpenAPI v2 in protobuf, and with nothing else. */
const OLD_KUBECTL_VERSION = '1.28.15';

export type ProgramName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'requestinfo'
  | 'node'
  | 'client-go'
  | 'old-kubectl';

/** One program: the Go module that it is built from, and what building it costs. */
export interface Program {
  readonly name: ProgramName;
  readonly module: 'etcd' | 'kubernetes' | 'node' | 'client-go' | 'old-kubectl';
  readonly version: string;
  /** What a first build took on 2 cores with empty caches; for the progress line only. */
  readonly usualSeconds: number;
  /** Built only when it is asked for by name: a few long tests want it. */
  readonly onDemand?: true;
}

export const programs: readonly Program[] = [
  { name: 'etcd', module: 'etcd', version: ETCD_VERSION, usualSeconds: 40 },
  { name: 'kube-apiserver', module: 'kubernetes', version: KUBERNETES_VERSION, usualSeconds: 200 },
  { name: 'kubectl', module: 'kubernetes', version: KUBERNETES_VERSION, usualSeconds: 20 },
  { name: 'kube-controller-manager', module: 'kubernetes', version: KUBERNETES_VERSION, usualSeconds: 40 },
  { name: 'requestinfo', module: 'kubernetes', version: KUBERNETES_VERSION, usualSeconds: 10 },
  { name: 'node', module: 'node', version: KUBERNETES_VERSION, usualSeconds: 30 },
  { name: 'client-go', module: 'client-go', version: KUBERNETES_VERSION, usualSeconds: 30 },
  {
    name: 'old-kubectl',
    module: 'old-kubectl',
    version: OLD_KUBECTL_VERSION,
    usualSeconds: 120,
    onDemand: true,
  },
];

const folders: Readonly<Record<Program['module'], string>> = {
  etcd: './programs/etcd',
  kubernetes: './programs/kubernetes',
  node: './programs/node',
  // No part of a cluster: one that uses it.
  'client-go': '../clients/go',
  'old-kubectl': './programs/old-kubectl',
};

/** setup-envtest's folder has these and no others. */
const inAssetsFolder: ReadonlySet<ProgramName> = new Set(['etcd', 'kube-apiserver', 'kubectl']);

/** Where the Go module of a program lies in this repository. */
export function moduleFolder(module: Program['module']): string {
  return fileURLToPath(new URL(folders[module], import.meta.url));
}

/** The user's cache folder for our builds: `$XDG_CACHE_HOME/mctunnel/kubernetes`, else below `~/.cache`. */
export function cacheFolder(): string {
  const configured = process.env['XDG_CACHE_HOME'];
  const base =
    configured !== undefined && configured.startsWith('/') ? configured : join(homedir(), '.cache');
  return join(base, 'mctunnel', 'kubernetes');
}

/** `-s -w` drops the debug tables; without gitVersion kubectl cannot parse the server's version. */
export function linkerFlags(program: Program): string {
  if (program.module !== 'kubernetes' && program.module !== 'old-kubectl') return '-s -w';
  const [major, minor] = program.version.split('.');
  const variables = [`gitVersion=v${program.version}`, `gitMajor=${major ?? ''}`, `gitMinor=${minor ?? ''}`];
  // client-go's own copy is what the user agent says.
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const assignments = packages.flatMap((name) => variables.map((variable) => `-X ${name}.${variable}`));
  return ['-s -w', ...assignments].join(' ');
}

/** The folder of a program's build: named after its version and everything that goes into it. */
export function buildFolder(program: Program): string {
  const hash = createHash('sha256');
  hash.update(`${process.platform} ${process.arch} ${linkerFlags(program)}\n`);
  const folder = moduleFolder(program.module);
  for (const file of sourceFiles(program)) {
    hash
      .update(`${file}\n`)
      .update(readFileSync(join(folder, file)))
      .update('\n');
  }
  return join(cacheFolder(), `${program.name}-v${program.version}-${hash.digest('hex').slice(0, 16)}`);
}

function sourceFiles(program: Program): string[] {
  const folder = moduleFolder(program.module);
  const main = program.module === 'kubernetes' ? `${program.name}/` : '';
  const sources = readdirSync(join(folder, main)).filter((file) => file.endsWith('.go'));
  return ['go.mod', 'go.sum', ...sources.sort().map((file) => main + file)];
}

/** The executable of a program when it is at hand (in `KUBEBUILDER_ASSETS` or built before), else undefined. */
export function findProgram(name: ProgramName): string | undefined {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '' && inAssetsFolder.has(name)) return join(assets, name);
  const built = builtPath(programNamed(name));
  return isExecutable(built) ? built : undefined;
}

/** Where the build of a program is, or will be. */
export function builtPath(program: Program): string {
  return join(buildFolder(program), program.name);
}

function programNamed(name: ProgramName): Program {
  const program = programs.find((candidate) => candidate.name === name);
  if (program === undefined) throw new Error(`no such program: ${name}`);
  return program;
}

export type Availability =
  { readonly available: true } | { readonly available: false; readonly reason: string };

/** What is needed besides etcd, kube-apiserver and kubectl. */
export interface Needs {
  /** A controller manager and a node. */
  readonly node?: boolean;
  /** The program on client-go. */
  readonly clientGo?: boolean;
}

/**
 * Whether control planes can be started here.
 * Tests that need one are counted as skipped, with this reason, when not:
 *
 *     const kubernetes = kubernetesAvailable({ node: true });
 *     (kubernetes.available ? describe : describe.skip)('…', () => { … });
 */
export function kubernetesAvailable(options: Needs = {}): Availability {
  if (process.platform !== 'linux') {
    return {
      available: false,
      reason: `control planes for tests run on Linux only, this is ${process.platform}`,
    };
  }
  const needed = programs.filter(
    ({ name, onDemand }) =>
      onDemand !== true &&
      (inAssetsFolder.has(name) ||
        (name === 'client-go' ? options.clientGo === true : options.node === true)),
  );
  const assets = process.env['KUBEBUILDER_ASSETS'];
  for (const { name } of needed) {
    const path = findProgram(name);
    if (path === undefined && !hasGo()) {
      return {
        available: false,
        reason: inAssetsFolder.has(name)
          ? 'no Go on the PATH to build Kubernetes with; install Go 1.26 or set KUBEBUILDER_ASSETS'
          : `no Go on the PATH to build ${name} with; install Go 1.26`,
      };
    }
    if (path !== undefined && !isExecutable(path)) {
      return { available: false, reason: `KUBEBUILDER_ASSETS=${assets ?? ''} has no ${name}` };
    }
  }
  return { available: true };
}

export function hasGo(): boolean {
  return spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
