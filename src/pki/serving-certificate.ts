import { isIP } from 'node:net';
import type { Authority, ServingNames } from './authority.ts';
import { OwnCertificate, type OwnCertificateOptions } from './own-certificate.ts';

export interface ServingCertificateOptions extends Omit<OwnCertificateOptions, 'what' | 'issue'> {
  readonly authority: Pick<Authority, 'issueServing'>;
  /** Host names and IP addresses, mixed. */
  readonly hosts: readonly string[];
}

/** A server's own certificate. Throws MctunnelError INVALID when there is no host. */
export function openServingCertificate(options: ServingCertificateOptions): Promise<OwnCertificate> {
  const names = servingNames(options.hosts);
  return OwnCertificate.open({
    ...options,
    what: 'serving certificate',
    issue: () => options.authority.issueServing(names),
  });
}

/** Each host once, names and addresses apart; brackets around IPv6 are taken off. */
export function servingNames(hosts: readonly string[]): ServingNames {
  const unique = [...new Set(hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1').toLowerCase()))];
  return {
    dnsNames: unique.filter((host) => isIP(host) === 0),
    ipAddresses: unique.filter((host) => isIP(host) !== 0),
  };
}
