import type { Request, Response, Router } from 'express';
import { cachedDocument, sendCached } from '../cached-document.ts';
import type { ApiResponse } from '../context.ts';
import type { ServedResource } from '../discovery/resources.ts';
import { acceptsJson, negotiate, type MediaClause } from '../read/negotiation.ts';
import { apiVersionOf } from '../read/resource.ts';
import { openApiV2, openApiV3 } from './documents.ts';

const ONE_YEAR_SECONDS = 365 * 24 * 3600;

/** `/openapi/v2`, the index `/openapi/v3` and a document per group and version below it. JSON only: the hub's apiserver re-encodes for others. */
export function openApiRoutes(
  router: Router,
  resources: readonly ServedResource[],
  version: string,
  now: () => number,
): void {
  const json = (request: Request): true =>
    negotiate(request.headers.accept, (clause: MediaClause) => (acceptsJson(clause) ? true : undefined));

  const v2 = cachedDocument(openApiV2(resources, version));
  router.get('/openapi/v2', (request: Request, response: Response) => {
    json(request);
    sendCached(request, response, v2);
  });

  const documents = resources.map((resource) => ({
    // Only what is our own: the hub merges the indexes of all its servers.
    key: `apis/${apiVersionOf(resource)}`,
    document: cachedDocument(openApiV3(resource, version)),
  }));
  const index = cachedDocument({
    paths: Object.fromEntries(
      documents.map(({ key, document }) => [
        key,
        { serverRelativeURL: `/openapi/v3/${key}?hash=${document.hash}` },
      ]),
    ),
  });
  router.get('/openapi/v3', (request: Request, response: Response) => {
    json(request);
    sendCached(request, response, index);
  });
  for (const { key, document } of documents) {
    router.get(`/openapi/v3/${key}`, (request: Request, response: ApiResponse) => {
      json(request);
      // Another hash gets the present document: a redirect, as Go answers, would become a 502 in the hub's apiserver.
      if (response.locals.query.get('hash') === document.hash) {
        response.setHeader('Cache-Control', 'public, immutable');
        response.setHeader('Expires', new Date(now() + ONE_YEAR_SECONDS * 1000).toUTCString());
      }
      sendCached(request, response, document);
    });
  }
}
