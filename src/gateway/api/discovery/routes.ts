import type { Request, Response, Router } from 'express';
import type { VersionInfo } from '../options.ts';
import { sendJson, sendMethodNotAllowed } from '../answer.ts';
import { cachedDocument, sendCached, type CachedDocument } from '../cached-document.ts';
import { acceptsJson, negotiate, type MediaClause } from '../read/negotiation.ts';
import { apiVersionOf } from '../read/resource.ts';
import {
  aggregatedDiscovery,
  apiGroupDocument,
  apiGroupList,
  apiResourceList,
  EMPTY_API_VERSIONS,
} from './documents.ts';
import type { ServedResource } from './resources.ts';

interface Forms {
  readonly plain: CachedDocument;
  readonly v2: CachedDocument;
  readonly v2beta1: CachedDocument;
}

const aggregatedType = (version: string) =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

function formsOf(plain: unknown, resources: readonly ServedResource[]): Forms {
  const aggregated = (version: string) =>
    cachedDocument(aggregatedDiscovery(resources, version), aggregatedType(version));
  return { plain: cachedDocument(plain), v2: aggregated('v2'), v2beta1: aggregated('v2beta1') };
}

function formFor(forms: Forms) {
  return (clause: MediaClause): CachedDocument | undefined => {
    if (!acceptsJson(clause)) return undefined;
    const as = clause.parameters.get('as') ?? '';
    if (as === '') return forms.plain;
    if (as !== 'APIGroupDiscoveryList' || clause.parameters.get('g') !== 'apidiscovery.k8s.io')
      return undefined;
    const version = clause.parameters.get('v');
    return version === 'v2' || version === 'v2beta1' ? forms[version] : undefined;
  };
}

const MEDIA_TYPES = ['application/json', aggregatedType('v2'), aggregatedType('v2beta1')];

/** `/api`, `/apis`, `/apis/GROUP`, `/apis/GROUP/VERSION`, `/version`. */
export function discoveryRoutes(
  router: Router,
  resources: readonly ServedResource[],
  version: VersionInfo,
): void {
  /** Tells the program's version also where `/version` is the hub's own apiserver's. */
  const mark = (response: Response): void => {
    response.setHeader('Mctunnel-Version', version.gitVersion);
  };
  const readOnly = (path: string): void => {
    router.all(path, (_request: Request, response: Response) =>
      sendMethodNotAllowed(response, 'GET, HEAD', 'discovery can only be read'),
    );
  };
  const serveForms = (path: string, forms: Forms): void => {
    router.get(path, (request: Request, response: Response) => {
      mark(response);
      sendCached(request, response, negotiate(request.headers.accept, formFor(forms), MEDIA_TYPES));
    });
    readOnly(path);
  };
  const serve = (path: string, document: CachedDocument): void => {
    router.get(path, (request: Request, response: Response) => {
      mark(response);
      const offer = (clause: MediaClause) => (acceptsJson(clause) ? document : undefined);
      sendCached(request, response, negotiate(request.headers.accept, offer));
    });
    readOnly(path);
  };
  serveForms('/api', formsOf(EMPTY_API_VERSIONS, []));
  serveForms('/apis', formsOf(apiGroupList(resources), resources));
  for (const resource of resources) {
    serve(`/apis/${resource.group}`, cachedDocument(apiGroupDocument(resource)));
    serve(`/apis/${apiVersionOf(resource)}`, cachedDocument(apiResourceList(resource)));
  }
  router.get('/version', (_request: Request, response: Response) => {
    mark(response);
    sendJson(response, 200, versionDocument(version));
  });
}

/** version.Info of apimachinery: kubectl reads major, minor and gitVersion. */
function versionDocument({ gitVersion, gitCommit, buildDate, compiler, platform }: VersionInfo): object {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    major,
    minor,
    gitVersion,
    gitCommit,
    gitTreeState: '',
    buildDate,
    goVersion: '',
    compiler,
    platform,
  };
}
