import express, { type NextFunction, type Request, type Response } from 'express';
import { MctunnelError, type ErrorCode } from '../../errors.ts';
import { requestInfo } from '../../lib/request-info.ts';
import { encodeTarget, splitTarget } from '../../lib/request-path.ts';
import { REGISTRATION } from '../../registry/schema/index.ts';
import { auditIdOf } from '../audit-id.ts';
import { factsOf } from '../connection.ts';
import { routeOf } from '../route.ts';
import { authentication, authorization } from './access.ts';
import { sendError, sendMethodNotAllowed, sendUnknownPath } from './answer.ts';
import { knownParameters, type ApiResponse } from './context.ts';
import { SERVED_CLUSTERS, SERVED_REGISTRATIONS } from './discovery/resources.ts';
import { discoveryRoutes } from './discovery/routes.ts';
import { health } from './health.ts';
import { openApiRoutes } from './openapi/routes.ts';
import type { Api, ApiOptions } from './options.ts';
import { createEmbeddedView } from './read/embedded-view.ts';
import { OpenWatches } from './read/open-watches.ts';
import { apiVersionOf, CLUSTERS, REGISTRATIONS } from './read/resource.ts';
import { getOne, listOrWatch } from './read/routes.ts';
import { registrationWrites } from './registrations/routes.ts';
import { isToBeRecorded, recording } from './recording.ts';
import type { StatusDetails } from './status.ts';
import { bootstrapToken } from './subresources/bootstrap-token.ts';
import { clusterHealth } from './subresources/health.ts';

/** The beginning of what the API server says of wrong options. */
const WRONG_OPTIONS = /^(\w+Options)\.meta\.k8s\.io ""/;

/** What an error says of an object of its own: `Kind.group "name" is invalid`, `resource.group "name" already exists`. */
const OF_OBJECT =
  /^(?:object is being deleted: )?(\w+)\.\S* ("(?:[^"\\]|\\.){1,256}") (?:is invalid|already exists)/;
/** Of these the API server says nothing but a message. */
const WITHOUT_DETAILS: ReadonlySet<ErrorCode> = new Set([
  'BAD_REQUEST',
  'NOT_ACCEPTABLE',
  'TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
]);

/** What an error is about: Invalid names the Kind, everything else the resource, as the API server does. */
function aboutOf(error: MctunnelError, response: ApiResponse): StatusDetails {
  const info = response.locals.info as ApiResponse['locals']['info'] | undefined;
  if (info?.isResourceRequest !== true) return {};
  if (WITHOUT_DETAILS.has(error.code)) return {};
  // Of an object that is named kubectl shows the causes only, and not the message.
  if (error.code === 'INVALID' && error.faults.length === 0) return {};
  const optionsKind = error.code === 'INVALID' ? WRONG_OPTIONS.exec(error.message)?.[1] : undefined;
  if (optionsKind !== undefined) return { group: 'meta.k8s.io', kind: optionsKind };
  const [, object, ownName] = OF_OBJECT.exec(error.message) ?? [];
  const named = info.name === '' && ownName !== undefined ? (JSON.parse(ownName) as string) : info.name;
  const name = named === '' ? {} : { name: named };
  if (error.code !== 'INVALID') return { ...name, group: info.apiGroup, kind: info.resource };
  const kind = object ?? (info.resource === REGISTRATION.plural ? REGISTRATION.kind : info.resource);
  return { ...name, group: info.apiGroup, kind };
}

/** Everything of the hub's HTTPS side that is not a proxied request. */
export function createApi(options: ApiOptions): Api {
  const app = express();
  const watches = new OpenWatches();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.enable('strict routing');

  app.use((request: Request, response: ApiResponse, next: NextFunction) => {
    if (routeOf(request.url).kind === 'proxy') {
      options.proxy(request, response);
      return;
    }
    response.setHeader('Cache-Control', 'no-cache, private');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const auditId = auditIdOf(request.rawHeaders);
    response.setHeader('Audit-Id', auditId);
    const path = splitTarget(request.url);
    if (typeof path === 'string') throw new MctunnelError('BAD_REQUEST', path);
    if (path.firstEmptySegment >= 0) {
      throw new MctunnelError('BAD_REQUEST', 'the path holds an empty segment');
    }
    const { query } = path;
    response.locals.facts = factsOf(request);
    response.locals.path = path;
    response.locals.info = requestInfo(request.method, path);
    response.locals.query = knownParameters(query);
    response.locals.auditId = auditId;
    // What is routed is what is authorised: the decoded segments, encoded in the one canonical way.
    request.url = encodeTarget({ ...path, hasTrailingSlash: false });
    next();
  });

  app.use(health(options.probes));
  const { observer } = options;
  if (observer !== undefined) app.use(recording(observer, options.clock, options.now));
  app.use((_request: Request, _response: Response, next: NextFunction) => {
    if (!options.isReady()) {
      const words = 'the hub is starting: it does not know its clusters yet';
      throw new MctunnelError('DRAINING', words, { statusCause: 'Starting', retryAfterSeconds: 1 });
    }
    next();
  });
  app.use(authentication(options.authenticator));
  app.use(authorization(options.authorizer));
  app.use((_request: Request, response: ApiResponse, next: NextFunction) => {
    // While somebody was asked, the client may have left, or its body turned out to be no HTTP: then nothing is done any more.
    if (response.closed || response.writableEnded) return;
    if (observer !== undefined && isToBeRecorded(response)) observer.begin();
    next();
  });

  const served =
    options.registrations === undefined ? [SERVED_CLUSTERS] : [SERVED_CLUSTERS, SERVED_REGISTRATIONS];
  discoveryRoutes(app, served, options.version);
  openApiRoutes(app, served, options.version.gitVersion, options.now);

  const clusters = `/apis/${apiVersionOf(CLUSTERS)}/${CLUSTERS.plural}`;
  app.get(clusters, listOrWatch(options.clusters, watches));
  app.get(`${clusters}/:name`, getOne(options.clusters));
  app.get(`${clusters}/:name/health`, clusterHealth(options));
  app.post(`${clusters}/:name/bootstraptoken`, bootstrapToken(options));
  const readOnly =
    `${CLUSTERS.plural}.${CLUSTERS.group} is a read view: ` +
    `create, change or delete ${REGISTRATION.plural}.${REGISTRATION.group} instead`;
  const refuse =
    (allowed: string, words: string) =>
    ({ method }: Request, response: Response): void => {
      // Who only asks what may be done did not mean to write.
      const asked = 'the server does not allow this method on the requested resource (OPTIONS)';
      sendMethodNotAllowed(response, allowed, method === 'OPTIONS' ? asked : words);
    };
  app.all(clusters, refuse('GET, HEAD', readOnly));
  app.all(`${clusters}/:name`, refuse('GET, HEAD', readOnly));
  app.all(`${clusters}/:name/health`, refuse('GET, HEAD', 'clusters/health can only be read'));
  app.all(`${clusters}/:name/bootstraptoken`, refuse('POST', 'clusters/bootstraptoken can only be created'));

  if (options.registrations !== undefined) {
    const collection = `/apis/${apiVersionOf(REGISTRATIONS)}/${REGISTRATIONS.plural}`;
    const { clock, now } = options;
    const view = createEmbeddedView({
      store: options.registrations,
      clock,
      now,
      random: options.random,
      resource: REGISTRATIONS,
    });
    app.get(collection, listOrWatch(view, watches));
    app.get(`${collection}/:name`, getOne(view));
    app.get(`${collection}/:name/status`, getOne(view));
    registrationWrites(app, collection, options.registrations);
  }

  app.use((_request: Request, response: Response) => sendUnknownPath(response));
  // Express knows an error handler by its four parameters.
  app.use((thrown: unknown, request: Request, response: ApiResponse, next: NextFunction) => {
    // The server answers when a body turns out to be no HTTP, whoever waits for it.
    if (response.writableEnded) return;
    const error = MctunnelError.from(thrown);
    if (error.code === 'INTERNAL' || error.code === 'REVIEW_FAILED') {
      options.log.error({ err: thrown, method: request.method, path: request.url }, 'a request failed');
    }
    if (response.headersSent) {
      next(thrown);
      return;
    }
    // Else the rest of a body that is too large would be read, to its end, for nothing.
    if (error.code === 'TOO_LARGE' && !request.complete) response.setHeader('Connection', 'close');
    sendError(response, error, aboutOf(error, response));
  });

  return { app, endWatches: () => watches.endAll() };
}
