import type { NextFunction, Request } from 'express';
import type { ApiResponse } from './context.ts';
import type { Probes } from './options.ts';

const ENDPOINTS: Readonly<Record<string, 'livez' | 'readyz'>> = {
  '/livez': 'livez',
  '/readyz': 'readyz',
  // Deprecated by Kubernetes, asked for by old probes: alive, not ready.
  '/healthz': 'livez',
};

/** `/livez`, `/readyz`, `/healthz` for everybody, before authentication: a kubelet has no credential. Failure is a 500, as the API server's. */
export function health(probes: Probes) {
  return (request: Request, response: ApiResponse, next: NextFunction): void => {
    const { info, query } = response.locals;
    const kind = ENDPOINTS[info.path];
    if (kind === undefined) {
      next();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      response.status(405).type('text/plain').send('method not allowed\n');
      return;
    }
    const { ok, text } = probes.report(kind, query);
    response
      .status(ok ? 200 : 500)
      .type('text/plain')
      .send(text);
  };
}
