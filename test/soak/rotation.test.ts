/**
 * Certificates that live a minute, renewed at two thirds by agent and hub, for ten minutes in which every CA of the hub is exchanged: watches, execs and
 * downloads that run all the time lose nothing, and no new request fails. MCTUNNEL_TEST_MINUTES makes it shorter.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor } from '../kubernetes/index.ts';
import { startContentPod } from '../support/content-pod.ts';
import { mctunnel, type CliResult } from '../support/mctunnel.ts';
import { RotationLoad } from '../support/rotation-load.ts';
import { CLUSTER, startSystem, type System } from '../support/system.ts';

const MINUTES = Number(process.env['MCTUNNEL_TEST_MINUTES'] ?? 10);
const DURATION_MS = MINUTES * 60_000;
const TEST_MS = DURATION_MS + 5 * 60_000;
const NAMESPACE = 'rotation';
/** Of a minute, two thirds and the jitter, and a renewal that takes its time. */
const RENEWAL_MS = 45_000;
const OVERLAP = ['--overlap', '10s'];

describeKubernetes('rotation under load', { node: true }, () => {
  let system: System;
  let load: RotationLoad;
  const numbers: string[] = [];

  beforeAll(async () => {
    const lifetimes = ['--agent-certificate-lifetime', '1m', '--hub-certificate-lifetime', '1m'];
    system = await startSystem({ node: true, hubArgs: lifetimes });
    const content = await startContentPod(system.member, NAMESPACE);
    load = new RotationLoad(system, NAMESPACE, content, DURATION_MS);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    process.stderr.write(['', `Date: ${new Date().toISOString()}`, ...numbers, ''].join('\n'));
    await system.stop();
  }, TEST_MS);

  const rotate = (name: string, ...more: string[]): Promise<CliResult> =>
    mctunnel(['ca', 'rotate', name, '--kubeconfig', system.hubPlane.admin.kubeconfig, ...OVERLAP, ...more]);

  const step = async (name: string, says: string): Promise<void> => {
    await waitFor(says, async () => (await rotate(name)).stdout.includes(says), {
      timeoutMs: 120_000,
      intervalMs: 1_000,
    });
  };

  it(
    'loses nothing',
    async () => {
      const began = performance.now();
      await load.start();
      const left = (): number => DURATION_MS - (performance.now() - began);
      // Only renewals at first, then the CAs as well.
      await delay(DURATION_MS / 3);
      const others = ['tunnel-serving', 'gateway-serving', 'hub-client'];
      for (const { code, stderr } of await Promise.all(others.map((name) => rotate(name, '--wait'))))
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      await step('agent-client', 'the next CA is trusted from now on');
      await step('agent-client', 'the next CA signs from now on');
      // What runs since the beginning runs by a certificate of the one before.
      expect(await rotate('agent-client')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`the agents of ${CLUSTER} still have`) as unknown,
      });
      const exchangedAfterS = Math.round((performance.now() - began) / 1_000);
      await delay(Math.max(0, left()));
      await load.end();
      await step('agent-client', 'the exchange is complete');

      const hubLog = system.hub.log();
      const agentLog = system.agent.log();
      const count = (log: typeof hubLog, message: string): number =>
        log.filter(({ msg }) => msg === message).length;
      const renewals = {
        agent: count(agentLog, 'renewed the agent certificate'),
        ports: count(hubLog, 'renewed the serving certificate'),
        replica: count(hubLog, "renewed the hub replica's certificate"),
      };
      numbers.push(
        `${MINUTES} minutes; renewed: agent ${renewals.agent}, ports ${renewals.ports}, replica ${renewals.replica} times`,
        `three CAs were exchanged, and that of agent-client had switched after ${exchangedAfterS} s`,
        JSON.stringify(load.counts),
      );
      expect(load.faults).toEqual([]);
      const least = Math.floor(DURATION_MS / RENEWAL_MS) - 1;
      expect(renewals.agent).toBeGreaterThanOrEqual(least);
      // Two ports.
      expect(renewals.ports).toBeGreaterThanOrEqual(2 * least);
      expect(renewals.replica).toBeGreaterThanOrEqual(least);
      // Sessions ended in an orderly way only: after a hand-over, and when nothing ran on them any more.
      const lost = agentLog.filter(({ msg, code }) => msg.startsWith('disconnected') && code !== 'DRAINING');
      expect(lost).toEqual([]);
    },
    TEST_MS,
  );
});
