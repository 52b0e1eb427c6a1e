import { MctunnelError } from '../../src/errors.ts';
import type { TunnelSession } from '../../src/tunnel/index.ts';
import { describeTunnel } from '../contract/tunnel-suite.ts';
import { connectTcp, TcpRelay } from './tcp-relay.ts';
import { CA, TestHub, until } from './fixture.ts';

describeTunnel(
  'on gRPC over TLS',
  async ({ accept, hubAccept, hubLimits, agentLimits }) => {
    const hub = await TestHub.start({
      ...(hubAccept === undefined ? {} : { accept: hubAccept }),
      ...(hubLimits === undefined ? {} : { tunnel: { limits: hubLimits } }),
    });
    const relay = await TcpRelay.start(() => connectTcp(hub.server.port));
    const connection = await hub.dial({
      hub: { address: `127.0.0.1:${relay.port}`, caBundle: CA.certificate },
      accept: accept ?? (() => undefined),
      ...(agentLimits === undefined ? {} : { tunnel: { limits: agentLimits } }),
    });
    await until('the hub has the session', () => hub.opened.length === 1);
    const hubSession = hub.opened[0]?.session as TunnelSession;
    return {
      hub: hubSession,
      agent: connection.session,
      kill: () => relay.destroy(),
      close: async () => {
        connection.session.abort(new MctunnelError('CANCELLED', 'the test is over'));
        await hub.server.close();
        await relay.close();
      },
      leaks: () => (hub.server.connectionCount === 0 ? [] : ['a connection of the hub']),
    };
  },
  { runs: 20 },
);
