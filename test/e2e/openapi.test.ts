/**
 * schemathesis makes requests out of the served OpenAPI documents, right ones and wrong ones: no 5xx, and answers as the documents say.
 * Go decodes the protobuf form.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { OpenAPIV3 } from 'openapi-types';
import { pythonMissing, pythonWithSchemathesis } from '../clients/python.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import {
  buildPrograms,
  startControlPlane,
  waitFor,
  type ControlPlane,
  type User,
} from '../kubernetes/index.ts';
import { leashed } from '../kubernetes/process.ts';
import { startAggregatedHub, type RunningHub } from '../support/aggregated-hub.ts';
import { call, type Server } from '../support/client.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';

const TEST_MS = 120_000;
const HOOKS = fileURLToPath(new URL('../clients/python/openapi_hooks.py', import.meta.url));
const GATEWAY = 'apis/gateway.mctunnel.io/v1';
const REGISTRY = 'apis/registry.mctunnel.io/v1';
const EXISTING = 'here';
/** The same requests in every run. */
const SEED = '1';
const EXAMPLES = '5';
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
];

interface Target {
  readonly server: Server;
  readonly user: User;
}

interface Trial {
  readonly code: number | null;
  readonly output: string;
}

const missing = pythonMissing();
if (missing !== undefined) process.stderr.write(`skipped: schemathesis: ${missing}\n`);

describeKubernetes('the served OpenAPI documents', { clientGo: true }, () => {
  let folder: string;
  let python: string;
  let clientGo: string;
  let plane: ControlPlane;
  let standalone: StandaloneHub;
  let aggregated: RunningHub;
  let targets: Readonly<Record<'standalone' | 'aggregated', Target>>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mctunnel-openapi-'));
    [python, { 'client-go': clientGo }, plane, standalone] = await Promise.all([
      missing === undefined ? pythonWithSchemathesis() : '',
      buildPrograms(['client-go']),
      startControlPlane({ name: 'openapi' }),
      startStandaloneHub(join(folder, 'hub')),
    ]);
    aggregated = await startAggregatedHub(plane);
    targets = {
      standalone: { server: standalone.gateway, user: standalone.admin },
      aggregated: {
        server: { port: plane.port, ca: plane.authority.certificate },
        user: plane.admin,
      },
    };
    for (const { server, user } of Object.values(targets)) {
      // The finalizer keeps it, whatever is deleted.
      const body = JSON.stringify({
        apiVersion: 'registry.mctunnel.io/v1',
        kind: 'ClusterRegistration',
        metadata: { name: EXISTING, finalizers: ['mctunnel.test/kept'] },
      });
      const path = `/${REGISTRY}/clusterregistrations`;
      const headers = { 'Content-Type': 'application/json' };
      const created = await call(server, path, { method: 'POST', headers, body, user });
      expect(created).toMatchObject({ status: 201 });
    }
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await Promise.allSettled([standalone.process.stop(), aggregated.process.stop()]);
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_MS);

  async function trial({ server, user }: Target, document: string, ...args: string[]): Promise<Trial> {
    let body = '';
    // The kube-apiserver reads the index when the APIService is new.
    await waitFor(`/openapi/v3/${document}`, async () => {
      const answer = await call(server, `/openapi/v3/${document}`, { user });
      body = answer.body;
      return answer.status === 200;
    });
    const file = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const { certificate = '', key = '' } = user.credentials as { certificate?: string; key?: string };
    const [command, argv] = leashed(
      python,
      [
        ...['-m', 'schemathesis.cli', 'run', file('document.json', withoutProxy(body))],
        ...['--url', `https://127.0.0.1:${server.port}`, '--tls-verify', file('ca.crt', server.ca)],
        ...['--request-cert', file('client.crt', certificate)],
        ...['--request-cert-key', file('client.key', key)],
        ...['--seed', SEED, '--generation-database', 'none', '--no-color', '--warnings', 'off'],
        ...['--continue-on-failure', '--request-timeout', '10', ...args],
      ],
      'KILL',
    );
    const env = { ...process.env, SCHEMATHESIS_HOOKS: HOOKS, EXISTING_NAME: EXISTING };
    const child = spawn(command, argv, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (text: string): void => void (output += text);
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  /** No failure, and not for want of requests. */
  function expectConformance({ code, output }: Trial, atLeast: number): void {
    if (code !== 0) throw new Error(output);
    const count = Number(/(\d+) generated/.exec(output)?.[1]);
    expect(count).toBeGreaterThanOrEqual(atLeast);
  }

  (missing === undefined ? it : it.skip).each([
    ['standalone', GATEWAY, 250],
    ['standalone', REGISTRY, 500],
    ['aggregated', GATEWAY, 250],
  ] as const)(
    'are kept to by the %s hub: %s',
    async (where, document, atLeast) => {
      const args = ['--phases', 'coverage,fuzzing', '-n', EXAMPLES, '--checks', CHECKS.join(',')];
      expectConformance(await trial(targets[where], document, ...args), atLeast);
    },
    TEST_MS,
  );

  it(
    'are the same as protobuf, field by field, for Go’s decoder of it and its parser of the JSON',
    async () => {
      const { kubeconfig } = standalone.admin;
      const { stdout } = await promisify(execFile)(clientGo, ['openapi', kubeconfig]);
      expect(stdout.trimEnd().split('\n')).toEqual(
        expect.arrayContaining([
          'io.mctunnel.gateway.v1.Cluster',
          'io.mctunnel.registry.v1.ClusterRegistration',
          'paths: 11',
        ]),
      );
      // kubectl's explanation from this form, which was the only one before 1.29.
      const explain = ['explain', 'clusters.status.sessions', '--output', 'plaintext-openapiv2'];
      expect(await plane.kubectl(explain, { kubeconfig })).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(
          /^KIND: +Cluster\nVERSION: +gateway\.mctunnel\.io\/v1\n\nRESOURCE: +sessions <\[\]Object>\n[^]*remoteAddress\t<string> -required-/,
        ) as unknown,
      });
    },
    TEST_MS,
  );
});

/** Without a tunnel all of it is 503, as it should be, and with one the answers are the cluster's own. */
function withoutProxy(text: string): string {
  const document = JSON.parse(text) as OpenAPIV3.Document;
  const paths = Object.entries(document.paths).filter(([path]) => !/\/proxy(\/|$)/.test(path));
  return JSON.stringify({ ...document, paths: Object.fromEntries(paths) });
}
