import { MctunnelError } from '../../errors.ts';
import type { Identity } from '../../tunnel/index.ts';
import type { AccessAttributes } from '../ports.ts';

/** 403 in the API server's words (apiserver, pkg/endpoints/handlers/responsewriters/errors.go). `reason` is the authoriser's, may be empty. */
export function forbidden(identity: Identity, attributes: AccessAttributes, reason: string): MctunnelError {
  const sentence = escapeHtml(sentenceOf(identity, attributes));
  return new MctunnelError(
    'FORBIDDEN',
    `${subjectOf(attributes)}forbidden: ${sentence}${reason === '' ? '' : `: ${reason}`}`,
  );
}

function subjectOf(attributes: AccessAttributes): string {
  if ('path' in attributes) return '';
  const { group, resource, name } = attributes;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  return `${qualified}${name === '' ? '' : ` ${quote(name)}`} is `;
}

function sentenceOf({ user }: Identity, attributes: AccessAttributes): string {
  if ('path' in attributes)
    return `User ${quote(user)} cannot ${attributes.verb} path ${quote(attributes.path)}`;
  const { verb, group, resource, subresource, namespace } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`;
  return `User ${quote(user)} cannot ${verb} resource ${quote(what)} in API group ${quote(group)} ${where}`;
}

/** Go's %q, near enough: both escape quotes, backslashes and control characters. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
