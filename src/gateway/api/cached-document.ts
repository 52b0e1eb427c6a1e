import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';

/** A document that never changes while the program runs. */
export interface CachedDocument {
  readonly body: Uint8Array;
  /** Upper-case hexadecimal, as the API server's. */
  readonly hash: string;
  readonly contentType: string;
}

export function cachedDocument(content: unknown, contentType = 'application/json'): CachedDocument {
  return cachedBytes(Buffer.from(JSON.stringify(content)), contentType);
}

export function cachedBytes(body: Uint8Array, contentType: string): CachedDocument {
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
  return { body, hash, contentType };
}

function matches(header: string | undefined, etag: string): boolean {
  return (
    header
      ?.split(',')
      .map((candidate) => candidate.trim().replace(/^W\//, ''))
      .some((candidate) => candidate === etag || candidate === '*') === true
  );
}

/** Answers with the document, or 304 when the client has it. */
export function sendCached(request: Request, response: Response, document: CachedDocument): void {
  const etag = `"${document.hash}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Vary', 'Accept');
  if (matches(request.headers['if-none-match'], etag)) {
    response.status(304).end();
    return;
  }
  response.status(200);
  response.setHeader('Content-Type', document.contentType);
  response.setHeader('Content-Length', document.body.length);
  response.end(document.body);
}
