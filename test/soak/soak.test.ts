/** What takes minutes, all at once in one system, so that each disturbs the others as in life. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { arch, cpus, release, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor } from '../kubernetes/index.ts';
import { contentChunks } from '../support/content.ts';
import { startContentPod } from '../support/content-pod.ts';
import { LastingClient, type Outcome } from '../support/lasting-client.ts';
import { MemoryWatch, residentBytes } from '../support/memory.ts';
import type { MctunnelProcess } from '../support/mctunnel.ts';
import { readSlowly } from '../support/slow-reader.ts';
import { ROUTES, startSystem, type Route, type System } from '../support/system.ts';

const TEST_MS = 20 * 60_000;
const SIX_MINUTES_MS = 6 * 60_000;
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/** A GiB in a little more than six minutes. */
const SLOW_RATE = Math.floor(GIB / 365);
const DRIP_BYTES = 24 * MIB;
const MAX_GROWTH_BYTES = 100 * MIB;
/** The last one alone is longer than two minutes, however late a client comes. */
const LOG_GAPS_S = [65, 150];
const STOPPED_MS = 60_000;
/** Shorter than the 45 s after which a silent session is dead. */
const SHORT_STOP_MS = 25_000;
const RETURN_MS = 5_000;
const NAMESPACE = 'soak';
const OTHER_CLUSTER = 'cluster-stopped';
const WATCH = `/api/v1/namespaces/${NAMESPACE}/configmaps?watch=true&fieldSelector=metadata.name%3D`;

describeKubernetes('soak', { node: true }, () => {
  let system: System;
  let content: string;
  let otherAgent: MctunnelProcess;
  let memory: MemoryWatch;
  let resting: { hub: number; agent: number };
  const clients: LastingClient[] = [];
  const numbers: string[] = [];
  const runs = new Map<string, Promise<void>>();

  const clientOf = (route: Route, cluster?: string): LastingClient => {
    const client = new LastingClient(system.kubeconfig(route, undefined, cluster));
    clients.push(client);
    return client;
  };
  const tell = (what: string, result: string): void => {
    numbers.push(`| ${what} | ${result} |`);
  };
  /** Begins now; the test of that name waits for it. */
  const begin = (name: string, work: () => Promise<void>): void => {
    const run = work();
    run.catch(() => undefined);
    runs.set(name, run);
  };
  const createConfigMap = async (name: string): Promise<void> => {
    const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
    expect((await system.member.request('POST', path, { body: { metadata: { name } } })).status).toBe(201);
  };

  beforeAll(async () => {
    system = await startSystem({ node: true });
    content = await startContentPod(system.member, NAMESPACE);
    await system.member.apply([
      {
        ...{ apiVersion: 'v1', kind: 'Pod' },
        metadata: { name: 'quiet', namespace: NAMESPACE },
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              ...{ name: 'main', image: 'none' },
              command: [
                'sh',
                '-c',
                `echo one; sleep ${LOG_GAPS_S[0]}; echo two; sleep ${LOG_GAPS_S[1]}; echo three`,
              ],
            },
          ],
        },
      },
    ]);
    otherAgent = await system.startAgent(OTHER_CLUSTER);
    // As large as two processes get that have served, and then rest.
    for (const route of ROUTES) {
      const client = clientOf(route);
      for (let i = 0; i < 200; i++) await client.request('GET', '/version');
    }
    resting = { hub: residentBytes(system.hub.pid), agent: residentBytes(system.agent.pid) };
    memory = new MemoryWatch([system.hub.pid, system.agent.pid]);
    for (const route of ROUTES) {
      begin(`watch ${route}`, () => quietWatch(route));
      begin(`read ${route}`, () => slowReader(route));
      begin(`member ${route}`, () => slowMember(route));
      begin(`drip ${route}`, () => slowUpload(route));
      begin(`logs ${route}`, () => quietLogs(route));
      begin(`exec ${route}`, () => quietExec(route));
    }
    begin('stop', stoppedAgent);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    memory.stop();
    for (const client of clients) client.close();
    await Promise.allSettled(runs.values());
    await otherAgent.stop();
    await system.stop();
    const [cpu] = cpus();
    const machine = `${cpus().length} × ${cpu?.model ?? 'CPU'}, ${Math.round(totalmem() / GIB)} GiB, Linux ${release()} ${arch()}, Node ${process.versions.node}`;
    process.stderr.write(
      [
        '',
        `Date: ${new Date().toISOString()}`,
        `Machine: ${machine}`,
        '',
        '| what | result |',
        '| --- | --- |',
      ]
        .concat(numbers.sort(), '')
        .join('\n'),
    );
  }, TEST_MS);

  const quietWatch = async (route: Route): Promise<void> => {
    const name = `late-${route}`;
    let text = '';
    const abort = new AbortController();
    const ended = clientOf(route).request('GET', WATCH + name, {
      signal: abort.signal,
      onBody: (chunk) => (text += chunk.toString()),
    });
    let isOver = false;
    void ended.then(() => (isOver = true));
    await delay(SIX_MINUTES_MS);
    expect(isOver).toBe(false);
    expect(text).toBe('');
    const createdAt = performance.now();
    await createConfigMap(name);
    await waitFor('the event', () => text.endsWith('\n'));
    const ms = Math.round(performance.now() - createdAt);
    expect((JSON.parse(text) as { type: string }).type).toBe('ADDED');
    abort.abort();
    await ended;
    tell(`a watch with no event for six minutes (${route})`, `lives; the next event came within ${ms} ms`);
  };

  const slowReader = async (route: Route): Promise<void> => {
    const began = performance.now();
    const { outcome, reader } = await readSlowly(
      clientOf(route),
      `${content}/content?bytes=${GIB}`,
      SLOW_RATE,
    );
    expect({ whole: isWhole(outcome), wrongAt: reader.wrongAt, bytes: reader.offset }).toEqual({
      whole: true,
      wrongAt: undefined,
      bytes: GIB,
    });
    tell(`1 GiB to a slow reader (${route})`, `right to the last byte after ${secondsSince(began)} s`);
  };

  const slowMember = async (route: Route): Promise<void> => {
    const began = performance.now();
    const outcome = await clientOf(route).request('POST', `${content}/digest?rate=${SLOW_RATE}`, {
      upload: { bytes: GIB, chunks: contentChunks(GIB) },
    });
    expect(bodyOf(outcome)).toEqual({ bytes: GIB, wrongAt: null });
    tell(
      `1 GiB to a member that reads slowly (${route})`,
      `right to the last byte after ${secondsSince(began)} s`,
    );
  };

  const slowUpload = async (route: Route): Promise<void> => {
    const began = performance.now();
    const rate = DRIP_BYTES / (SIX_MINUTES_MS / 1_000);
    const outcome = await clientOf(route).request('POST', `${content}/digest`, {
      upload: { bytes: DRIP_BYTES, chunks: contentChunks(DRIP_BYTES, rate) },
    });
    expect(bodyOf(outcome)).toEqual({ bytes: DRIP_BYTES, wrongAt: null });
    tell(`an upload by a slow client (${route})`, `answered after ${secondsSince(began)} s`);
  };

  const quietLogs = async (route: Route): Promise<void> => {
    const began = performance.now();
    const result = await system.kubectl(
      route,
      ['logs', '-f', '-n', NAMESPACE, 'quiet', '--pod-running-timeout=60s'],
      {
        timeoutMs: TEST_MS,
      },
    );
    expect(result).toMatchObject({ code: 0, stdout: 'one\ntwo\nthree\n', stderr: '' });
    tell(
      `logs -f with gaps of ${LOG_GAPS_S.join(' and ')} s (${route})`,
      `whole after ${secondsSince(began)} s`,
    );
  };

  const quietExec = async (route: Route): Promise<void> => {
    const began = performance.now();
    const script = `sleep ${SIX_MINUTES_MS / 1_000}; echo still here; exit 3`;
    const result = await system.kubectl(route, ['exec', '-n', NAMESPACE, 'shell', '--', 'sh', '-c', script], {
      timeoutMs: TEST_MS,
    });
    expect(result).toMatchObject({ code: 3, stdout: 'still here\n' });
    tell(
      `an exec that says nothing for six minutes (${route})`,
      `ended right after ${secondsSince(began)} s`,
    );
  };

  /** First shorter than a session's life without a byte, then longer. */
  const stoppedAgent = async (): Promise<void> => {
    const client = clientOf('direct', OTHER_CLUSTER);
    const get = (): Promise<Outcome> => client.request('GET', '/version');
    expect(await get()).toMatchObject({ status: 200 });
    const { pid } = otherAgent;
    const name = 'after-stop';
    const abort = new AbortController();
    let text = '';
    const watch = client.request('GET', WATCH + name, {
      signal: abort.signal,
      onBody: (chunk) => (text += chunk.toString()),
    });
    process.kill(pid, 'SIGSTOP');
    const waiting = get();
    await delay(SHORT_STOP_MS);
    process.kill(pid, 'SIGCONT');
    // What was asked meanwhile is answered, and the watch goes on.
    expect(await waiting).toMatchObject({ status: 200, isWhole: true });
    await createConfigMap(name);
    await waitFor('the event', () => text.endsWith('\n'));

    process.kill(pid, 'SIGSTOP');
    const lost = get();
    const stoppedAt = performance.now();
    await delay(STOPPED_MS);
    // Nobody waits for an agent that is silent: the watch ended after a whole event, the request with an error.
    expect(await watch).toMatchObject({ status: 200, isWhole: true });
    expect(text.endsWith('\n')).toBe(true);
    const refused = await lost;
    expect(refused).toMatchObject({ kind: 'answer', status: 502, isWhole: true });
    expect(await get()).toMatchObject({ kind: 'answer', status: 503 });
    const returnedAt = performance.now();
    process.kill(pid, 'SIGCONT');
    const ms = await waitFor(
      'the agent',
      async () => {
        const outcome = await get();
        return outcome.kind === 'answer' && outcome.status === 200
          ? performance.now() - returnedAt
          : undefined;
      },
      { intervalMs: 20 },
    );
    expect(ms).toBeLessThan(RETURN_MS);
    expect(otherAgent.pid).toBe(pid);
    abort.abort();
    tell(`SIGSTOP of an agent for ${SHORT_STOP_MS / 1_000} s`, 'the request that waited and the watch go on');
    tell(
      `SIGSTOP of an agent for ${Math.round((returnedAt - stoppedAt) / 1_000)} s`,
      `requests end with an error meanwhile; serves ${Math.round(ms)} ms after SIGCONT`,
    );
  };

  it.each(ROUTES)('a quiet watch lives for six minutes (%s)', (route) => runs.get(`watch ${route}`), TEST_MS);
  it.each(ROUTES)(
    'a slow reader of 1 GiB gets every byte (%s)',
    (route) => runs.get(`read ${route}`),
    TEST_MS,
  );
  it.each(ROUTES)(
    'a slow member gets every byte of 1 GiB (%s)',
    (route) => runs.get(`member ${route}`),
    TEST_MS,
  );
  it.each(ROUTES)(
    'an upload that takes six minutes ends right (%s)',
    (route) => runs.get(`drip ${route}`),
    TEST_MS,
  );
  it.each(ROUTES)('logs -f lives through quiet gaps (%s)', (route) => runs.get(`logs ${route}`), TEST_MS);
  it.each(ROUTES)('a quiet exec lives for six minutes (%s)', (route) => runs.get(`exec ${route}`), TEST_MS);
  it('an agent that is stopped for a minute works on', () => runs.get('stop'), TEST_MS);

  it(
    'hub and agent stay within 100 MiB of their resting size meanwhile',
    async () => {
      await Promise.allSettled(runs.values());
      const growth = {
        hub: memory.peakOf(system.hub.pid) - resting.hub,
        agent: memory.peakOf(system.agent.pid) - resting.agent,
      };
      for (const one of ['hub', 'agent'] as const)
        tell(
          `memory of the ${one}`,
          `${mib(resting[one])} MiB at rest, at most ${mib(growth[one])} MiB more`,
        );
      expect(growth.hub).toBeLessThan(MAX_GROWTH_BYTES);
      expect(growth.agent).toBeLessThan(MAX_GROWTH_BYTES);
    },
    TEST_MS,
  );
});

function isWhole(outcome: Outcome): boolean {
  return outcome.kind === 'answer' && outcome.status === 200 && outcome.isWhole;
}

function bodyOf(outcome: Outcome): unknown {
  if (outcome.kind === 'none') throw new Error(outcome.error);
  if (!isWhole(outcome)) throw new Error(`${outcome.status}: ${outcome.body}`);
  return JSON.parse(outcome.body);
}

function secondsSince(began: number): number {
  return Math.round((performance.now() - began) / 1_000);
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}
