/** The load generator (bench/load): what it takes for an answer, and what it must not; and its agents. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadProgram, type Measurement } from '../../bench/program.ts';
import { simulateAgents } from '../../bench/simulated-agents.ts';
import { freePort, waitFor } from '../kubernetes/index.ts';
import { hasGo } from '../kubernetes/programs.ts';
import { LastingClient } from '../support/lasting-client.ts';
import { proxyPath } from '../support/routes.ts';
import { startStandaloneHub } from '../support/standalone-hub.ts';

const withGo = hasGo() ? it : it.skip;
const BUILD_TIMEOUT_MS = 600_000;
const BYTES = 200_000;
const folder = mkdtempSync(join(tmpdir(), 'mctunnel-load-'));
const certificates = join(folder, 'certificates');
let load: LoadProgram;
const servers: Server[] = [];

beforeAll(async () => {
  if (!hasGo()) return;
  load = await LoadProgram.build(folder);
  mkdirSync(certificates);
  await load.certificates(certificates);
}, BUILD_TIMEOUT_MS);
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The body of every answer and upload (bench/load/pattern.go). */
function pattern(length: number): Buffer {
  const period = Buffer.alloc(65_521);
  let state = 2_463_534_242;
  for (let i = 0; i < period.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    period[i] = state & 0xff;
  }
  return Buffer.alloc(length, period);
}

const body = pattern(BYTES);
const wrong = Buffer.from(body);
wrong[150_000] = 255 - (body[150_000] ?? 0);

/** Asks a server that answers like this. */
async function ask(listener: RequestListener, ...args: string[]): Promise<Measurement> {
  const file = (name: string): Buffer => readFileSync(join(certificates, name));
  const server = createServer({ cert: file('server.crt'), key: file('server.key') }, listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ca = join(certificates, 'ca.crt');
  return load.run(['-url', `https://127.0.0.1:${port}`, '-ca', ca, ...args], 10);
}

/** Two requests at most. */
const TWICE = ['-n', '2', '-d', '5s', '-bytes', String(BYTES)];

withGo('counts answers that are what they should be', async () => {
  const answers = await ask((_, response) => void response.end(body), ...TWICE);
  expect(answers).toMatchObject({ requests: 2, errors: 0 });
  const chunked = await ask(
    (_, response) => {
      response.write(body.subarray(0, 7));
      response.end(body.subarray(7));
    },
    ...TWICE,
  );
  expect(chunked).toMatchObject({ requests: 2, errors: 0 });
});

const faults: readonly (readonly [string, RequestListener, string])[] = [
  ['one wrong byte', (_, response) => void response.end(wrong), 'wrong bytes near'],
  [
    'one wrong byte in chunks',
    (_, response) => {
      response.write(wrong.subarray(0, 1));
      response.end(wrong.subarray(1));
    },
    'wrong bytes near',
  ],
  ['a byte less', (_, response) => void response.end(body.subarray(1)), 'wrong bytes near'],
  [
    'a byte less at the end',
    (_, response) => void response.end(body.subarray(0, -1)),
    `a body of ${BYTES - 1} bytes instead of ${BYTES}`,
  ],
  [
    'an answer that is cut',
    (_, response) => {
      response.writeHead(200, { 'Content-Length': BYTES });
      response.write(body.subarray(0, 1_000), () => response.destroy());
    },
    'EOF',
  ],
  ['a status', (_, response) => void response.writeHead(503).end('later'), 'status 503'],
  [
    'an answer without a length',
    (_, response) => {
      response.removeHeader('Transfer-Encoding');
      response.useChunkedEncodingByDefault = false;
      response.write(body);
      response.end();
    },
    'an answer without a length',
  ],
];
withGo.each(faults)('counts %s as an error', async (_, listener, why) => {
  const { requests, errors, error } = await ask(listener, ...TWICE);
  expect({ requests, errors }).toEqual({ requests: 0, errors: 1 });
  expect(error).toContain(why);
});

withGo('counts a server of another CA as an error', async () => {
  const others = join(folder, 'others');
  mkdirSync(others);
  await load.certificates(others);
  const { requests, error } = await ask(
    (_, response) => void response.end(body),
    ...TWICE,
    ...['-ca', join(others, 'ca.crt')],
  );
  expect(requests).toBe(0);
  expect(error).toContain('certificate signed by unknown authority');
});

withGo('sends what it says', async () => {
  const taken: Buffer[] = [];
  const { requests, errors } = await ask(
    (request, response) => {
      request.on('data', (chunk: Buffer) => taken.push(chunk)).on('end', () => response.end('ok'));
    },
    ...['-n', '1', '-d', '5s', '-upload', String(BYTES)],
  );
  expect({ requests, errors }).toEqual({ requests: 1, errors: 0 });
  expect(Buffer.concat(taken).equals(body)).toBe(true);
});

withGo('goes on after an error, on a new connection', async () => {
  const small = body.subarray(0, 10);
  let asked = 0;
  const { requests, errors } = await ask(
    (_, response) => {
      if (++asked === 20) response.destroy();
      else response.end(small);
    },
    ...['-c', '1', '-d', '1s', '-warm-up', '0s', '-bytes', '10'],
  );
  expect(errors).toBe(1);
  expect(requests).toBeGreaterThan(19);
});

withGo('goes on to the end when nobody listens any more', async () => {
  const small = body.subarray(0, 10);
  let asked = 0;
  const { requests, errors, error } = await ask(
    (_, response) => {
      if (++asked < 20) return void response.end(small);
      for (const server of servers) server.close();
      response.destroy();
    },
    ...['-c', '2', '-d', '1s', '-warm-up', '0s', '-bytes', '10'],
  );
  expect(requests).toBeGreaterThan(0);
  expect(errors).toBeGreaterThan(2);
  expect(error).toContain('connection refused');
});

withGo('counts a download beside it that breaks', async () => {
  const { errors, error } = await ask(
    ({ url }, response) => {
      if (url?.endsWith('n=10') === true) response.end(body.subarray(0, 10));
      else response.writeHead(200).write(body, () => setTimeout(() => response.destroy(), 300));
    },
    ...['-c', '1', '-d', '0.5s', '-warm-up', '0.2s', '-bytes', '10', '-bulk', '2'],
  );
  expect({ errors, error }).toEqual({
    errors: 2,
    error: '2 of 2 readers beside it had no answer, or lost it',
  });
});

withGo('waits for no reader beside it that comes while it counts', async () => {
  const { errors } = await ask(
    ({ url }, response) => {
      const isMeasured = url?.endsWith('n=10') === true;
      if (isMeasured) response.end(body.subarray(0, 10));
      else setTimeout(() => response.writeHead(200).write(body), 100);
    },
    ...['-c', '1', '-d', '0.5s', '-warm-up', '0s', '-bytes', '10', '-stalled', '2'],
  );
  expect(errors).toBe(0);
});

withGo('counts a reader beside it that has no answer', async () => {
  const small = body.subarray(0, 10);
  const { errors, error, alone } = await ask(
    ({ url }, response) => {
      if (url?.endsWith('n=10') === true) response.end(small);
      else response.destroy();
    },
    ...['-c', '1', '-d', '0.5s', '-warm-up', '0.2s', '-bytes', '10', '-stalled', '2'],
  );
  expect(errors).toBe(2);
  expect(error).toBe('2 of 2 readers beside it had no answer, or lost it');
  expect(alone?.perSecond).toBeGreaterThan(0);
});

withGo('is agents that report, answer, and come back', async () => {
  mkdirSync(join(folder, 'hub'));
  const hub = await startStandaloneHub(join(folder, 'hub'), [
    ...['--gateway-listen', `127.0.0.1:${await freePort()}`],
    ...['--tunnel-listen', `127.0.0.1:${await freePort()}`],
  ]);
  const client = new LastingClient(hub.admin.kubeconfig);
  const agents = await simulateAgents(load, hub, client, 3);
  const fleet = agents.start();
  try {
    for (let start = 1; start <= 2; start++) {
      await fleet.until(3);
      for (const cluster of agents.clusters) {
        const answer = await client.request('GET', proxyPath('/bytes/1024', cluster));
        expect(answer).toMatchObject({ kind: 'answer', status: 200, body: pattern(1024).toString() });
        const path = `/apis/gateway.mctunnel.io/v1/clusters/${cluster}`;
        await waitFor('its report', async () => {
          const about = await client.request('GET', path);
          return about.kind === 'answer' && about.body.includes('v1.36.3');
        });
      }
      if (start === 2) break;
      await hub.process.process.kill('SIGKILL');
      await waitFor('nobody to be connected', () => fleet.connected === 0);
      hub.process.start();
    }
  } finally {
    client.close();
    await fleet.stop();
    await hub.process.stop();
  }
});
