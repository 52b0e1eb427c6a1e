import { describe, expect, it } from '@jest/globals';
import { isLongRunning, requestInfo } from '../../src/lib/request-info.ts';
import type { RequestInfo } from '../../src/lib/request-info.ts';
import { splitTarget } from '../../src/lib/request-path.ts';

function derive(method: string, target: string): RequestInfo {
  const path = splitTarget(target);
  if (typeof path === 'string') throw new Error(path);
  return requestInfo(method, path);
}

/** verb group/version namespace resource/subresource name. */
function summary(method: string, target: string): string {
  const r = derive(method, target);
  if (!r.isResourceRequest) return `${r.verb} ${r.path}`;
  const resource = r.subresource === '' ? r.resource : `${r.resource}/${r.subresource}`;
  return [r.verb, `${r.apiGroup}/${r.apiVersion}`, r.namespace || '-', resource || '-', r.name || '-'].join(
    ' ',
  );
}

describe('requestInfo', () => {
  it.each([
    ['GET', '/', 'get /'],
    ['GET', '/healthz/', 'get /healthz/'],
    ['GET', '/api', 'get /api'],
    ['GET', '/api/v1', 'get /api/v1'],
    ['GET', '/apis/apps/v1', 'get /apis/apps/v1'],
    ['OPTIONS', '/apis/apps', 'options /apis/apps'],
    ['GET', '/openapi/v3/apis/apps/v1/x', 'get /openapi/v3/apis/apps/v1/x'],
    ['GET', '/api/v1/pods', 'list /v1 - pods -'],
    ['HEAD', '/api/v1/pods/', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?watch=1', 'watch /v1 - pods -'],
    ['GET', '/api/v1/pods?watch', 'watch /v1 - pods -'],
    ['GET', '/api/v1/pods?watch=', 'watch /v1 - pods -'],
    ['GET', '/api/v1/pods?watch=nonsense', 'watch /v1 - pods -'],
    ['GET', '/api/v1/pods?watch=False', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?watch=0&watch=1', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?w%61tch=1', 'watch /v1 - pods -'],
    ['GET', '/api/v1/namespaces/n/pods/p?watch=1', 'get /v1 n pods p'],
    ['POST', '/api/v1/namespaces/n/pods', 'create /v1 n pods -'],
    ['PUT', '/apis/apps/v1/namespaces/n/deployments/d/scale', 'update apps/v1 n deployments/scale d'],
    ['PATCH', '/apis/apps/v1/namespaces/n/deployments/d/status', 'patch apps/v1 n deployments/status d'],
    ['DELETE', '/api/v1/nodes/x', 'delete /v1 - nodes x'],
    ['DELETE', '/api/v1/nodes', 'deletecollection /v1 - nodes -'],
    ['DELETE', '/api/v1/namespaces/n/pods?fieldSelector=metadata.name%3Dx', 'deletecollection /v1 n pods -'],
    ['OPTIONS', '/api/v1/nodes', ' /v1 - nodes -'],
    ['get', '/api/v1/nodes', ' /v1 - nodes -'],
    ['GET', '/api/v1/namespaces', 'list /v1 - namespaces -'],
    ['GET', '/api/v1/namespaces/n', 'get /v1 n namespaces n'],
    ['PUT', '/api/v1/namespaces/n/finalize', 'update /v1 n namespaces/finalize n'],
    ['GET', '/api/v1/namespaces/n/status', 'get /v1 n namespaces/status n'],
    ['POST', '/api/v1/namespaces/n/pods/p/exec', 'create /v1 n pods/exec p'],
    ['GET', '/api/v1/namespaces/n/services/https:s:443/proxy/a/b', 'get /v1 n services/proxy https:s:443'],
    ['GET', '/api/v1/watch/pods', 'watch /v1 - pods -'],
    ['GET', '/api/v1/watch/namespaces/n/pods/p', 'watch /v1 n pods p'],
    ['DELETE', '/api/v1/proxy/namespaces/n/pods/p/x', 'proxy /v1 n pods p'],
    ['GET', '/api/v1/watch', 'get /v1 - - -'],
    ['GET', '/apis/g/v1/clusters/x/proxy/api/v1/pods', 'get g/v1 - clusters/proxy x'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 'list /v1 - pods x'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name==x,spec.a=b&watch=true', 'watch /v1 - pods x'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name!=x', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da%2Fb', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3D..', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx&limit=abc', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx,oops', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da%5C%2Cb', 'list /v1 - pods a,b'],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da%5Cb', 'list /v1 - pods -'],
    ['GET', '/api/v1/pods?watch=1;x', 'list /v1 - pods -'],
  ])('%s %s is "%s"', (method, target, expected) => {
    expect(summary(method, target)).toBe(expected);
  });

  it('knows what may run without end', () => {
    const longRunning = [
      '/api/v1/pods?watch=1',
      '/api/v1/namespaces/n/pods/p/log',
      '/api/v1/namespaces/n/pods/p/exec',
    ];
    for (const target of longRunning) expect(isLongRunning(derive('GET', target))).toBe(true);
    for (const target of ['/api/v1/pods', '/healthz', '/api/v1/namespaces/n/pods/p/status']) {
      expect(isLongRunning(derive('GET', target))).toBe(false);
    }
  });
});
