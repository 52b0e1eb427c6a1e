/** `mctunnel token create` and `clusters delete` at a hub that allows no more than they need, or that does not do it all at once. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startFakeMember, type FakeMember } from '../support/fake-member.ts';
import { mctunnel } from '../support/mctunnel.ts';

const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const TOKEN = '/apis/gateway.mctunnel.io/v1/clusters/paris/bootstraptoken';
const forbidden = { kind: 'Status', reason: 'Forbidden', message: 'no right to that' };
const notFound = { kind: 'Status', reason: 'NotFound', message: 'clusters "paris" not found' };
const issued = {
  status: { token: 'id.secret', expirationTimestamp: '2030-01-01T00:00:00Z', hubCAHash: 'sha256:00' },
};

/** Stands where a hub stands. */
let hub: FakeMember;
beforeEach(async () => {
  hub = await startFakeMember();
});
afterEach(() => hub.close());

/** METHOD and path of what was asked for, and who said to ask. */
let asked: string[];
let agents: Set<string | undefined>;
beforeEach(() => {
  asked = [];
  agents = new Set();
});

function answers(path: string, reply: (request: IncomingMessage) => readonly [number, object]): void {
  hub.on(path, (request, response: ServerResponse) => {
    asked.push(`${request.method} ${path}`);
    agents.add(request.headers['user-agent']);
    const [status, body] = reply(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}

const run = (args: readonly string[]) => mctunnel([...args, '--kubeconfig', hub.kubeconfig]);
const create = () => run(['token', 'create', '--cluster', 'paris']);

describe('mctunnel token create', () => {
  it('needs the right to a token, and to register where the cluster is new; not to read registrations', async () => {
    let isRegistered = false;
    answers(TOKEN, () => (isRegistered ? [201, issued] : [404, notFound]));
    answers(REGISTRATIONS, ({ method }) => {
      isRegistered ||= method === 'POST';
      return method === 'POST' ? [201, {}] : [403, forbidden];
    });
    answers(`${REGISTRATIONS}/paris`, () => [403, forbidden]);
    const first = await create();
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('Registered the cluster paris.');
    expect(asked).toEqual([`POST ${TOKEN}`, `POST ${REGISTRATIONS}`, `POST ${TOKEN}`]);
    asked = [];
    const second = await create();
    expect(second.stdout).toContain('Found the cluster paris.');
    expect(asked).toEqual([`POST ${TOKEN}`]);
  });

  it('registers nothing for whom the hub gives no token', async () => {
    answers(TOKEN, () => [403, forbidden]);
    answers(REGISTRATIONS, () => [201, {}]);
    expect(await create()).toMatchObject({
      code: 1,
      stderr: 'mctunnel: Error from server (Forbidden): no right to that\n',
    });
    expect(asked).toEqual([`POST ${TOKEN}`]);
  });

  it('says what the hub says of a cluster that is registered and not there', async () => {
    answers(TOKEN, () => [404, notFound]);
    answers(REGISTRATIONS, () => [409, { kind: 'Status', reason: 'AlreadyExists', message: 'it is there' }]);
    const { code, stderr } = await create();
    expect([code, stderr]).toEqual([1, expect.stringContaining('clusters "paris" not found')]);
  });

  it('says who asks: managed fields and audit logs name it', async () => {
    answers(TOKEN, () => [201, issued]);
    await create();
    expect([...agents]).toEqual([expect.stringMatching(/^mctunnel\/v\d+\.\d+\.\d+$/)]);
  });
});

describe('mctunnel clusters delete', () => {
  it('says when the registration stays until its finalizers are removed', async () => {
    const metadata = { name: 'paris', finalizers: ['example.org/one', 'example.org/two'] };
    answers(`${REGISTRATIONS}/paris`, () => [200, { kind: 'ClusterRegistration', metadata }]);
    expect((await run(['clusters', 'delete', 'paris'])).stdout).toBe(
      'cluster "paris" is being deleted: its agent is refused, and it is gone when these finalizers are removed: example.org/one, example.org/two\n',
    );
    answers(`${REGISTRATIONS}/paris`, () => [200, { kind: 'Status', status: 'Success', metadata: {} }]);
    expect((await run(['clusters', 'delete', 'paris'])).stdout).toBe('cluster "paris" deleted\n');
  });
});
