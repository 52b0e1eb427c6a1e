import { queryValues } from './request-path.ts';
import type { RequestPath } from './request-path.ts';

/**
 * What a Kubernetes API server makes of a request (apiserver, pkg/endpoints/request/requestinfo.go): the attributes by which it
 * authorises and audits. Derived from the same decoded segments that are forwarded.
 */
export interface RequestInfo {
  /** False for `/healthz`, `/api`, `/apis/apps/v1` and the like: then only `path` and `verb` say something. */
  readonly isResourceRequest: boolean;
  /** Decoded. */
  readonly path: string;
  /**
   * create, get, list, watch, update, patch, delete, deletecollection; `proxy` and `watch` by their legacy prefixes; empty for other methods.
   * The lower-cased method for a non-resource request.
   */
  readonly verb: string;
  /** `api`, `apis` or empty. */
  readonly apiPrefix: string;
  /** Empty for the core group. */
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  /** Of the path; for list and watch that of `fieldSelector=metadata.name=…`; empty for a collection. */
  readonly name: string;
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);
/** kube-apiserver, pkg/controlplane/apiserver/config.go: what may run without end. */
const LONG_RUNNING_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** `method` in upper case, as it came. */
export function requestInfo(method: string, path: RequestPath): RequestInfo {
  const { segments } = path;
  const info = {
    isResourceRequest: false,
    path: '/' + segments.join('/') + (path.hasTrailingSlash ? '/' : ''),
    verb: method.toLowerCase(),
    apiPrefix: '',
    apiGroup: '',
    apiVersion: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
  };
  const prefix = segments[0];
  if (segments.length < 3 || (prefix !== 'api' && prefix !== 'apis')) return info;
  info.apiPrefix = prefix;
  let at = 1;
  if (prefix === 'apis') {
    if (segments.length < 4) return info;
    info.apiGroup = segments[at++] ?? '';
  }
  info.isResourceRequest = true;
  info.apiVersion = segments[at++] ?? '';

  const special = segments[at];
  if (special === 'watch' || special === 'proxy') {
    // Nothing after the prefix: the apiserver answers 500, "unable to determine kind and namespace from url".
    if (segments.length - at < 2) return info;
    info.verb = special;
    at++;
  } else {
    info.verb = verbOf(method);
  }

  if (segments[at] === 'namespaces' && segments.length - at > 1) {
    info.namespace = segments[at + 1] ?? '';
    const third = segments[at + 2];
    if (third !== undefined && !NAMESPACE_SUBRESOURCES.has(third)) at += 2;
  }
  info.resource = segments[at] ?? '';
  info.name = segments[at + 1] ?? '';
  if (info.verb !== 'proxy') info.subresource = segments[at + 2] ?? '';

  if (info.name === '') {
    if (info.verb === 'get') {
      info.verb = isTrue(queryValues(path.query, 'watch')) ? 'watch' : 'list';
      info.name = selectedName(path.query);
    } else if (info.verb === 'delete') {
      info.verb = 'deletecollection';
    }
  }
  return info;
}

/** A request that may rightly go without a response head, or an end, for as long as it likes. */
export function isLongRunning(info: RequestInfo): boolean {
  return (
    info.isResourceRequest &&
    (info.verb === 'watch' || info.verb === 'proxy' || LONG_RUNNING_SUBRESOURCES.has(info.subresource))
  );
}

/** The verb of a method where neither path nor query makes another of it; empty for a method that has none: only a rule for `*` allows it. */
export function verbOf(method: string): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      return '';
  }
}

/** apimachinery's conversion of a query parameter to bool: the first value; anything but `0` and `false` is true, also nothing. */
function isTrue(values: readonly string[]): boolean {
  const value = values[0];
  return value !== undefined && value !== '0' && value.toLowerCase() !== 'false';
}

/**
 * The name that `fieldSelector` pins. The apiserver ignores the selector when it cannot decode the list options; of those `limit` and
 * `timeoutSeconds` are looked at here, a malformed labelSelector is not.
 */
function selectedName(query: string): string {
  const selector = queryValues(query, 'fieldSelector')[0];
  if (selector === undefined || selector === '') return '';
  for (const option of ['limit', 'timeoutSeconds']) {
    const value = queryValues(query, option)[0];
    if (value !== undefined && !/^[+-]?[0-9]{1,18}$/.test(value)) return '';
  }
  let found: string | undefined;
  for (const term of splitTerms(selector).sort()) {
    if (term === '') continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) return '';
    const value = unescapeValue(match[3] ?? '');
    if (value === undefined) return '';
    if (match[1] === 'metadata.name' && match[2] !== '!=') found ??= value;
  }
  if (found === undefined || found === '.' || found === '..' || /[/%]/.test(found)) return '';
  return found;
}

/** Split at commas that no backslash escapes. */
function splitTerms(selector: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < selector.length; i++) {
    const char = selector[i];
    if (char === '\\') i++;
    else if (char === ',') {
      terms.push(selector.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(selector.slice(start));
  return terms;
}

/** `\\`, `\,` and `\=` are escapes; anything else after a backslash, and a bare comma or equals sign, make the selector invalid. */
function unescapeValue(value: string): string | undefined {
  return /^(?:[^\\,=]|\\[\\,=])*$/s.test(value) ? value.replace(/\\([\\,=])/g, '$1') : undefined;
}
