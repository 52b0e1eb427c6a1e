import { networkInterfaces } from 'node:os';

/** An IPv4 address of this machine that is none of loopback and link-local: where a service's endpoint can be. */
export function ownAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address, family, internal } of addresses ?? []) {
      if (family === 'IPv4' && !internal && !address.startsWith('169.254.')) return address;
    }
  }
  throw new Error('this machine has no network address but its loopback ones');
}
