import { afterEach, describe, expect, it } from '@jest/globals';
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientHttp2Session } from 'node:http2';
import { http2SessionOf } from '../../src/transport/http2-sessions.ts';
import { raiseWindow } from '../../src/transport/server-window.ts';
import { WINDOW_BYTES } from '../../src/transport/service.ts';
import { TestHub, until } from './fixture.ts';

// gRPC's default windows of 64 KiB would allow 0.64 MB/s at a round trip of 50 ms, whatever the tunnel above them does.
describe('the HTTP/2 windows', () => {
  let hub: TestHub | undefined;
  afterEach(() => hub?.server.close());

  it('are 8 MiB at both ends, of the stream and of the connection', async () => {
    const sessions: ClientHttp2Session[] = [];
    const onStream = (message: unknown): void => {
      const { stream } = message as { stream: { session: ClientHttp2Session } };
      sessions.push(stream.session);
    };
    subscribe('http2.client.stream.created', onStream);
    hub = await TestHub.start();
    await hub.dial();
    unsubscribe('http2.client.stream.created', onStream);
    const [session] = sessions;
    if (session === undefined) throw new Error('no client session was seen');
    // Towards the hub: what the server announced.
    await until('the settings came', () => session.remoteSettings.initialWindowSize === WINDOW_BYTES);
    expect(session.state.remoteWindowSize).toBeGreaterThan(WINDOW_BYTES - 65_536);
    // Towards the agent.
    expect(session.localSettings.initialWindowSize).toBe(WINDOW_BYTES);
    expect(session.state.effectiveLocalWindowSize).toBe(WINDOW_BYTES);
    expect(hub.windows).toEqual([true]);
  });

  it('are left as they are, and that is told, when the HTTP/2 session cannot be found', () => {
    const session = http2SessionOf({});
    // A stream of somebody else's connection.
    channel('http2.server.stream.created').publish({ stream: { session: { socket: {} } } });
    channel('http2.server.stream.created').publish({});
    expect(session()).toBeUndefined();
    expect(raiseWindow(session())).toBe(false);
  });
});
