import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerHttp2Session } from 'node:http2';
import type { TunnelSession } from '../../src/tunnel/index.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { echo, TestHub, until } from './fixture.ts';

const INTERVAL_MS = 15_000;

/** Time passes on a fake clock, bytes go over real connections. */
describe('a tunnel at rest', () => {
  let hub: TestHub;
  const clocks = { hub: new FakeClock(), agent: new FakeClock() };
  const sessions: ServerHttp2Session[] = [];
  const onStream = (message: unknown): void => {
    sessions.push((message as { stream: { session: ServerHttp2Session } }).stream.session);
  };

  beforeEach(async () => {
    clocks.hub = new FakeClock();
    clocks.agent = new FakeClock();
    sessions.length = 0;
    subscribe('http2.server.stream.created', onStream);
    hub = await TestHub.start({ clock: clocks.hub });
  });

  afterEach(async () => {
    unsubscribe('http2.server.stream.created', onStream);
    await hub.server.close();
  });

  const turn = async (condition: () => boolean): Promise<void> => {
    await until('the bytes came', () => {
      clocks.hub.settle();
      clocks.agent.settle();
      return condition();
    });
  };

  interface AtRest {
    readonly agent: TunnelSession;
    /** PINGs that the hub's HTTP/2 has answered. */
    readonly pings: () => number;
  }

  const dial = async (): Promise<AtRest> => {
    let isOpen = false;
    const dialling = hub.dial({ clock: clocks.agent }).then((connection) => {
      isOpen = true;
      return connection;
    });
    await turn(() => isOpen);
    const connection = await dialling;
    // Both first Pings are answered: a round trip is known.
    await turn(
      () => connection.session.roundTripMs !== undefined && hub.opened[0]?.session.roundTripMs !== undefined,
    );
    const [session] = sessions;
    if (session === undefined) throw new Error('no HTTP/2 session was seen');
    let pings = 0;
    session.on('ping', () => (pings += 1));
    return { agent: connection.session, pings: () => pings };
  };

  it("is kept up by HTTP/2's PING alone", async () => {
    const { agent, pings } = await dial();
    const [opened] = hub.opened;
    for (let interval = 1; interval <= 8; interval++) {
      clocks.agent.advance(INTERVAL_MS);
      await turn(() => pings() === interval);
      clocks.hub.advance(INTERVAL_MS);
    }
    // Long past the 45 s after which a silent agent is dead, and no message went.
    expect(opened?.session.state).toBe('open');
    expect(opened?.closed).toBeUndefined();
    expect(agent.state).toBe('open');
  });

  it('is given up by the hub when the agent sends nothing any more', async () => {
    await dial();
    const [opened] = hub.opened;
    // The hub's time passes, the agent's does not: its PINGs stay away, and its answer to the hub's Ping with them.
    for (let passedMs = 0; passedMs < 4 * INTERVAL_MS; passedMs += 2_500) clocks.hub.advance(2_500);
    expect(opened?.closed?.message).toMatch(/silent for (4[5-9]|5[0-3]) s/);
  });

  it('is given up by the agent when the hub answers nothing any more', async () => {
    const { agent } = await dial();
    // Nothing is read meanwhile.
    clocks.agent.advance(44_999);
    expect(agent.state).toBe('open');
    clocks.agent.advance(8_001);
    expect(agent.state).toBe('closed');
  });

  it('carries requests after it as before', async () => {
    const { pings } = await dial();
    clocks.agent.advance(INTERVAL_MS);
    await turn(() => pings() === 1);
    const [opened] = hub.opened;
    if (opened === undefined) throw new Error('no session');
    let answered: Buffer | undefined;
    const asking = echo(opened.session, Buffer.from('hello')).then((bytes) => (answered = bytes));
    await turn(() => answered !== undefined);
    await asking;
    expect(answered?.toString()).toBe('hello');
  });
});
