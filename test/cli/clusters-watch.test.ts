/** `clusters --watch` goes on over a restart of the hub, from where it was, and Ctrl-C ends it at any moment. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../kubernetes/wait.ts';
import { startFakeMember, type FakeMember } from '../support/fake-member.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';
const cluster = (name: string, resourceVersion: string) => ({
  metadata: { name, uid: name, resourceVersion },
});
const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

type Answer = (response: ServerResponse) => void;

let hub: FakeMember;
let child: ChildProcessWithoutNullStreams;
let stdout: string;
let stderr: string;
/** The queries of the watches, in order. */
let watched: URLSearchParams[];
/** And of the lists. */
let listedBy: URLSearchParams[];

beforeEach(async () => {
  hub = await startFakeMember();
  stdout = '';
  stderr = '';
  watched = [];
  listedBy = [];
});
afterEach(async () => {
  if (child.exitCode === null) child.kill('SIGKILL');
  await hub.close();
});

/** Answers the lists and the watches in turn; the last of each stays. */
function serve(lists: readonly object[][], watches: readonly Answer[]): void {
  let listed = 0;
  hub.on(CLUSTERS, (request, response) => {
    const query = new URL(request.url ?? '', 'https://hub').searchParams;
    if (query.get('watch') === 'true') {
      const answer = watches[Math.min(watched.length, watches.length - 1)];
      watched.push(query);
      answer?.(response);
      return;
    }
    listedBy.push(query);
    const items = lists[Math.min(listed, lists.length - 1)];
    listed += 1;
    const version = String(listed * 10);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ metadata: { resourceVersion: version }, items }));
  });
}

const status =
  (code: number, reason: string, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ kind: 'Status', code, reason, message: `${reason} of the test` }));
  };
const sends =
  (...events: readonly string[]): Answer =>
  (response) => {
    response.writeHead(200).write(events.join(''));
  };

function start(args: readonly string[] = ['-w', '-o=json']): void {
  child = spawn(process.execPath, [
    ...['--disable-warning=ExperimentalWarning', MAIN, 'clusters', ...args],
    ...['--kubeconfig', hub.kubeconfig],
  ]);
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
}

/** Waits for a changed object, and gives the kinds and names of all so far. */
async function changes(name: string, type: string): Promise<string[]> {
  const told = (): string[] =>
    [...stdout.matchAll(/^\{"type":"(\w+)","object":\{"metadata":\{"name":"(\w+)"/gm)].map(
      ([, kind = '', of = '']) => `${kind} ${of}`,
    );
  await waitFor(`${type} ${name}`, () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${stderr}`);
    return told().includes(`${type} ${name}`);
  });
  return told();
}

async function interrupted(): Promise<number | null> {
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

it('goes on from the last change over a drain, a hub that is down, and a connection that breaks', async () => {
  serve(
    [[cluster('paris', '9')]],
    [
      (response) =>
        response
          .writeHead(200)
          .end(event('ADDED', cluster('oslo', '11')) + event('BOOKMARK', cluster('', '14'))),
      status(429, 'TooManyRequests', { 'retry-after': '1' }),
      status(503, 'ServiceUnavailable'),
      (response) => response.destroy(),
      (response) => {
        response.writeHead(200).write('{"type":"MODI');
        setImmediate(() => response.destroy());
      },
      sends(event('MODIFIED', cluster('oslo', '15'))),
    ],
  );
  start();
  expect(await changes('oslo', 'MODIFIED')).toEqual(['ADDED oslo', 'MODIFIED oslo']);
  expect(watched.map((query) => query.get('resourceVersion'))).toEqual(['10', '14', '14', '14', '14', '14']);
  // One line for the outage of three answers, and one for the watch that began and broke.
  expect(stderr.trimEnd().split('\n')).toEqual([
    'mctunnel: the hub is not there (Error from server (TooManyRequests): TooManyRequests of the test); going on from the last change as soon as it is back',
    expect.stringContaining('the connection to the hub broke'),
  ]);
  expect(await interrupted()).toBe(0);
});

it('goes on from the last change after what is no event, which it names', async () => {
  serve(
    [[]],
    [
      (response) => response.writeHead(200).end(`\n${event('ADDED', cluster('oslo', '11'))}<html>\n`),
      sends(event('MODIFIED', cluster('oslo', '15'))),
    ],
  );
  start();
  expect(await changes('oslo', 'MODIFIED')).toEqual(['ADDED oslo', 'MODIFIED oslo']);
  expect(watched.map((query) => query.get('resourceVersion'))).toEqual(['10', '11']);
  expect(stderr).toBe(
    'mctunnel: the hub is not there (a watch event of the hub is not JSON); going on from the last change as soon as it is back\n',
  );
});

it.each<[string, Answer]>([
  ['as an answer', status(410, 'Expired')],
  [
    'as an event',
    (response) =>
      response.writeHead(200).end(event('ERROR', { code: 410, reason: 'Expired', message: 'old' })),
  ],
])('lists again where the hub no longer has that change, told %s', async (_how, expired) => {
  serve(
    [
      [cluster('paris', '9'), cluster('oslo', '8'), cluster('rome', '7')],
      [cluster('paris', '9'), cluster('oslo', '12'), cluster('bern', '13')],
    ],
    [expired, sends()],
  );
  start();
  expect(await changes('rome', 'DELETED')).toEqual(['MODIFIED oslo', 'ADDED bern', 'DELETED rome']);
  await waitFor('the second watch', () => watched.length === 2);
  expect(watched[1]?.get('resourceVersion')).toBe('20');
  expect(stderr).toBe('');
});

it('ends with what does not pass by itself', async () => {
  serve([[]], [status(403, 'Forbidden')]);
  start();
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'mctunnel: Error from server (Forbidden): Forbidden of the test\n',
  });
});

it('ends at once at SIGINT, also while it waits for the hub', async () => {
  serve([[]], [status(429, 'TooManyRequests', { 'retry-after': '60' })]);
  start();
  await waitFor('the line about the outage', () => stderr !== '');
  expect(await interrupted()).toBe(0);
});

const ended = async (): Promise<number> => ((await once(child, 'close')) as [number])[0];

it.each([
  [[], 'Deleted'],
  [['-l', 'region=eu'], 'Gone'],
])('shows in the table of %j that a cluster went, not as it was: %s', async (args, word) => {
  const oslo = cluster('oslo', '9');
  const paris = { ...cluster('paris', '15'), spec: { paused: true } };
  serve([[oslo]], [sends(event('DELETED', oslo), event('ADDED', paris))]);
  start(['--watch', ...args]);
  await waitFor('both changes', () => /^paris/m.test(stdout));
  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2));
  expect(rows.slice(1, 4)).toEqual([
    ['oslo', 'False'],
    ['oslo', word],
    ['paris', 'Paused'],
  ]);
  const selector = args[1] ?? null;
  expect([listedBy[0], watched[0]].map((query) => query?.get('labelSelector'))).toEqual([selector, selector]);
  expect(await interrupted()).toBe(0);
});

it('watches one that is named, by its name', async () => {
  serve([[cluster('oslo', '9')]], [sends()]);
  start(['oslo', '--watch']);
  await waitFor('the watch', () => watched.length === 1);
  const name = 'metadata.name=oslo';
  expect([listedBy[0], watched[0]].map((query) => query?.get('fieldSelector'))).toEqual([name, name]);
  expect(await interrupted()).toBe(0);
});

it('reads those that are named one by one, and tells which are not there', async () => {
  for (const name of ['oslo', 'paris']) {
    hub.on(`${CLUSTERS}/${name}`, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(cluster(name, '9')));
    });
  }
  hub.on(`${CLUSTERS}/rome`, (_request, response) => status(404, 'NotFound')(response));
  start(['oslo', 'rome', 'paris', 'oslo']);
  expect(await ended()).toBe(1);
  expect(stdout.match(/^(oslo|paris|rome)/gm)).toEqual(['oslo', 'paris']);
  expect(stderr).toContain('NotFound of the test');
  stdout = '';
  start(['oslo', '-o', 'json']);
  expect(await ended()).toBe(0);
  expect(JSON.parse(stdout)).toEqual(cluster('oslo', '9'));
});

// An agent says in up to 1,024 characters why it left.
it('cuts a long last reason in the plain table alone', async () => {
  const left = (name: string, message: string) => ({
    ...cluster(name, '9'),
    status: { lastDisconnect: { time: '2027-01-31T12:00:00Z', reason: 'Refused', message } },
  });
  const long = '\u{1f600}'.repeat(400);
  const fits = 'a'.repeat(160);
  serve([[left('oslo', long), left('paris', fits)]], [sends()]);
  const shown = async (...args: string[]): Promise<string> => {
    stdout = '';
    start(args);
    expect(await ended()).toBe(0);
    return stdout;
  };
  const lines = (await shown()).split('\n');
  expect(lines[1]?.endsWith(`   ${'\u{1f600}'.repeat(159)}…`)).toBe(true);
  expect(lines[2]?.endsWith(`   ${fits}`)).toBe(true);
  for (const format of ['wide', 'json', 'yaml']) expect(await shown('-o', format)).toContain(long);
});

it.each([
  [['oslo', '-l', 'region=eu'], '--selector: clusters are named already'],
  [['oslo', 'paris', '--watch'], '--watch: name one cluster, or none'],
  [['Not_A_Name'], 'NAME: "Not_A_Name" is not valid'],
])('refuses %j', async (args, words) => {
  start(args);
  expect(await ended()).toBe(2);
  expect(stderr).toContain(words);
});
