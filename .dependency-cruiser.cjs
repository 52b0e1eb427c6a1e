// The import rules of docs/architecture.md. `npm run imports` checks them.
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  comment: `${from} may import only ${allowed.join(', ')} (docs/architecture.md)`,
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, ...allowed.map((folder) => `^src/${folder}`)] },
});
const onlyFrom = (name, pkg, folders) => ({
  name,
  severity: 'error',
  comment: `${pkg} is imported only in ${folders.join(', ')} (docs/architecture.md)`,
  from: { path: '^src/', pathNot: folders.map((folder) => `^src/${folder}`) },
  to: { path: `^(node_modules/)?${pkg}(/|$)` },
});
// node: modules by which the tunnel core could do I/O or read a clock of its own.
const io =
  '^(node:)?(net|tls|http|https|http2|fs|fs/promises|dgram|dns|child_process|worker_threads|cluster|process|timers|timers/promises)$';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^src/cli/main\\.ts$'] },
      to: {},
    },
    {
      name: 'doors',
      severity: 'error',
      comment: "A folder's index.ts is its door; nobody imports past a door",
      from: { path: '^src/([^/]+)/', pathNot: '^src/cli/' },
      to: {
        path: '^src/([^/]+)/.+',
        pathNot: ['^src/$1/', '/index\\.ts$', '^src/lib/', '^src/gen/', '^src/[^/]+/ports\\.ts$'],
      },
    },
    only('tunnel-imports', 'tunnel', ['errors\\.ts', 'lib']),
    { name: 'tunnel-does-no-io', severity: 'error', from: { path: '^src/tunnel/' }, to: { path: io } },
    only('transport-imports', 'transport', ['tunnel', 'gen/tunnel\\.', 'errors\\.ts', 'lib']),
    only('gateway-imports', 'gateway', ['tunnel', 'registry', 'gen/openapi\\.', 'errors\\.ts', 'lib']),
    only('registry-imports', 'registry', ['tunnel', 'errors\\.ts', 'lib']),
    only('upstream-imports', 'upstream', ['tunnel', 'errors\\.ts', 'lib']),
    only('pki-imports', 'pki', ['errors\\.ts', 'lib']),
    only('observe-imports', 'observe', ['gateway/ports\\.ts', 'upstream/ports\\.ts', 'lib', 'errors\\.ts']),
    only('config-imports', 'config', ['lib', 'errors\\.ts']),
    only('lib-imports', 'lib', []),
    only('kube-imports', 'kube', [
      'gateway/ports\\.ts',
      'registry/ports\\.ts',
      'registry/index\\.ts',
      'registry/schema/index\\.ts',
      'registry/embedded/index\\.ts',
      'pki/index\\.ts',
      'errors\\.ts',
      'lib',
    ]),
    {
      name: 'errors-imports-nothing',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      to: { path: '^src/' },
    },
    onlyFrom('express-in-api', 'express', ['gateway/api/', 'gateway/server']),
    onlyFrom('grpc-in-transport', '(@grpc/grpc-js|protobufjs)', ['transport/', 'gen/']),
    onlyFrom('client-node-in-kube', '@kubernetes/client-node', ['kube/']),
    {
      name: 'not-to-dev',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/(@types|openapi-types)' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types'],
    },
  },
};
