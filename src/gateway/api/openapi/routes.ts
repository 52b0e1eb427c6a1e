import type { Request, Response, Router } from 'express';
import { cachedBytes, cachedDocument, sendCached, type CachedDocument } from '../cached-document.ts';
import type { ApiResponse } from '../context.ts';
import type { ServedResource } from '../discovery/resources.ts';
import { acceptsJson, negotiate, type MediaClause } from '../read/negotiation.ts';
import { apiVersionOf } from '../read/resource.ts';
import { openApiV2, openApiV3 } from './documents.ts';
import { toProtobuf } from './protobuf.ts';

const ONE_YEAR_SECONDS = 365 * 24 * 3600;

/** What kubectl before 1.29 asks for and knows no other form than; an `@` is none of a media type's characters, so answers say it with a dot. */
const PROTOBUF_ASKED = 'com.github.proto-openapi.spec.v2@v1.0+protobuf';
const PROTOBUF = 'com.github.proto-openapi.spec.v2.v1.0+protobuf';
const MEDIA_TYPES_V2 = ['application/json', `application/${PROTOBUF_ASKED}`, `application/${PROTOBUF}`];

/** `/openapi/v2`, also as protobuf, the index `/openapi/v3` and a document per group and version below it. */
export function openApiRoutes(
  router: Router,
  resources: readonly ServedResource[],
  version: string,
  now: () => number,
): void {
  const json = (request: Request): true =>
    negotiate(request.headers.accept, (clause: MediaClause) => (acceptsJson(clause) ? true : undefined));

  const v2 = openApiV2(resources, version);
  const v2AsJson = cachedDocument(v2);
  const v2AsProtobuf = cachedBytes(toProtobuf(v2), `application/${PROTOBUF}`);
  const offerV2 = (clause: MediaClause): CachedDocument | undefined => {
    if (acceptsJson(clause)) return v2AsJson;
    const { type, subtype } = clause;
    const protobuf = type === 'application' && (subtype === PROTOBUF || subtype === PROTOBUF_ASKED);
    return protobuf ? v2AsProtobuf : undefined;
  };
  router.get('/openapi/v2', (request: Request, response: Response) => {
    sendCached(request, response, negotiate(request.headers.accept, offerV2, MEDIA_TYPES_V2));
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
