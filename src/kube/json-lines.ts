import type { Readable } from 'node:stream';
import { MctunnelError } from '../errors.ts';

/** One watch event holds one object, of which etcd takes 1.5 MiB; a Table row may hold it twice over. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Newline-delimited JSON as it arrives; a line that broke off is left out. Throws PROTOCOL for a line that is too long or not JSON; what the stream itself
 * throws passes. `sender` is named in errors.
 */
export async function* jsonLines(
  body: Readable,
  sender = 'the API server',
): AsyncGenerator<unknown, void, undefined> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      pieces.push(chunk.subarray(from, at));
      const line = Buffer.concat(pieces).toString('utf8');
      pieces = [];
      bytes = 0;
      from = at + 1;
      if (line !== '') yield parseLine(line, sender);
    }
    if (from < chunk.length) {
      pieces.push(chunk.subarray(from));
      bytes += chunk.length - from;
    }
    if (bytes > MAX_LINE_BYTES) {
      throw new MctunnelError(
        'PROTOCOL',
        `a watch event of ${sender} is larger than ${MAX_LINE_BYTES} bytes`,
      );
    }
  }
}

function parseLine(line: string, sender: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new MctunnelError('PROTOCOL', `a watch event of ${sender} is not JSON`, { cause: error });
  }
}
