/** What `mctunnel health` claims of a cluster must be known: a hub that is down knows nothing, and a tunnel is no API server. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeMember, type FakeMember } from '../support/fake-member.ts';
import { mctunnel } from '../support/mctunnel.ts';

const PARIS = '/apis/gateway.mctunnel.io/v1/clusters/paris';
const CONNECTED = {
  clusterUID: 'u',
  conditions: [
    { type: 'Connected', status: 'True' },
    { type: 'APIServerReachable', status: 'True' },
  ],
};
const LOST = { clusterUID: 'u', conditions: [{ type: 'Connected', status: 'False' }] };

/** Stands where a hub stands. */
let hub: FakeMember;
beforeEach(async () => {
  hub = await startFakeMember();
});
afterEach(() => hub.close());

function answers(path: string, status: number, body: object): void {
  hub.on(path, (_request, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}

/** Its row, and the exit status. */
async function health(kubeconfig = hub.kubeconfig): Promise<{ readonly row: string; readonly code: number }> {
  const { stdout, stderr, code } = await mctunnel(['health', 'paris', '--kubeconfig', kubeconfig]);
  expect(stderr).toBe('');
  const [head = '', row = '', ...rest] = stdout.trimEnd().split('\n');
  expect(head).toMatch(/^NAME +INSTALLED +AVAILABLE +HEALTH +TUNNEL +APISERVER +MESSAGE$/);
  expect(rest).toEqual([]);
  return { row: row.replaceAll(/ {2,}/g, ' | '), code };
}

describe('mctunnel health', () => {
  it.each<[string, object, number, object, number, RegExp]>([
    [
      'a cluster that is well',
      CONNECTED,
      200,
      { reachable: true, httpStatus: 200, tunnelRoundTripMs: 1, apiServerMs: 2, message: 'ok' },
      0,
      /^paris \| True \| True \| ok \(200\) \| 1\.0ms \| 2\.0ms \| ok$/,
    ],
    [
      'a tunnel with no API server behind it',
      CONNECTED,
      200,
      { reachable: false, message: 'refused by the API server' },
      1,
      /^paris \| True \| False \| unreachable \| refused by the API server$/,
    ],
    [
      'an API server that is not well',
      CONNECTED,
      200,
      { reachable: true, httpStatus: 500, tunnelRoundTripMs: 1, apiServerMs: 2, message: 'etcd' },
      1,
      /^paris \| True \| True \| failed \(500\) \| /,
    ],
    [
      'a lost tunnel',
      LOST,
      200,
      { reachable: false, message: 'not connected' },
      1,
      /^paris \| True \| False \| unreachable \| not connected$/,
    ],
    [
      'a cluster that never had an agent',
      {},
      200,
      { reachable: false, message: 'has never connected' },
      1,
      /^paris \| False \| False \| unreachable \| has never connected$/,
    ],
    [
      'a probe that the caller may not ask for',
      CONNECTED,
      403,
      { kind: 'Status', reason: 'Forbidden', message: 'no right' },
      1,
      /^paris \| True \| Unknown \| unknown \| Error from server \(Forbidden\): no right$/,
    ],
    [
      'a lost tunnel, and no right to a probe',
      LOST,
      403,
      { kind: 'Status', reason: 'Forbidden', message: 'no right' },
      1,
      /^paris \| True \| False \| unreachable \| Error from server \(Forbidden\): no right$/,
    ],
  ])('%s', async (_what, status, probeStatus, probe, code, row) => {
    answers(PARIS, 200, { metadata: { name: 'paris' }, status });
    answers(`${PARIS}/health`, probeStatus, probeStatus === 200 ? { status: probe } : probe);
    expect(await health()).toEqual({ row: expect.stringMatching(row), code });
  });

  it('a cluster that the caller may probe and not look at', async () => {
    answers(PARIS, 403, { kind: 'Status', reason: 'Forbidden', message: 'no right to look' });
    const probe = { reachable: true, httpStatus: 200, tunnelRoundTripMs: 1, apiServerMs: 2, message: 'ok' };
    answers(`${PARIS}/health`, 200, { status: probe });
    expect(await health()).toEqual({
      row: expect.stringMatching(/^paris \| True \| True \| ok \(200\) \| 1\.0ms \| 2\.0ms \| ok$/),
      code: 0,
    });
    answers(`${PARIS}/health`, 200, { status: { reachable: false, message: 'not connected' } });
    expect(await health()).toEqual({
      row: expect.stringMatching(/^paris \| Unknown \| False \| unreachable \| not connected$/),
      code: 1,
    });
    answers(`${PARIS}/health`, 403, { kind: 'Status', reason: 'Forbidden', message: 'no right' });
    expect(await health()).toEqual({
      row: expect.stringMatching(/^paris \| Unknown \| Unknown \| unknown \| .*: no right$/),
      code: 1,
    });
  });

  it('a cluster that is not registered', async () => {
    answers(PARIS, 404, { kind: 'Status', reason: 'NotFound', message: 'clusters "paris" not found' });
    expect(await health()).toEqual({
      row: expect.stringMatching(
        /^paris \| False \| False \| unreachable \| Error from server \(NotFound\): /,
      ),
      code: 1,
    });
  });

  it('a hub that is down, or that answers nonsense', async () => {
    answers(PARIS, 500, { kind: 'Status', reason: 'InternalError', message: 'sorry' });
    expect(await health()).toEqual({
      row: expect.stringMatching(/^paris \| Unknown \| Unknown \| unknown \| .*sorry$/),
      code: 1,
    });
    const folder = mkdtempSync(join(tmpdir(), 'mctunnel-health-'));
    const kubeconfig = join(folder, 'kubeconfig');
    cpSync(hub.kubeconfig, kubeconfig);
    await hub.close();
    expect(await health(kubeconfig)).toEqual({
      row: expect.stringMatching(/^paris \| Unknown \| Unknown \| unknown \| cannot reach the API server /),
      code: 1,
    });
    rmSync(folder, { recursive: true });
    hub = await startFakeMember();
  });
});
