// CPU of the agent's side of one request (a stream ⇄ undici ⇄ the member's API server), without the tunnel: `node bench/upstream.ts`.
// The member is a process of its own, so that only the agent's CPU is counted.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { createUpstream, staticToken, type Upstream } from '../src/upstream/index.ts';
import type { Stream } from '../src/tunnel/index.ts';
import { TestCa } from '../test/pki.ts';
import { openOf } from '../test/upstream/hub-stream.ts';

const REQUESTS = 20_000;
const WARM_UP = 2_000;
const BODY = Buffer.alloc(1024, 'x');
const PATH = '/api/v1/namespaces/default/pods?limit=5';
const HEADERS = {
  headers: ['Accept', 'application/json', 'User-Agent', 'kubectl/v1.36.3', 'Accept-Encoding', 'gzip'],
};

if (process.argv[2] === 'member') serveMember();
else await measure();

function serveMember(): void {
  process.once('disconnect', () => process.exit());
  const ca = new TestCa('bench');
  const leaf = ca.server();
  const server = createServer({ cert: leaf.certificate, key: leaf.privateKey }, (_request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', BODY.length);
    response.end(BODY);
  });
  server.listen(0, '127.0.0.1', () => {
    process.send?.({ port: (server.address() as AddressInfo).port, ca: ca.certificate });
  });
}

async function measure(): Promise<void> {
  const child = fork(new URL(import.meta.url), ['member']);
  const [{ port, ca }] = (await once(child, 'message')) as [{ port: number; ca: string }];
  const upstream = createUpstream({
    cluster: 'bench',
    member: { server: `https://127.0.0.1:${port}`, caPem: ca, credential: staticToken('token') },
  });
  // The rival, interleaved on the same member: undici's dispatch with handlers that do nothing.
  const pool = new Pool(`https://127.0.0.1:${port}`, { allowH2: false, connect: { ca } });
  const rivals: readonly (readonly [string, Begin])[] = [
    ['upstream', (onEnd, onError) => acceptOne(upstream, onEnd, onError)],
    ['undici alone', (onEnd, onError) => dispatchOne(pool, onEnd, onError)],
  ];
  for (const inFlight of [1, 16, 64]) {
    for (const [name, begin] of rivals) {
      await run(begin, inFlight, WARM_UP);
      const cpu = process.cpuUsage();
      const start = performance.now();
      await run(begin, inFlight, REQUESTS);
      const { user, system } = process.cpuUsage(cpu);
      const cpuUs = round((user + system) / REQUESTS);
      const perSecond = Math.round((REQUESTS / (performance.now() - start)) * 1000);
      console.log(JSON.stringify({ name, inFlight, requests: REQUESTS, cpuUs, perSecond }));
    }
  }
  await pool.destroy();
  await upstream.close();
  child.kill();
}

type Begin = (onEnd: () => void, onError: (error: Error) => void) => void;

function run(begin: Begin, inFlight: number, total: number): Promise<void> {
  let started = 0;
  let ended = 0;
  return new Promise((resolve, reject) => {
    const next = (): void => {
      if (started === total) return;
      started++;
      begin(() => {
        if (++ended === total) resolve();
        else next();
      }, reject);
    };
    for (let i = 0; i < inFlight; i++) next();
  });
}

function acceptOne(upstream: Upstream, onEnd: () => void, onError: (error: Error) => void): void {
  const stream: Stream = {
    id: 1,
    queuedBytes: 0,
    sendHead: () => undefined,
    write: () => true,
    end: onEnd,
    take: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    stop: () => undefined,
    reset: onError,
    resetAtEnd: onError,
  };
  upstream.accept(openOf('GET', PATH, HEADERS), stream)?.end([]);
}

function dispatchOne(pool: Pool, onEnd: () => void, onError: (error: Error) => void): void {
  pool.dispatch(
    { method: 'GET', path: PATH, headers: HEADERS.headers, headersTimeout: 0, bodyTimeout: 0, reset: false },
    {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData: () => undefined,
      onResponseEnd: onEnd,
      onResponseError: (_controller, error) => onError(error),
    },
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
