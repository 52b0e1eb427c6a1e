import { describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../../src/errors.ts';
import { systemClock, type Clock } from '../../../src/lib/clock.ts';
import type { Open, Session, Stream, StreamHandlers } from '../../../src/tunnel/index.ts';
import { FakeClock } from './fake-clock.ts';
import { createFixture, serve } from './fixture.ts';

type Answer = (open: Open, handlers: StreamHandlers) => void;

/** A session whose peer is the test. */
function sessionOf(answer: Answer): { session: Session; opened: Open[]; resets: MctunnelError[] } {
  const opened: Open[] = [];
  const resets: MctunnelError[] = [];
  const session: Session = {
    role: 'hub',
    state: 'open',
    hello: undefined,
    welcome: undefined,
    streamCount: 0,
    roundTripMs: undefined,
    open: (open, handlers) => {
      opened.push(open);
      const stream: Stream = {
        id: 1,
        queuedBytes: 0,
        sendHead: () => undefined,
        write: () => true,
        end: () => setImmediate(() => answer(open, handlers)),
        take: () => undefined,
        pause: () => undefined,
        resume: () => undefined,
        stop: () => undefined,
        reset: (error) => resets.push(error),
        resetAtEnd: (error) => resets.push(error),
      };
      return stream;
    },
    drain: () => Promise.resolve(),
    abort: () => undefined,
    probe: () => undefined,
  };
  return { session, opened, resets };
}

const unsupported = new MctunnelError('UNSUPPORTED', 'no such protocol', { hop: 'agent' });

function respond(status: number, text: string): Answer {
  return (open, handlers) => {
    if (open.protocol !== 'http') {
      handlers.error(unsupported);
      return;
    }
    handlers.head?.({ status, headers: [] });
    handlers.data(Buffer.from(text));
    handlers.end([]);
  };
}

async function health(answer: Answer, clock: Clock = systemClock) {
  const { session, opened, resets } = sessionOf(answer);
  const fixture = await createFixture({ dialer: { dial: () => session }, clock });
  await fixture.store.create({ name: 'a' });
  const server = await serve(fixture.api);
  try {
    const response = await server.get('/apis/gateway.mctunnel.io/v1/clusters/a/health', {
      authorization: 'admin system:masters',
    });
    return { ...response, opened, resets, finding: (response.body as unknown as { status: object }).status };
  } finally {
    await server.close();
  }
}

describe('clusters/health', () => {
  it('asks the cluster as the caller and times the tunnel and the apiserver apart', async () => {
    const { status, body, finding, opened } = await health(respond(200, 'ok'));
    expect(status).toBe(200);
    expect(body).toMatchObject({ kind: 'ClusterHealth', metadata: { name: 'a' } });
    expect(finding).toMatchObject({ reachable: true, httpStatus: 200, message: 'ok' });
    const { tunnelRoundTripMs, apiServerMs } = finding as { tunnelRoundTripMs: number; apiServerMs: number };
    expect(tunnelRoundTripMs).toBeGreaterThan(0);
    expect(apiServerMs).toBeGreaterThanOrEqual(0);
    expect(opened.at(-1)).toMatchObject({
      protocol: 'http',
      method: 'GET',
      path: '/livez',
      identity: { user: 'admin', groups: ['system:masters'] },
    });
  });

  it('times with the clock: what the tunnel took is not the apiserver’s', async () => {
    const clock = new FakeClock();
    const { finding } = await health((open, handlers) => {
      clock.advance(open.protocol === 'http' ? 15 : 20);
      respond(200, 'ok')(open, handlers);
    }, clock);
    expect(finding).toMatchObject({ tunnelRoundTripMs: 20, apiServerMs: 15 });
    expect(clock.pending).toBe(0);
  });

  it('asks both at once: a tunnel that is slow for a moment is not taken for the apiserver', async () => {
    const clock = new FakeClock();
    const waiting: (() => void)[] = [];
    const { finding } = await health((open, handlers) => {
      waiting.push(() => respond(200, 'ok')(open, handlers));
      if (waiting.length < 2) return;
      clock.advance(500);
      for (const answer of waiting) {
        answer();
        clock.advance(3);
      }
    }, clock);
    expect(finding).toMatchObject({ reachable: true, tunnelRoundTripMs: 500, apiServerMs: 3 });
  });

  it('passes on what the apiserver finds of itself', async () => {
    const { finding } = await health(respond(500, '[+]ping ok\n[-]etcd failed\n'));
    expect(finding).toMatchObject({ reachable: true, httpStatus: 500, message: '[+]ping ok' });
  });

  it('reads no more than it needs of a long answer', async () => {
    const { finding, resets } = await health(respond(200, 'x'.repeat(100_000)));
    expect((finding as { message: string }).message).toHaveLength(4096);
    expect(resets).toHaveLength(1);
  });

  it('finds, and does not fail, where the cluster cannot be reached', async () => {
    const { status, finding } = await health((open, handlers) =>
      handlers.error(
        open.protocol === 'http'
          ? new MctunnelError('UPSTREAM_UNREACHABLE', 'connection refused', { hop: 'agent' })
          : unsupported,
      ),
    );
    expect([status, finding]).toMatchObject([
      200,
      { reachable: false, reason: 'UpstreamUnreachable', message: 'connection refused' },
    ]);
  });

  it('gives up after ten seconds', async () => {
    const clock = new FakeClock();
    const { finding, resets } = await health((open, handlers) => {
      if (open.protocol === 'http') clock.advance(10_000);
      else handlers.error(unsupported);
    }, clock);
    expect(finding).toMatchObject({ reachable: false, reason: 'Timeout' });
    expect(resets).toHaveLength(1);
  });

  it('tells without a probe what the hub knows: its tunnels, their streams and round trip', async () => {
    const { session, opened } = sessionOf(respond(200, 'ok'));
    const fixture = await createFixture({
      dialer: { dial: () => session },
      sessions: (cluster) =>
        cluster === 'a'
          ? [
              { streamCount: 3, roundTripMs: 12.25 },
              { streamCount: 4, roundTripMs: undefined },
            ]
          : [],
    });
    await fixture.store.create({ name: 'a' });
    await fixture.store.create({ name: 'b' });
    const server = await serve(fixture.api);
    const of = async (query: string) => {
      const authorization = 'admin system:masters';
      const { body } = await server.get(`/apis/gateway.mctunnel.io/v1/clusters/${query}`, { authorization });
      return (body as unknown as { status: object }).status;
    };
    expect(await of('a/health?probe=false')).toMatchObject({
      reachable: true,
      streams: 7,
      tunnelRoundTripMs: 12.25,
      message: 'not probed',
    });
    expect(await of('b/health?probe=false')).toMatchObject({ reachable: false, streams: 0 });
    expect(opened).toEqual([]);
    expect(await of('a/health?probe=yes')).toMatchObject({ reachable: true, streams: 7, httpStatus: 200 });
    await server.close();
  });

  it('is 404 for a cluster that is not registered, and names what keeps a registered one away', async () => {
    const fixture = await createFixture();
    await fixture.store.create({ name: 'a' });
    const server = await serve(fixture.api);
    const path = '/apis/gateway.mctunnel.io/v1/clusters';
    for (const missing of [
      await server.get(`${path}/nobody/health`),
      await server.request('POST', `${path}/nobody/bootstraptoken`),
    ]) {
      expect(missing).toMatchObject({
        status: 404,
        body: {
          reason: 'NotFound',
          message: 'clusters.gateway.mctunnel.io "nobody" not found',
          details: { name: 'nobody', group: 'gateway.mctunnel.io', kind: 'clusters' },
        },
      });
    }
    expect((await server.get(`${path}/a/health`)).body).toMatchObject({
      status: { reachable: false, reason: 'ClusterDisconnected' },
    });
    expect((await server.request('POST', `${path}/a/health`)).status).toBe(405);
    await server.close();
  });
});
