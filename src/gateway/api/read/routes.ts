import type { Request } from 'express';
import { versionOf } from './list-options.ts';
import { negotiateRepresentation } from './negotiation.ts';
import { sendAnswer } from '../answer.ts';
import type { ApiResponse } from '../context.ts';
import type { ClusterRead, ClusterReadView } from '../../ports.ts';
import type { OpenWatches } from './open-watches.ts';

function readOf(request: Request, response: ApiResponse, name: string | undefined): ClusterRead {
  const { query, auditId } = response.locals;
  // A kube-apiserver says 500 to one that is no number, but for lists: ours never does, wherever the registrations are.
  versionOf(query.get('resourceVersion'));
  return { name, query, auditId, representation: negotiateRepresentation(request.headers.accept) };
}

/** GET of one object. */
export function getOne(view: ClusterReadView) {
  return async (request: Request, response: ApiResponse): Promise<void> => {
    const { name } = response.locals.info;
    sendAnswer(response, await view.read(readOf(request, response, name)));
  };
}

/** GET of the collection: a list, or a watch with `watch=true`. */
export function listOrWatch(view: ClusterReadView, watches: OpenWatches) {
  return async (request: Request, response: ApiResponse): Promise<void> => {
    const read = readOf(request, response, undefined);
    if (response.locals.info.verb !== 'watch' || request.method === 'HEAD') {
      sendAnswer(response, await view.read(read));
      return;
    }
    watches.open(view, read, response);
  };
}
