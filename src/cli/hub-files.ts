import type { HubConfig } from '../config/index.ts';
import { openStaticTokenFile, requireReadableBundle } from '../gateway/identity/index.ts';
import type { Authenticator } from '../gateway/ports.ts';
import type { Closer } from '../lib/closer.ts';
import type { Log } from '../lib/log.ts';
import { watchFiles } from '../lib/watched-files.ts';
import type { LineFile } from '../observe/index.ts';
import { parseCertificates } from '../pki/index.ts';
import { openAuditLog } from './audit-log.ts';
import { openServingFiles, type ServingPairSource } from './serving.ts';
import { fileUsage, type Problems } from './usage-error.ts';

/** Every file that the hub's flags name but the kubeconfig, read and followed as it changes. undefined: it was not given. */
export interface HubFiles {
  readonly gateway: ServingPairSource | undefined;
  readonly tunnel: ServingPairSource | undefined;
  readonly clientCa: { readonly clientCaPem: string } | undefined;
  readonly tokens: Authenticator | undefined;
  readonly audit: LineFile | undefined;
}

/** Bound of a CA bundle on disk. */
const MAX_BUNDLE_BYTES = 1024 * 1024;

/** Before anybody is contacted: what is wrong with them is added to `problems`, and what is returned is then of no use. */
export async function openHubFiles(
  config: HubConfig,
  problems: Problems,
  auditLineDropped: () => void,
  log: Log,
  closer: Closer,
): Promise<HubFiles> {
  const { gatewayCertFile, gatewayKeyFile, tunnelCertFile, tunnelKeyFile } = config;
  return {
    gateway: await problems.gather(() =>
      openServingFiles({ port: 'gateway', certFile: gatewayCertFile, keyFile: gatewayKeyFile, log, closer }),
    ),
    tunnel: await problems.gather(() =>
      openServingFiles({ port: 'tunnel', certFile: tunnelCertFile, keyFile: tunnelKeyFile, log, closer }),
    ),
    clientCa: await problems.gather(() => openClientCa(config.clientCaFile, log, closer)),
    tokens: await problems.gather(() => openTokens(config.tokenAuthFile, log, closer)),
    audit: await problems.gather(() => openAuditLog(config.auditLog, auditLineDropped, log, closer)),
  };
}

async function openTokens(
  path: string | undefined,
  log: Log,
  closer: Closer,
): Promise<Authenticator | undefined> {
  if (path === undefined) return undefined;
  try {
    const file = await openStaticTokenFile({ path, log });
    closer.add('token file', () => file.close());
    return file;
  } catch (error) {
    throw fileUsage('--token-auth-file', path, error);
  }
}

async function openClientCa(
  path: string | undefined,
  log: Log,
  closer: Closer,
): Promise<HubFiles['clientCa']> {
  if (path === undefined) return undefined;
  try {
    const files = await watchFiles<string>({
      paths: [path],
      maxBytes: MAX_BUNDLE_BYTES,
      parse: ([contents]) => {
        const text = contents?.toString('utf8') ?? '';
        parseCertificates(text, path);
        requireReadableBundle(text, path);
        return text;
      },
      onChange: () => log.info({ path }, 'the client CA file changed'),
      onError: (problem) =>
        log.error(
          { err: problem, path },
          'the changed client CA file cannot be used; the last good one stays',
        ),
    });
    closer.add('client CA file', () => files.close());
    return {
      get clientCaPem() {
        return files.current;
      },
    };
  } catch (error) {
    throw fileUsage('--client-ca-file', path, error);
  }
}
