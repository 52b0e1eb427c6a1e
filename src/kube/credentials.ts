import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { MctunnelError } from '../errors.ts';
import { readBounded, RereadFiles } from '../lib/bounded-file.ts';
import type { Clock } from '../lib/clock.ts';
import { keyPairFault } from '../lib/key-pair.ts';
import type { KubeContext } from './kubeconfig.ts';
import { codeOf, firstLine, pathOf, reasonOf } from './system-error.ts';

/** What a connection to the API server needs. */
interface TlsMaterial {
  readonly ca?: Buffer | string;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Credential {
  /** Header lines of the caller: `Authorization` and impersonation; name, value, … */
  readonly headers: readonly string[];
  readonly tls: TlsMaterial;
  /** Differs when `tls` differs: connections made with another one are not used any more. */
  readonly tlsFingerprint: string;
}

/** Files and plug-ins are asked again after this; client-node itself keeps an exec plug-in's answer until it expires. */
const REFRESH_MS = 10_000;
/** Bound of each file. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Settings of client-node's auth-providers that name files. */
const PROVIDER_FILES = ['idp-certificate-authority', 'tokenFile'];

/**
 * The credentials of one context, kept fresh: certificate, key, CA and token files are read again at most every 10 s, exec plug-ins
 * asked when their credential has expired. A refresh that fails keeps the last good credential; the first one throws MctunnelError
 * INVALID (the files), or UNAUTHENTICATED (an exec plug-in gives none).
 */
export class Credentials {
  readonly #context: KubeContext;
  readonly #clock: Clock;
  readonly #files = new RereadFiles();
  #current: Credential | undefined;
  #readAtMs = 0;
  /** Set while a refresh runs; everybody waits for the same one. */
  #refreshing: Promise<Credential> | undefined;

  constructor(context: KubeContext, clock: Clock) {
    this.#context = context;
    this.#clock = clock;
  }

  /** At once when fresh. */
  current(): Credential | Promise<Credential> {
    if (this.#current !== undefined && this.#clock.now() - this.#readAtMs < REFRESH_MS) return this.#current;
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** The API server refused the credential (401): the next call reads it again. */
  expire(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  async #refresh(): Promise<Credential> {
    try {
      this.#current = await readCredential(this.#context, this.#files);
    } catch (error) {
      if (this.#current === undefined) throw error;
    }
    this.#readAtMs = this.#clock.now();
    return this.#current;
  }
}

async function readCredential(context: KubeContext, files: RereadFiles): Promise<Credential> {
  const { config, origin, tokenFile, tlsFiles } = context;
  const options: RequestOptions = {};
  try {
    await checkProviderFiles(context);
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    if (error instanceof MctunnelError) {
      throw new MctunnelError(error.code, `${origin}: ${error.message}`, { cause: error });
    }
    // A file that cannot be read is the kubeconfig's fault; a plug-in that gives nothing may do so later.
    const code = pathOf(error) === undefined ? 'UNAUTHENTICATED' : 'INVALID';
    throw new MctunnelError(code, `${origin}: ${credentialProblem(error)}`, { cause: error });
  }
  const headers: string[] = [];
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.push(name, String(value));
  if (tokenFile !== undefined && !headers.includes('Authorization')) {
    headers.push('Authorization', `Bearer ${await readToken(tokenFile, origin, files)}`);
  }
  if (typeof options.auth === 'string') {
    headers.push('Authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`);
  }
  headers.push(...context.impersonation);
  const pem = async (path: string | undefined) =>
    path === undefined ? undefined : await readPem(path, origin, files);
  const ca = (await pem(tlsFiles.ca)) ?? options.ca;
  // What an exec plug-in gives wins.
  const cert = options.cert ?? (await pem(tlsFiles.cert));
  const key = options.key ?? (await pem(tlsFiles.key));
  const { servername, rejectUnauthorized } = options;
  const tls: TlsMaterial = {
    ...(isPem(ca) && { ca }),
    ...(isPem(cert) && { cert }),
    ...(isPem(key) && { key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
  checkTls(tls, origin);
  return { headers, tls, tlsFingerprint: fingerprint(tls) };
}

/** client-node reads what an auth-provider names by itself, whatever it is: here it is refused before. */
async function checkProviderFiles({ config }: KubeContext): Promise<void> {
  const provider: unknown = config.getCurrentUser()?.authProvider;
  const settings = (provider as { readonly config?: Readonly<Record<string, unknown>> } | undefined)?.config;
  for (const name of PROVIDER_FILES) {
    const path = settings?.[name];
    if (typeof path !== 'string' || path === '') continue;
    try {
      await readBounded(path, MAX_FILE_BYTES);
    } catch (error) {
      // It may need none of them now.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

async function readPem(path: string, origin: string, files: RereadFiles): Promise<Buffer> {
  try {
    return await files.read(path, MAX_FILE_BYTES);
  } catch (error) {
    throw new MctunnelError('INVALID', `${origin}: ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

async function readToken(path: string, origin: string, files: RereadFiles): Promise<string> {
  let token: string;
  try {
    token = (await files.read(path, MAX_FILE_BYTES)).toString('utf8').trim();
  } catch (error) {
    throw new MctunnelError('INVALID', `${origin}: token file ${path}: ${reasonOf(error)}`, { cause: error });
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new MctunnelError(
      'INVALID',
      `${origin}: token file ${path}: ${token === '' ? 'empty' : 'not one token'}`,
    );
  }
  return token;
}

/** Finds a bad file now, with its name, instead of in the first handshake. */
function checkTls(tls: TlsMaterial, origin: string): void {
  const problem = (what: string, cause?: unknown) =>
    new MctunnelError('INVALID', `${origin}: ${what}`, { cause });
  if (tls.ca !== undefined && !tls.ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw problem('certificate-authority holds no PEM certificate');
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw problem('client-certificate and client-key must be given together');
  }
  if (tls.cert !== undefined && tls.key !== undefined) {
    const fault = keyPairFault(tls.cert, tls.key, { certificate: 'client-certificate', key: 'client-key' });
    if (fault !== undefined) throw problem(fault);
  }
  try {
    createSecureContext({ ...tls });
  } catch (error) {
    throw problem('certificate-authority holds a certificate that is damaged', error);
  }
}

function credentialProblem(error: unknown): string {
  const path = pathOf(error);
  return path === undefined ? `no credential: ${firstLine(error)}` : `${path}: ${reasonOf(error)}`;
}

function isPem(value: unknown): value is Buffer | string {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function fingerprint(tls: TlsMaterial): string {
  const hash = createHash('sha256');
  for (const part of [tls.ca, tls.cert, tls.key]) {
    hash.update(part === undefined ? '-' : `${part.length}:`).update(part ?? '');
  }
  return hash.update(JSON.stringify([tls.servername, tls.rejectUnauthorized])).digest('hex');
}
