// Connections, headers and calls cost their sender less than they cost the hub. Were their number not bounded, whoever reaches a port could use up the hub's
// memory, or have it ask the API server of the hub cluster ten thousand questions for one request. (100,000 connections to each port are attempted by test/soak/connections.test.ts.)
import { connect, type Socket } from 'node:net';
import { attack, without } from './attack.ts';

const LIMIT = 40;
const ATTEMPTS = 400;

interface Target {
  readonly port: number;
  /** What those who were there before still get. */
  readonly serves: () => Promise<boolean>;
}

/** Connections that stay open, of many that are tried. Loot: more than the limit, or the port serves nobody any more. */
async function flood(
  { port, serves }: Target,
  after: (end: () => unknown) => void,
): Promise<string | undefined> {
  const open = new Set<Socket>();
  await Promise.all(
    Array.from({ length: ATTEMPTS }, async () => {
      const socket = connect({ port, host: '127.0.0.1' });
      after(() => socket.destroy());
      socket
        .on('error', () => undefined)
        .on('close', () => open.delete(socket))
        .resume();
      await new Promise<void>((resolve) =>
        socket
          .once('connect', () => void open.add(socket))
          .once('connect', resolve)
          .once('close', () => resolve()),
      );
    }),
  );
  // A round trip behind them all: what is to be closed is closed.
  if (!(await serves())) return 'those who were connected are not served';
  // Those beyond the limit are cut one by one.
  for (let still = 0, before = open.size; open.size > LIMIT && still < 20; still++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (open.size !== before) still = 0;
    before = open.size;
  }
  return open.size > LIMIT ? `${open.size} connections` : undefined;
}

attack('masses of connections to the gateway', {
  tuned: [without('src/gateway/server/tls.ts', 'MAX_CONNECTIONS = 32_768', `MAX_CONNECTIONS = ${LIMIT}`)],
  weakened: [without('src/gateway/server/tls.ts', 'server.maxConnections = maxConnections;')],
  attempt: async (after) => {
    const { PROXY, RawClient, startGateway } = await import('../gateway/harness.ts');
    const hub = await startGateway();
    after(() => hub.close());
    const client = new RawClient(hub.port);
    after(() => client.close());
    const serves = async (): Promise<boolean> => {
      client.text = '';
      client.send(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
      await client.sees('ok');
      return true;
    };
    await serves();
    return flood({ port: hub.port, serves }, after);
  },
});

attack('masses of connections to the tunnel port', {
  weakened: [without('src/transport/listener.ts', 'this.#tcp.maxConnections = options.maxConnections;')],
  attempt: async (after) => {
    const { echo, TestHub } = await import('../transport/fixture.ts');
    const hub = await TestHub.start({ maxConnections: LIMIT });
    after(() => hub.server.close());
    await hub.dial();
    const session = hub.opened[0]?.session;
    if (session === undefined) throw new Error('no session');
    return flood(
      { port: hub.server.port, serves: async () => (await echo(session, Buffer.from('x'))).length === 1 },
      after,
    );
  },
});

attack('masses of connections to the port for health', {
  tuned: [without('src/observe/ops-server.ts', 'MAX_CONNECTIONS = 256', `MAX_CONNECTIONS = ${LIMIT}`)],
  weakened: [without('src/observe/ops-server.ts', 'server.maxConnections = MAX_CONNECTIONS;')],
  attempt: async (after) => {
    const { startOpsStage } = await import('./ops-stage.ts');
    const server = await startOpsStage();
    after(() => server.close());
    return flood({ port: server.port, serves: () => Promise.resolve(true) }, after);
  },
});

attack('one request that asks the authoriser ten thousand questions', {
  weakened: [
    without(
      'src/gateway/identity/impersonation.ts',
      'if (questions.length > MAX_QUESTIONS) {',
      'if (false) {',
    ),
  ],
  attempt: async (after) => {
    const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
    let questions = 0;
    const stage = await startStage({ mayImpersonate: () => ++questions > 0 });
    after(() => stage.close());
    const groups = Array.from({ length: 2_000 }, (_, at) => `Impersonate-Group: g${at}`);
    await say(stage.port, head(PROXY, [BEARER, 'Impersonate-User: bob', ...groups]));
    return questions > 256 ? `${questions} questions` : undefined;
  },
});

attack('a head of names that must each be looked at, as large as it may be', {
  attempt: async (after) => {
    const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    const options = Array.from({ length: 12_000 }, (_, at) => at.toString(36)).join(',');
    const began = process.cpuUsage();
    for (let i = 0; i < 20; i++) {
      await say(stage.port, head(PROXY, [BEARER, `Connection: ${options.slice(0, 60_000)}`]));
      await say(stage.port, head(PROXY, [BEARER, ...Array.from({ length: 8_000 }, () => 'a:b')]));
    }
    const { user, system } = process.cpuUsage(began);
    const msEach = (user + system) / 1_000 / 40;
    return msEach > 250 ? `${msEach} ms of CPU for each` : undefined;
  },
});

attack('masses of calls on one connection of an agent', {
  weakened: [
    without(
      'src/transport/server.ts',
      "'grpc.max_concurrent_streams': MAX_CALLS_PER_CONNECTION",
      "'grpc.max_concurrent_streams': 1_000",
    ),
  ],
  attempt: async (after) => {
    const { AGENT, AUTHENTICATED, CA, TestHub, until } = await import('../transport/fixture.ts');
    const { TUNNEL_SERVICE } = await import('../../src/transport/service.ts');
    const { connect: connectHttp2 } = await import('node:http2');
    let calls = 0;
    const authenticateAgent = () => {
      calls++;
      return AUTHENTICATED;
    };
    const hub = await TestHub.start({ authenticator: { authenticateAgent, admit: () => undefined } });
    after(() => hub.server.close());
    // Takes no notice of what the server allows.
    const client = connectHttp2(`https://${hub.address}`, {
      ca: CA.certificate,
      cert: AGENT.chain,
      key: AGENT.privateKey,
      peerMaxConcurrentStreams: 1_000,
    });
    after(() => client.destroy());
    client.on('error', () => undefined);
    for (let i = 0; i < 200; i++) {
      const stream = client.request({
        ':method': 'POST',
        ':path': TUNNEL_SERVICE.connect.path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => undefined);
    }
    await until('some are open', () => calls >= 8 || client.destroyed);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return calls > 8 ? `${calls} calls at a time` : undefined;
  },
});

attack('calls that are opened and reset as fast as they can be', {
  attempt: async (after) => {
    const { CA, echo, TestHub } = await import('../transport/fixture.ts');
    const { TUNNEL_SERVICE } = await import('../../src/transport/service.ts');
    const { connect: connectHttp2, constants } = await import('node:http2');
    const hub = await TestHub.start();
    after(() => hub.server.close());
    await hub.dial();
    const session = hub.opened[0]?.session;
    if (session === undefined) throw new Error('no session');
    const before = process.memoryUsage().rss;
    for (let connection = 0; connection < 5; connection++) {
      const client = connectHttp2(`https://${hub.address}`, { ca: CA.certificate });
      after(() => client.destroy());
      client.on('error', () => undefined);
      for (let i = 0; i < 2_000 && !client.destroyed; i++) {
        const stream = client.request({
          ':method': 'POST',
          ':path': TUNNEL_SERVICE.enroll.path,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('error', () => undefined).close(constants.NGHTTP2_CANCEL);
        if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const began = performance.now();
      await echo(session, Buffer.from('x'));
      if (performance.now() - began > 5_000) return 'an agent waited for 5 s';
    }
    const grownMiB = (process.memoryUsage().rss - before) / 1024 / 1024;
    return grownMiB > 200 ? `${grownMiB} MiB more` : undefined;
  },
});

/** Far more than a gateway reads of a body behind its answer, and little enough to be sent in a test. */
const MUCH_BYTES = 128 * 1024 * 1024;

/** Whoever is not let in sends on: were all of it read, one connection without any credential would take a core of the hub for as long as it likes. */
for (const path of ['/apis', '/apis/gateway.mctunnel.io/v1/clusters/nowhere/proxy/api']) {
  attack(`a body without end behind the refusal of its request (${path})`, {
    // Its time is not what ends it here.
    tuned: [without('src/gateway/unread-body.ts', 'LINGER_MS = 5_000', 'LINGER_MS = 3_600_000')],
    weakened: [without('src/gateway/unread-body.ts', ' || socket.bytesRead > lastByte')],
    attempt: async (after) => {
      const { RawClient, startGateway } = await import('../gateway/harness.ts');
      const hub = await startGateway({
        api: (_request, response) => void response.writeHead(401, { 'Content-Length': '2' }).end('no'),
      });
      after(() => hub.close());
      const client = new RawClient(hub.port);
      after(() => client.close());
      client.send(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 900000000000\r\n\r\n`);
      const { socket } = client;
      const chunk = Buffer.alloc(1024 * 1024, ' ');
      for (let sent = 0; sent < MUCH_BYTES; sent += chunk.length) {
        await new Promise((resolve) => socket.write(chunk, resolve));
        if (socket.destroyed) {
          return /^HTTP\/1\.1 (401|503) /.test(client.text) ? undefined : `the answer was ${client.text}`;
        }
      }
      return `${MUCH_BYTES} bytes were read`;
    },
  });
}
