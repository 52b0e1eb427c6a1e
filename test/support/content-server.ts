/**
 * Runs in a pod: `node content-server.ts`, on $POD_IP:$PORT.
 *
 *     GET  /content?bytes=N[&rate=BYTES_PER_SECOND]   the first N bytes of the content
 *     POST /digest[?rate=BYTES_PER_SECOND]            reads the body, at that rate: {"bytes":N,"wrongAt":null|offset}
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ContentReader, contentAt } from './content.ts';

const TICK_MS = 100;
const STEP_BYTES = 64 * 1024;

// Uploads here take as long as they like.
createServer({ requestTimeout: 0 }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://pod');
  const rate = Number(searchParams.get('rate') ?? Infinity);
  if (pathname === '/content') send(response, Number(searchParams.get('bytes')), rate);
  else if (pathname === '/digest') receive(request, response, rate);
  else response.writeHead(404).end();
}).listen(Number(process.env['PORT']), process.env['POD_IP']);

function send(response: ServerResponse, bytes: number, rate: number): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  let offset = 0;
  let isBlocked = false;
  const began = performance.now();
  const more = (): void => {
    const until = Math.min(bytes, rate === Infinity ? bytes : (rate * (performance.now() - began)) / 1_000);
    while (!isBlocked && offset < until) {
      const chunk = contentAt(offset, Math.min(STEP_BYTES, Math.ceil(until - offset)));
      offset += chunk.length;
      isBlocked = !response.write(chunk);
    }
    if (offset >= bytes) response.end();
  };
  const timer = rate === Infinity ? undefined : setInterval(more, TICK_MS);
  response.on('drain', () => {
    isBlocked = false;
    more();
  });
  response.on('close', () => clearInterval(timer));
  more();
}

function receive(request: IncomingMessage, response: ServerResponse, rate: number): void {
  const reader = new ContentReader();
  const began = performance.now();
  let timer: NodeJS.Timeout | undefined;
  request.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    const aheadMs = (reader.offset / rate) * 1_000 - (performance.now() - began);
    if (aheadMs < TICK_MS) return;
    request.pause();
    timer = setTimeout(() => request.resume(), aheadMs);
  });
  request.on('close', () => clearTimeout(timer));
  request.on('end', () => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ bytes: reader.offset, wrongAt: reader.wrongAt ?? null }));
  });
}
