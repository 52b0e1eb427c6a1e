import type { NextFunction, Request } from 'express';
import { sendUnknownPath } from './answer.ts';
import type { ApiResponse } from './context.ts';
import type { Probes } from './options.ts';

const ENDPOINTS = {
  livez: 'livez',
  readyz: 'readyz',
  // Deprecated by Kubernetes, asked for by old probes: alive, not ready.
  healthz: 'livez',
} as const;

/**
 * `/livez`, `/readyz`, `/healthz`, each also with the name of one check, for everybody, before authentication: a kubelet has no
 * credential. Failure is a 500, as the API server's.
 */
export function health(probes: Probes) {
  return (request: Request, response: ApiResponse, next: NextFunction): void => {
    const { path, query } = response.locals;
    const [endpoint = '', name, ...rest] = path.segments;
    if (!Object.hasOwn(ENDPOINTS, endpoint) || rest.length > 0) {
      next();
      return;
    }
    const kind = ENDPOINTS[endpoint as keyof typeof ENDPOINTS];
    const report = name === undefined ? probes.report(kind, query) : probes.reportOne(kind, name);
    if (report === undefined) {
      sendUnknownPath(response);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      response.status(405).type('text/plain').send('method not allowed\n');
      return;
    }
    response
      .status(report.ok ? 200 : 500)
      .type('text/plain')
      .send(report.text);
  };
}
