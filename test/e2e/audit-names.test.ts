/** The audit log of a real hub: who impersonates is named, and who mints a token that takes over a cluster's name; and the token is not in it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor, type User } from '../kubernetes/index.ts';
import { call, type Answer } from '../support/client.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';

const TEST_MS = 120_000;
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';
const AS_JANE = { 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' };

let folder: string;
let hub: StandaloneHub;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-audit-names-'));
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, 'token-of-root,root,uid-of-root,"system:masters"\ntoken-of-bob,bob,,dev\n');
  hub = await startStandaloneHub(join(folder, 'hub'), [
    ...['--token-auth-file', tokens, '--audit-log', join(folder, 'audit.log')],
  ]);
}, TEST_MS);

afterAll(async () => {
  await hub.process.stop();
  rmSync(folder, { recursive: true, force: true });
}, TEST_MS);

const user = (name: string): User => ({ name, kubeconfig: '', credentials: { token: `token-of-${name}` } });

function ask(
  id: string,
  name: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: object,
): Promise<Answer> {
  return call(hub.gateway, path, {
    ...{ method, user: user(name), headers: { 'audit-id': id, 'user-agent': 'e2e/1', ...headers } },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

it(
  'names who does what, under whatever name',
  async () => {
    const registration = {
      apiVersion: 'registry.mctunnel.io/v1',
      kind: 'ClusterRegistration',
      metadata: { name: 'berlin' },
    };
    const token = `${CLUSTERS}/berlin/bootstraptoken`;
    const replace = { spec: { replace: true } };
    const statuses = [];
    for (const asked of [
      () => ask('created', 'root', 'POST', REGISTRATIONS, {}, registration),
      () => ask('minted', 'root', 'POST', token, {}, replace),
      () => ask('minted-as-jane', 'root', 'POST', token, AS_JANE, replace),
      () => ask('proxied-as-jane', 'root', 'GET', '/berlin/api/v1/pods', AS_JANE),
      () => ask('refused', 'bob', 'GET', '/berlin/api/v1/pods', AS_JANE),
      () => ask('refused-token', 'bob', 'POST', token, {}, replace),
      () => ask('read', 'root', 'GET', CLUSTERS),
      () => ask('deleted', 'root', 'DELETE', `${REGISTRATIONS}/berlin`),
    ]) {
      const answer = await asked();
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([201, 201, 201, 503, 403, 403, 200, 200]);
    const log = (): string => readFileSync(join(folder, 'audit.log'), 'utf8');
    await waitFor('the last line', () => log().includes('"auditID":"deleted"'));
    const text = log();
    const lines = new Map(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .map((line) => [line['auditID'], line]),
    );
    const root = { user: 'root', uid: 'uid-of-root', groups: ['system:masters', 'system:authenticated'] };
    const from = { authenticatedBy: 'token', sourceIPs: ['127.0.0.1'], userAgent: 'e2e/1' };
    const minted = {
      ...{ cluster: '', verb: 'create', group: 'gateway.mctunnel.io', resource: 'clusters' },
      ...{ subresource: 'bootstraptoken', name: 'berlin' },
    };
    const annotations = { replace: 'true', ttlSeconds: '3600' };
    expect(lines.get('created')).toMatchObject({
      ...{ ...root, ...from, cluster: '', verb: 'create', resource: 'clusterregistrations' },
      ...{ name: 'berlin', status: 201 },
    });
    expect(lines.get('minted')).toMatchObject({ ...root, ...from, ...minted, annotations, status: 201 });
    expect(lines.get('minted-as-jane')).toMatchObject({
      ...{ ...from, ...minted, user: 'jane', impersonator: root, annotations, status: 201 },
    });
    expect(lines.get('proxied-as-jane')).toMatchObject({
      ...{ ...from, user: 'jane', impersonator: root, cluster: 'berlin', resource: 'pods', status: 503 },
    });
    const bob = { user: 'bob', groups: ['dev', 'system:authenticated'], status: 403 };
    expect(lines.get('refused')).toMatchObject({
      ...{ ...from, ...bob, cluster: 'berlin' },
      error: { code: 'FORBIDDEN', message: expect.stringContaining('cannot impersonate') as unknown },
    });
    expect(lines.get('refused-token')).toMatchObject({ ...from, ...bob, ...minted });
    expect(lines.get('deleted')).toMatchObject({ ...root, verb: 'delete', name: 'berlin', status: 200 });
    expect(lines.has('read')).toBe(false);
    // Neither the callers' credentials, nor what was minted.
    expect(text).not.toMatch(/token-of|[a-z0-9]{6,}\.[a-z0-9]{32}/);
  },
  TEST_MS,
);
