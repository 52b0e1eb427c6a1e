import { MctunnelError } from '../errors.ts';
import { CLOCK_SKEW_MS } from '../lib/clock.ts';
import type { Closer } from '../lib/closer.ts';
import { formatDate } from '../lib/format-date.ts';
import { keyPairFault } from '../lib/key-pair.ts';
import type { Log } from '../lib/log.ts';
import { watchFiles } from '../lib/watched-files.ts';
import { openServingCertificate, parseCertificates, type Authority } from '../pki/index.ts';
import { fileUsage } from './usage-error.ts';

/** PEM of a server's certificate chain (leaf first) and its key. */
export interface ServingPair {
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** Always the newest. */
export interface ServingPairSource {
  readonly current: ServingPair;
  /** PEM of the CAs by which it is verified, the one that signed it first; empty: the files do not hold it. */
  readonly caBundle: string;
  /** Hears of each new pair. */
  onChange(listener: () => void): void;
}

export interface ServingFilesOptions {
  /** What the flags are called. */
  readonly port: 'gateway' | 'tunnel';
  readonly certFile: string | undefined;
  /** Given with the certificate, or neither. */
  readonly keyFile: string | undefined;
  readonly log: Log;
  readonly closer: Closer;
}

export interface IssuedServingOptions {
  readonly port: 'gateway' | 'tunnel';
  readonly authority: Authority;
  readonly hosts: readonly string[];
  readonly log: Log;
  readonly closer: Closer;
}

const MAX_FILE_BYTES = 1024 * 1024;

/** Who hears of a new pair. */
function listeners(): { readonly add: (listener: () => void) => void; readonly tell: () => void } {
  const all: (() => void)[] = [];
  return {
    add: (listener) => void all.push(listener),
    tell: () => {
      for (const listener of all) listener();
    },
  };
}

/** The certificate of a port, from the hub's own CA. */
export async function issueServing(options: IssuedServingOptions): Promise<ServingPairSource> {
  const { port, authority, hosts, log, closer } = options;
  const { add, tell } = listeners();
  const issued = await openServingCertificate({ authority, hosts, log, onChange: tell });
  closer.add(`${port} certificate`, () => issued.close());
  authority.onChange(() => {
    issued.renew().catch((error: unknown) => {
      log.error({ err: error }, `the ${port} certificate could not be issued by the changed CA`);
    });
  });
  return {
    get current() {
      return issued.current;
    },
    get caBundle() {
      return authority.bundle;
    },
    onChange: add,
  };
}

/** The certificate of a port, from the files that the administrator gave, followed as they change; undefined: none were given. Throws UsageError. */
export async function openServingFiles(options: ServingFilesOptions): Promise<ServingPairSource | undefined> {
  const { port, certFile, keyFile, log, closer } = options;
  if (certFile === undefined || keyFile === undefined) return undefined;
  const { add, tell } = listeners();
  const flags = `--${port}-cert-file and --${port}-key-file`;
  try {
    const files = await watchFiles<ServingPair>({
      paths: [certFile, keyFile],
      maxBytes: MAX_FILE_BYTES,
      parse: ([certificate, key]) => {
        const pair = { certificateChain: certificate?.toString() ?? '', privateKey: key?.toString() ?? '' };
        const fault = keyPairFault(pair.certificateChain, pair.privateKey, {
          certificate: `the certificate in ${certFile}`,
          key: `the key in ${keyFile}`,
        });
        if (fault !== undefined) throw new MctunnelError('INVALID', fault);
        checkDates(pair.certificateChain, certFile, Date.now());
        if (port === 'tunnel' && issuersOf(pair.certificateChain, certFile) === '') {
          throw new MctunnelError(
            'INVALID',
            `${certFile} does not hold the certificate of the CA that signed the first one; put it behind that: agents are told to trust it`,
          );
        }
        return pair;
      },
      onChange: () => {
        tell();
        log.info({ path: certFile }, `the ${port} certificate was read again`);
      },
      onError: (problem) =>
        log.error({ err: problem }, `the changed ${flags} cannot be used; the last good ones stay`),
    });
    closer.add(`${port} certificate`, () => files.close());
    return {
      get current() {
        return files.current;
      },
      get caBundle() {
        return issuersOf(files.current.certificateChain, certFile);
      },
      onChange: add,
    };
  } catch (error) {
    throw fileUsage(flags, certFile, error);
  }
}

/** Throws MctunnelError INVALID when no client would take it now. */
function checkDates(chain: string, file: string, nowMs: number): void {
  const [{ validFromDate, validToDate }] = parseCertificates(chain, file);
  if (nowMs >= validToDate.getTime()) {
    throw new MctunnelError(
      'INVALID',
      `the certificate in ${file} expired on ${formatDate(validToDate)}; put a new one and its key there`,
    );
  }
  if (nowMs + CLOCK_SKEW_MS < validFromDate.getTime()) {
    throw new MctunnelError(
      'INVALID',
      `the certificate in ${file} is valid from ${formatDate(validFromDate)} only; look at the clock of this machine`,
    );
  }
}

/** What stands behind the leaf; of a certificate that signed itself, that one. */
function issuersOf(chain: string, file: string): string {
  const [leaf, ...issuers] = parseCertificates(chain, file);
  const trusted = leaf.checkIssued(leaf) && leaf.verify(leaf.publicKey) ? [leaf] : issuers;
  return trusted.map(String).join('');
}
