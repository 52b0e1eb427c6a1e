import { MctunnelError } from '../errors.ts';
import type { RawClient } from './raw-client.ts';
import { errorOfStatus } from './status-error.ts';

/** An object of the API is at most 1.5 MiB in etcd; a list of Leases or of one page is below this too. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** One call that sends and gets JSON. Throws MctunnelError as `errorOfStatus` (NOT_FOUND, ALREADY_EXISTS, CONFLICT, …) or RawClient.request. */
export async function callJson(
  raw: Pick<RawClient, 'request'>,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const answer = await raw.request({
    method,
    path,
    headers: [
      ...['Accept', 'application/json'],
      ...(body === undefined ? [] : ['Content-Type', 'application/json']),
    ],
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text(MAX_ANSWER_BYTES);
  if (answer.status >= 300) throw errorOfStatus(answer.status, text);
  return JSON.parse(text);
}

/** undefined instead of NOT_FOUND. */
export async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof MctunnelError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
