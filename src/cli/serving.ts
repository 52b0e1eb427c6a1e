import { createSecureContext } from 'node:tls';
import type { Closer } from '../lib/closer.ts';
import type { Log } from '../lib/log.ts';
import { watchFiles } from '../lib/watched-files.ts';
import { openServingCertificate, type Authority } from '../pki/index.ts';
import { fileUsage } from './usage-error.ts';

/** PEM of a server's certificate chain (leaf first) and its key. */
export interface ServingPair {
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** Always the newest; `onChange` hears of each new one. */
export interface ServingPairSource {
  readonly current: ServingPair;
  onChange: (pair: ServingPair) => void;
}

export interface ServingOptions {
  /** `gateway` or `tunnel`: what the flags are called. */
  readonly port: 'gateway' | 'tunnel';
  /** Given with the key, or neither. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Issues one when there are no files. */
  readonly authority: Authority;
  readonly hosts: readonly string[];
  readonly log: Log;
  readonly closer: Closer;
}

const MAX_FILE_BYTES = 1024 * 1024;

/** The certificate of a port: from the files that the administrator gave (followed as they change), else from the hub's own CA. */
export async function openServing(options: ServingOptions): Promise<ServingPairSource> {
  const { port, certFile, keyFile, authority, hosts, log, closer } = options;
  if (certFile === undefined || keyFile === undefined) {
    const issued = await openServingCertificate({
      authority,
      hosts,
      log,
      onChange: (leaf) => source.onChange(leaf),
    });
    closer.add(`${port} certificate`, () => issued.close());
    authority.onChange(() => {
      issued.renew().catch((error: unknown) => {
        log.error({ err: error }, `the ${port} certificate could not be issued by the changed CA`);
      });
    });
    const source: ServingPairSource = {
      get current() {
        return issued.current;
      },
      onChange: () => undefined,
    };
    return source;
  }
  const flags = `--${port}-cert-file and --${port}-key-file`;
  try {
    const files = await watchFiles<ServingPair>({
      paths: [certFile, keyFile],
      maxBytes: MAX_FILE_BYTES,
      parse: ([certificate, key]) => {
        const pair = { certificateChain: certificate?.toString() ?? '', privateKey: key?.toString() ?? '' };
        // OpenSSL says what does not fit; without this a bad pair would be found at the first handshake.
        createSecureContext({ cert: pair.certificateChain, key: pair.privateKey });
        return pair;
      },
      onChange: (pair) => {
        source.onChange(pair);
        log.info({ path: certFile }, `the ${port} certificate was read again`);
      },
      onError: (problem) =>
        log.error({ err: problem }, `the changed ${flags} cannot be used; the last good ones stay`),
    });
    closer.add(`${port} certificate`, () => files.close());
    const source: ServingPairSource = {
      get current() {
        return files.current;
      },
      onChange: () => undefined,
    };
    return source;
  } catch (error) {
    throw fileUsage(flags, certFile, error);
  }
}
