import type { HostPort } from '../config/index.ts';
import { MctunnelError } from '../errors.ts';

/** Starts to listen; a failure names the flag and says what to do. Throws MctunnelError INTERNAL. */
export async function listening<T>(
  flag: string,
  { host, port }: HostPort,
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    throw new MctunnelError('INTERNAL', `${flag} ${bracketed(host)}:${port}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function reasonOf(thrown: unknown): string {
  // Our own error tells the address, which the flag does as well: its cause is what happened.
  const error = thrown instanceof MctunnelError && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return 'the port is in use; end what listens there, or choose another port';
  if (code === 'EACCES') return 'permission denied; ports below 1024 need privileges';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  return error instanceof Error ? error.message : String(error);
}

/** A host as it stands before a port: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
