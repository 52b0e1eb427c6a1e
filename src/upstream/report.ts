import type { ImpersonationRight } from '../lib/impersonation-right.ts';
import type { MemberState } from './probe.ts';

/** Rights that a report names; further ones are only counted, so that the whole stays under the hub's 16 KiB. */
const MAX_NAMED_RIGHTS = 20;
const MAX_TRUSTS = 8;
const MAX_NAME_CHARS = 128;
const MAX_MESSAGE_CHARS = 1024;
const MAX_VERSION_CHARS = 64;

/**
 * What the agent tells the hub about its cluster and, in `trusts` (SPKI hashes of CAs), about itself: the body of a stream of the protocol `report` (docs/protocol.md). At most
 * 16 KiB of UTF-8.
 */
export function reportOf({ apiServer, missingRights }: MemberState, trusts: readonly string[]): string {
  return JSON.stringify({
    version: 1,
    trusts: trusts.slice(0, MAX_TRUSTS),
    apiServer: apiServer.reachable
      ? { reachable: true, ...versionOf(apiServer.version) }
      : {
          reachable: false,
          reason: apiServer.problem.code === 'UPSTREAM_UNREACHABLE' ? 'Unreachable' : 'Unusable',
          message: printable(apiServer.problem.message, MAX_MESSAGE_CHARS),
        },
    ...(missingRights !== undefined && {
      impersonation: {
        missing: missingRights.slice(0, MAX_NAMED_RIGHTS).map(namedRight),
        missingCount: missingRights.length,
      },
    }),
  });
}

function versionOf(version: string): { readonly kubernetesVersion?: string } {
  const kubernetesVersion = version.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_VERSION_CHARS);
  return kubernetesVersion === '' ? {} : { kubernetesVersion };
}

function namedRight({ group, resource, subresource, name }: ImpersonationRight): ImpersonationRight {
  return {
    group,
    resource,
    subresource: printable(subresource, MAX_NAME_CHARS),
    name: printable(name, MAX_NAME_CHARS),
  };
}

function printable(text: string, maxChars: number): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '?')
    .slice(0, maxChars)
    .toWellFormed();
}
