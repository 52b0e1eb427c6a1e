// Short-lived certificates are worth what their end is worth. Could an agent's session go on beyond it, whoever got hold of a key for an hour would have the
// requests of the cluster's users for ever; and what is left to a session that was handed over must not become a way in for new ones.
import { attack, without, type Guard } from './attack.ts';
import type { TunnelStage } from './tunnel-stage.ts';

const SESSIONS = 'src/registry/cluster-sessions.ts';
const DATED = without(
  'src/pki/agent-authenticator.ts',
  'if (now >= certificate.notAfter.getTime()) {',
  'if (false) {',
);
const RENEWED = without(
  SESSIONS,
  'if (!isHandedOver || known.notAfter <= agent.certificate.notAfter) return agent;',
  'return { ...agent, certificate: { ...agent.certificate, notAfter: new Date(8.64e15) } };',
);
const LET_IN = without(SESSIONS, "if (link.session.state !== 'open' || link.ending !== undefined) continue;");
const MINUTE_MS = 60_000;

const ignoring = { data: () => undefined, end: () => undefined, error: () => undefined };

/** A session with a certificate of a minute, which the agent drains, and keeps by a request that it never answers. */
async function handedOver(stage: TunnelStage, drains = true): Promise<void> {
  const certificate = await stage.forge({
    uris: [`mctunnel://cluster-b/${stage.uidOf('cluster-b')}`],
    notAfter: new Date(stage.clock.now + MINUTE_MS),
  });
  const connection = await stage.connect(certificate, { instanceId: 'thief' }, () => ignoring);
  if (connection instanceof Error) throw connection;
  stage.sessions.dial('cluster-b').open(
    {
      ...{ protocol: 'http', target: 'apiserver', method: 'GET', path: '/hold', headers: [] },
      ...{ identity: undefined, deadlineMs: 0, traceparent: '', auditId: '' },
    },
    ignoring,
  );
  if (drains) void connection.session.drain(0);
  const { until } = await import('../gateway/harness.ts');
  await until(
    () => stage.sessions.sessions('cluster-b')[0]?.state === (drains ? 'draining' : 'open'),
    () => 'the hub to hear of it',
  );
}

/** The certificate has ended, and the hub looks at its sessions again. */
async function lateOn(stage: TunnelStage): Promise<string | undefined> {
  stage.clock.now += 2 * MINUTE_MS;
  // A field that is stored: without a change there is nothing to look at.
  await stage.store.patch('cluster-b', { spec: { limits: { maxInFlight: 9 } } });
  for (let turn = 0; turn < 60; turn++) {
    const sessions = stage.sessions.sessions('cluster-b');
    if (!sessions.some(({ instance }) => instance === 'thief')) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return 'the session goes on without a certificate';
}

function outliving(
  what: string,
  weakened: readonly [Guard, ...Guard[]],
  prepare: (stage: TunnelStage) => Promise<void>,
): void {
  attack(`an agent whose certificate has ended, ${what}`, {
    weakened,
    attempt: async (after) => {
      const { startTunnelStage } = await import('./tunnel-stage.ts');
      const stage = await startTunnelStage();
      after(() => stage.close());
      await prepare(stage);
      return lateOn(stage);
    },
  });
}

outliving('with its session open', [DATED], (stage) => handedOver(stage, false));
outliving('with a session that it says to have left for another', [RENEWED], (stage) => handedOver(stage));
attack('an agent that left a session, and waits there for the next request', {
  weakened: [LET_IN],
  attempt: async (after) => {
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const stage = await startTunnelStage();
    after(() => stage.close());
    await handedOver(stage);
    try {
      stage.sessions.dial('cluster-b');
      return 'it would be given the next request';
    } catch {
      return undefined;
    }
  },
});
