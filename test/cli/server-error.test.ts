/** What a hub's user reads when it refuses, is not there, or is no hub: one line, with what to do. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverError, type RefusedAnswer } from '../../src/cli/server-error.ts';
import { CertificateAuthority, writeKubeconfig } from '../kubernetes/index.ts';
import { startFakeMember, type FakeMember } from '../support/fake-member.ts';
import { mctunnel } from '../support/mctunnel.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SERVER = 'https://hub.example:6443';
const authority = new CertificateAuthority('users');
const until = (notAfter: Date) =>
  authority.issue({ commonName: 'alice', usage: 'client', notBefore: new Date(0), notAfter });

function told(answer: Partial<RefusedAnswer>) {
  const { code, message, retryAfterSeconds } = serverError({
    context: { server: SERVER, origin: 'kubeconfig /home/alice/hub' },
    status: 500,
    headers: [],
    text: '',
    clientCertificate: undefined,
    nowMs: Date.parse('2030-01-01T00:00:00Z'),
    ...answer,
  });
  return { code, message, retryAfterSeconds };
}

const status = (fields: object) => JSON.stringify({ kind: 'Status', ...fields });
const LOGIN = 'error: You must be logged in to the server (Unauthorized)';

it.each<[string, Partial<RefusedAnswer>, string, string]>([
  [
    'a Status',
    { status: 403, text: status({ reason: 'Forbidden', message: 'no right' }) },
    'FORBIDDEN',
    'Error from server (Forbidden): no right',
  ],
  [
    'no such cluster',
    { status: 404, text: status({ reason: 'NotFound', message: 'clusters "x" not found' }) },
    'NOT_FOUND',
    'Error from server (NotFound): clusters "x" not found',
  ],
  [
    'an API server without a hub',
    { status: 404, text: '404 page not found\n' },
    'UNSUPPORTED',
    `no mctunnel hub answers at ${SERVER}: kubeconfig /home/alice/hub is for a cluster without one, or for a cluster behind the hub; give the hub's own (--kubeconfig, --context)`,
  ],
  [
    'an aggregated hub that is down',
    { status: 503, text: 'error trying to reach service:\n dial tcp 10.0.0.1:443: connect: refused\n' },
    'INTERNAL',
    `Error from server (ServiceUnavailable): the server is currently unable to handle the request: ${SERVER} does not reach the hub ("error trying to reach service: dial tcp 10.0.0.1:443: connect: refused"); look at "kubectl get apiservice v1.gateway.mctunnel.io" and at the hub's pods`,
  ],
  [
    'a hub that refuses for now, in its own words',
    { status: 503, text: status({ reason: 'ServiceUnavailable', message: 'not ready' }) },
    'INTERNAL',
    'Error from server (ServiceUnavailable): not ready',
  ],
  [
    'an unknown credential',
    { status: 401, text: status({ reason: 'Unauthorized', message: 'Unauthorized' }) },
    'UNAUTHENTICATED',
    `${LOGIN}: ${SERVER} does not know the credential in kubeconfig /home/alice/hub; take a new one`,
  ],
  [
    'a certificate that another CA signed',
    { status: 401, clientCertificate: until(new Date('2030-01-02T00:00:00Z')).certificate },
    'UNAUTHENTICATED',
    `${LOGIN}: ${SERVER} does not know the credential in kubeconfig /home/alice/hub; take a new one`,
  ],
  [
    'a certificate that has expired',
    { status: 401, clientCertificate: until(new Date('2029-12-31T23:00:00Z')).certificate },
    'UNAUTHENTICATED',
    `${LOGIN}: the client certificate in kubeconfig /home/alice/hub expired at 2029-12-31T23:00:00Z; take a new kubeconfig (a standalone hub keeps a fresh admin.kubeconfig in its data folder)`,
  ],
  ['a proxy in between', { status: 502, text: 'oops' }, 'INTERNAL', 'Error from server (HTTP 502): oops'],
  ['JSON that is no Status', { text: '[7]' }, 'INTERNAL', 'Error from server (HTTP 500): [7]'],
])('%s', (_what, answer, code, message) => {
  expect(told(answer)).toEqual({ code, message, retryAfterSeconds: undefined });
});

it('when to come back, where that is told in seconds', () => {
  const draining = { status: 429, text: status({ reason: 'TooManyRequests', message: 'later' }) };
  expect(told({ ...draining, headers: ['Retry-After', '3'] })).toMatchObject({
    code: 'TOO_MANY_REQUESTS',
    retryAfterSeconds: 3,
  });
  expect(told({ ...draining, headers: ['retry-after', 'Wed, 21 Oct 2030 07:28:00 GMT'] })).toMatchObject({
    retryAfterSeconds: undefined,
  });
});

describe('the command line', () => {
  let hub: FakeMember;
  let folder: string;
  beforeAll(async () => {
    hub = await startFakeMember();
    folder = mkdtempSync(join(tmpdir(), 'mctunnel-server-error-'));
  });
  afterAll(async () => {
    await hub.close();
    rmSync(folder, { recursive: true });
  });

  it('tells of an expired certificate, which stands in the kubeconfig that was used', async () => {
    const kubeconfig = writeKubeconfig(join(folder, 'expired'), {
      name: 'hub',
      server: hub.server,
      caCertificate: hub.caCertificate,
      user: until(new Date('2020-02-03T04:05:06Z')),
    });
    hub.on('/apis/gateway.mctunnel.io/v1/clusters', (_request, response) => {
      response.writeHead(401).end(status({ reason: 'Unauthorized', message: 'Unauthorized' }));
    });
    const { code, stderr } = await mctunnel(['clusters', '--kubeconfig', kubeconfig]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^mctunnel: error: .* expired at 2020-02-03T04:05:06Z; .*\n$/),
    });
  });

  it('says of a kubeconfig of a cluster that it is none of a hub, and claims nothing of the cluster', async () => {
    const notFound = (
      _request: unknown,
      response: { writeHead(code: number): { end(text: string): void } },
    ) => response.writeHead(404).end('404 page not found\n');
    hub.on('/apis/gateway.mctunnel.io/v1/clusters', notFound);
    hub.on('/apis/gateway.mctunnel.io/v1/clusters/paris', notFound);
    const all = await mctunnel(['health', '--kubeconfig', hub.kubeconfig]);
    expect(all).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^mctunnel: no mctunnel hub answers at https:.*\n$/),
    });
    const { stdout } = await mctunnel(['health', 'paris', '--kubeconfig', hub.kubeconfig]);
    expect(stdout).toMatch(/^paris +Unknown +Unknown +unknown +no mctunnel hub answers at /m);
  });

  it('names the folder that is not there, and not a file of its own, where a kubeconfig cannot be written', async () => {
    hub.on('/apis/gateway.mctunnel.io/v1/clusters', (_request, response) => {
      response.writeHead(200).end(JSON.stringify({ metadata: {}, items: [{ metadata: { name: 'paris' } }] }));
    });
    const path = join(folder, 'nope', 'x');
    expect(await mctunnel(['kubeconfig', '--output', path, '--kubeconfig', hub.kubeconfig])).toEqual({
      code: 2,
      stdout: '',
      stderr: `mctunnel: --output: cannot write ${join(folder, 'nope')}: no such file or folder\n`,
    });
  });
});
