import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { ProbeReport, Probes } from './probes.ts';

export interface OpsServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly probes: Probes;
  readonly metrics: Registry;
}

export interface OpsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A scrape is one small request; whoever is slower than this is not a scraper. */
const SLOWEST_REQUEST_MS = 10_000;
const CHECK_INTERVAL_MS = 5_000;
const MAX_CONNECTIONS = 256;
const PROBES = { livez: 'livez', readyz: 'readyz', healthz: 'livez' } as const;

/** Plain HTTP for kubelets and Prometheus: /livez /readyz /healthz, each also with the name of one check, and /metrics. Rejects when the address cannot be had. */
export async function startOpsServer(options: OpsServerOptions): Promise<OpsServer> {
  const server = createServer(
    {
      requestTimeout: SLOWEST_REQUEST_MS,
      headersTimeout: SLOWEST_REQUEST_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      maxHeaderSize: 16_384,
    },
    (request, response) => {
      answer(options, request, response).catch(() => response.destroy());
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: OpsServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function answer(
  { probes, metrics }: OpsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response
      .writeHead(405, { Allow: 'GET, HEAD', 'Content-Type': 'text/plain; charset=utf-8' })
      .end('method not allowed\n');
    return;
  }
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  if (path === '/metrics') {
    response.writeHead(200, { 'Content-Type': metrics.contentType }).end(await metrics.metrics());
    return;
  }
  const report = probeReport(probes, path, query);
  if (report === undefined) {
    response
      .writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' })
      .end('known are /livez /readyz /healthz, each with /NAME of one check, and /metrics\n');
    return;
  }
  const { ok, text } = report;
  response.writeHead(ok ? 200 : 500, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

function probeReport(probes: Probes, path: string, query: string): ProbeReport | undefined {
  const [, endpoint = '', name, ...rest] = path.split('/');
  if (!Object.hasOwn(PROBES, endpoint) || rest.length > 0) return undefined;
  const kind = PROBES[endpoint as keyof typeof PROBES];
  return name === undefined || name === ''
    ? probes.report(kind, new URLSearchParams(query))
    : probes.reportOne(kind, name);
}
