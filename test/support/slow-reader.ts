import type { IncomingMessage } from 'node:http';
import { ContentReader } from './content.ts';
import type { LastingClient, Outcome } from './lasting-client.ts';

/** Reads an answer of the content pod at most so fast, checking every byte. */
export async function readSlowly(
  client: LastingClient,
  path: string,
  bytesPerSecond: number,
): Promise<{ readonly outcome: Outcome; readonly reader: ContentReader }> {
  const reader = new ContentReader();
  const began = performance.now();
  const outcome = await client.request('GET', path, {
    onBody: (chunk: Buffer, response: IncomingMessage) => {
      reader.push(chunk);
      const aheadMs = (reader.offset / bytesPerSecond) * 1_000 - (performance.now() - began);
      if (aheadMs < 100) return;
      response.pause();
      setTimeout(() => response.resume(), aheadMs);
    },
  });
  return { outcome, reader };
}
