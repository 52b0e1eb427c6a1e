import type { Request } from 'express';
import { MctunnelError } from '../../errors.ts';
import { isJsonObject, type JsonObject } from '../../registry/schema/index.ts';

/** As the API server's limit for a request body. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** Of a body that is too large, this much more is read and dropped: who still sends does not hear an answer. */
const MAX_DROPPED_BYTES = 16 * 1024 * 1024;
/** Deeper than any object of the API; keeps what walks over a value off the end of the stack. */
const MAX_JSON_DEPTH = 128;

function tooLarge(): MctunnelError {
  return new MctunnelError('TOO_LARGE', `Request entity too large: limit is ${MAX_BODY_BYTES}`);
}

/** The whole body. Rejects with TOO_LARGE, BAD_REQUEST (cut off), UNSUPPORTED_MEDIA_TYPE (compressed). */
export async function readBody(request: Request): Promise<string> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new MctunnelError('UNSUPPORTED_MEDIA_TYPE', 'a compressed request body is not accepted');
  }
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > MAX_BODY_BYTES + MAX_DROPPED_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // The request must outlive an early exit: its socket carries the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES + MAX_DROPPED_BYTES) throw tooLarge();
      if (bytes > MAX_BODY_BYTES) chunks.length = 0;
      else chunks.push(chunk);
    }
  } catch (error) {
    throw MctunnelError.from(error, 'BAD_REQUEST', 'the request body ended early');
  }
  if (bytes > MAX_BODY_BYTES) throw tooLarge();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new MctunnelError('BAD_REQUEST', 'the request body is not UTF-8', { cause: error });
  }
}

/** The body's type, one of those accepted; `application/json` may go unsaid. Throws UNSUPPORTED_MEDIA_TYPE. */
export function checkMediaType(request: Request, accepted: readonly string[]): string {
  const given = request.headers['content-type'] ?? '';
  const type = given.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (given === '' && accepted.includes('application/json')) return 'application/json';
  if (accepted.includes(type)) return type;
  const words = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  throw new MctunnelError('UNSUPPORTED_MEDIA_TYPE', words);
}

/** Of what JSON.parse takes, or a patch makes: nesting that would end a stack, and numbers that are infinite. Throws BAD_REQUEST. */
export function checkValue(value: unknown, depth = 0): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new MctunnelError('BAD_REQUEST', 'the request body holds a number beyond all bounds');
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_JSON_DEPTH)
    throw new MctunnelError('BAD_REQUEST', 'the request body is nested too deeply');
  for (const child of Object.values(value)) checkValue(child, depth + 1);
}

/** Any JSON. Throws BAD_REQUEST. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new MctunnelError('BAD_REQUEST', `the request body is not JSON: ${why}`, { cause: error });
  }
  checkValue(value);
  return value;
}

/** One JSON object. Throws BAD_REQUEST. */
export function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isJsonObject(value))
    throw new MctunnelError('BAD_REQUEST', 'the request body must be one JSON object');
  return value;
}
