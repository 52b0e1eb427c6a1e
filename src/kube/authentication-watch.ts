import { isDeepStrictEqual } from 'node:util';
import { MctunnelError } from '../errors.ts';
import type { ClientCaSource, RequestHeaderConfig, RequestHeaderSource } from '../gateway/ports.ts';
import type { Clock } from '../lib/clock.ts';
import { silentLog, type Log } from '../lib/log.ts';
import {
  dangerOf,
  readAuthenticationConfig,
  type AuthenticationConfig,
  type RequireReadable,
} from './authentication-config.ts';
import { HttpError, ObjectWatch, type KubeObject } from './object-watch.ts';
import type { RawClient } from './raw-client.ts';
import { firstLine } from './system-error.ts';

export interface AuthenticationWatchOptions {
  readonly raw: Pick<RawClient, 'request'>;
  readonly clock: Clock;
  readonly log?: Log;
  /** Another bundle that is trusted for clients (`--client-ca-file`): it must not go together with the front proxy's either. */
  readonly otherClientCaPem?: () => string | undefined;
  /** A bundle for which it throws is not taken. Default: all are. */
  readonly requireReadable?: RequireReadable;
  readonly random?: () => number;
}

/** The hub cluster's front proxy and client CA, as its kube-apiserver publishes them; always the last good state. */
export interface AuthenticationWatch extends RequestHeaderSource, ClientCaSource {
  close(): Promise<void>;
}

const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';

/**
 * Reads the ConfigMap, then follows it. RBAC: a RoleBinding in kube-system to the Role extension-apiserver-authentication-reader.
 * Later changes that are bad, and the loss of the API server, are logged and keep the last good state.
 * Throws MctunnelError INVALID, with what to do, when the first read fails or what it finds must not be used.
 */
export async function watchAuthenticationConfig(
  options: AuthenticationWatchOptions,
): Promise<AuthenticationWatch> {
  const log = options.log ?? silentLog;
  let current: AuthenticationConfig | undefined;

  const take = (object: KubeObject): void => {
    const next = readAuthenticationConfig(object, options.requireReadable);
    const danger = dangerOf(next.requestHeader, options.otherClientCaPem?.());
    if (danger !== undefined) throw new Error(danger);
    // The same object as before means the same configuration: whoever verified by it need not verify again.
    const requestHeader = isDeepStrictEqual(current?.requestHeader, next.requestHeader)
      ? current?.requestHeader
      : next.requestHeader;
    current = { ...next, requestHeader };
  };

  let judged:
    | { requestHeader: RequestHeaderConfig | undefined; other: string | undefined; isSafe: boolean }
    | undefined;

  /** The other bundle may change at any time, too. Then there is no last good state to keep: the front proxy is not trusted. */
  const usable = (requestHeader: RequestHeaderConfig | undefined): RequestHeaderConfig | undefined => {
    const other = options.otherClientCaPem?.();
    if (judged === undefined || judged.requestHeader !== requestHeader || judged.other !== other) {
      const danger = dangerOf(requestHeader, other);
      if (danger !== undefined) log.error({ problem: danger }, 'the front proxy is not trusted any more');
      judged = { requestHeader, other, isSafe: danger === undefined };
    }
    return judged.isSafe ? requestHeader : undefined;
  };

  const hasFrontProxy = (): boolean => current?.requestHeader !== undefined;

  const watch = new ObjectWatch({
    ...options,
    collection: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
    name: NAME,
    onObject: (object) => {
      if (current === undefined) {
        take(object);
        return;
      }
      const before = current;
      try {
        take(object);
        if (!isDeepStrictEqual(before, current))
          log.info({ configMap: NAME }, 'trust in the front proxy changed');
      } catch (error) {
        log.error(
          { configMap: NAME, problem: firstLine(error) },
          'ConfigMap not used, the last good one stays',
        );
      }
    },
    onError: (err) => log.warn({ err, configMap: NAME }, 'ConfigMap cannot be watched, trying again'),
  });

  try {
    watch.follow(await watch.read());
  } catch (error) {
    await watch.close();
    throw new MctunnelError('INVALID', `ConfigMap ${NAMESPACE}/${NAME}: ${wordsFor(error)}`, {
      cause: error,
    });
  }
  if (!hasFrontProxy()) {
    log.warn({ configMap: NAME }, 'the hub cluster has no front proxy: only the direct gateway can be used');
  }
  return {
    get requestHeader(): RequestHeaderConfig | undefined {
      return usable(current?.requestHeader);
    },
    get clientCaPem(): string | undefined {
      return current?.clientCaPem;
    },
    close: () => watch.close(),
  };
}

function wordsFor(error: unknown): string {
  if (error instanceof HttpError && error.status === 403) {
    return `${error.message}; bind the hub's service account to the Role extension-apiserver-authentication-reader in ${NAMESPACE}`;
  }
  return firstLine(error);
}
