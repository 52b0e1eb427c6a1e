import type { Log } from '../lib/log.ts';
import type { Authority } from './authority.ts';
import type { KeyStore } from './key-store.ts';

/**
 * Keeps a CA as it is stored, whoever changes it there: an administrator who rotates it, another replica. What cannot be used is logged, and
 * the last good one goes on.
 */
export function followAuthority(
  keyStore: KeyStore,
  authority: Authority,
  log: Log,
): ReturnType<KeyStore['follow']> {
  const { name } = authority;
  return keyStore.follow(name, {
    changed: (material) => {
      if (!authority.replace(material)) return;
      log.info(
        { authority: name, signer: authority.hash, trusted: authority.trusted.length },
        `the CA ${name} was changed`,
      );
    },
    failed: (fault) =>
      log.error(
        { err: fault, authority: name },
        `the CA ${name} as it is stored cannot be used, the last good one goes on: ${fault.message}`,
      ),
  });
}
