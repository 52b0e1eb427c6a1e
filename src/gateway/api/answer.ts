import { pipeline, Readable } from 'node:stream';
import type { Response } from 'express';
import { ERRORS, MctunnelError } from '../../errors.ts';
import type { ReadAnswer } from '../ports.ts';
import type { ApiResponse } from './context.ts';
import { failureStatus, statusOf, type StatusDetails } from './status.ts';

const JSON_TYPE = 'application/json';

/** What Go's strconv.ParseBool takes for true: not as other parameters are read. */
const TRUE = /^(?:1|t|T|true|TRUE|True)$/;

/** The indentation that `pretty` asks for; of a path that cannot be read there is no query. */
function indentOf(response: Response): number {
  const { query } = response.locals as Partial<ApiResponse['locals']>;
  return TRUE.test(query?.get('pretty') ?? '') ? 2 : 0;
}

/** Sends one JSON document. Answers with a status of 400 or more are marked as made by the hub. */
export function sendJson(response: Response, status: number, body: unknown): void {
  if (status >= 400) response.setHeader('Mctunnel-Hop', 'hub');
  response.status(status);
  response.setHeader('Content-Type', JSON_TYPE);
  response.end(`${JSON.stringify(body, null, indentOf(response))}\n`);
}

export function sendAnswer(response: Response, answer: ReadAnswer): void {
  if (answer.retryAfterSeconds !== undefined) {
    response.setHeader('Retry-After', String(answer.retryAfterSeconds));
  }
  if (answer.body instanceof Readable) sendText(response, answer.status, answer.body);
  else sendJson(response, answer.status, answer.body);
}

/** What breaks on the way breaks the connection: a list that was cut short must not look like a whole one. */
function sendText(response: Response, status: number, text: Readable): void {
  response.status(status);
  response.setHeader('Content-Type', JSON_TYPE);
  if (response.req.method === 'HEAD') {
    text.destroy();
    response.end();
    return;
  }
  pipeline(text, response, () => undefined);
}

export function sendError(response: Response, error: MctunnelError, about?: StatusDetails): void {
  response.locals['failure'] = error;
  const { retryAfterSeconds } = error;
  const status = ERRORS[error.code].http;
  const body = statusOf(error, about);
  sendAnswer(response, { status, body, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) });
}

/** As the API server says it of a path that leads nowhere. */
export function sendUnknownPath(response: Response): void {
  const message = 'the server could not find the requested resource';
  sendJson(response, 404, failureStatus(404, 'NotFound', message));
}

export function sendMethodNotAllowed(response: Response, allowed: string, message: string): void {
  response.setHeader('Allow', allowed);
  sendError(response, new MctunnelError('METHOD_NOT_ALLOWED', message));
}
