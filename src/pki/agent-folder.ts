import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MctunnelError } from '../errors.ts';
import { readBounded } from '../lib/bounded-file.ts';
import { fileProblem, hasCode, permissionProblem, prepareFolder, writeAtomic } from '../lib/files.ts';
import { type Log, silentLog } from '../lib/log.ts';
import { parseAgentCertificate } from './agent-certificate.ts';
import { generateKey, type KeyPair, parsePrivateKey, privateKeyPem } from './keys.ts';
import { certificatePem, parseCertificates, privateKeyBlocks } from './pem.ts';

const MAX_FILE_BYTES = 262_144;
const HEADER = /^Enrolled with bootstrap token ([a-z0-9]+)$/m;

/** What an agent needs to dial its hub. */
export interface AgentCredentials {
  readonly cluster: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  /** PEM, leaf first. */
  readonly certificateChain: string;
  /** PEM: the CAs by which the hub is known. */
  readonly caBundle: string;
  /** The id (not the secret) of the token that the agent enrolled with; empty when unknown. */
  readonly tokenId: string;
}

/**
 * An agent's data folder. `agent.pem` (mode 0600) holds key and certificate in one, so that a crash can never part them; `hub-ca.crt` is the
 * hub's CA; `enrolling.key` is the key of an enrolment that has not ended: kept, because the hub may already have used the token up for it.
 */
export class AgentFolder {
  readonly path: string;
  readonly #uid: number | undefined;
  readonly #log: Log;

  constructor(path: string, options: { readonly uid?: number | undefined; readonly log?: Log } = {}) {
    this.path = path;
    this.#uid = options.uid;
    this.#log = options.log ?? silentLog;
  }

  /** undefined: the agent is not enrolled. Throws MctunnelError INVALID (damaged) or INTERNAL (cannot be read). */
  async load(): Promise<AgentCredentials | undefined> {
    const path = this.#file('agent.pem');
    const text = await this.#read(path, true);
    if (text === undefined) return undefined;
    const bundlePath = this.#file('hub-ca.crt');
    const bundle = await this.#read(bundlePath, false);
    if (bundle === undefined) throw damaged(`${bundlePath} is missing`);
    try {
      const [key] = privateKeyBlocks(text);
      if (key === undefined) throw new MctunnelError('INVALID', `${path} holds no private key`);
      return readCredentials({
        privateKey: `${key}\n`,
        certificateChain: parseCertificates(text, path).map(certificatePem).join(''),
        caBundle: parseCertificates(bundle, bundlePath).map(certificatePem).join(''),
        tokenId: HEADER.exec(text)?.[1] ?? '',
        source: path,
      });
    } catch (error) {
      throw damaged(MctunnelError.from(error, 'INVALID', `${path} cannot be read`).message, error);
    }
  }

  async store(credentials: AgentCredentials): Promise<void> {
    // The CA first: with the certificate in place the agent counts as enrolled.
    await this.#write(this.#file('hub-ca.crt'), credentials.caBundle, 0o644);
    const header = credentials.tokenId === '' ? '' : `Enrolled with bootstrap token ${credentials.tokenId}\n`;
    await this.#write(
      this.#file('agent.pem'),
      header + credentials.privateKey + credentials.certificateChain,
      0o600,
    );
    await rm(this.#file('enrolling.key'), { force: true });
  }

  /** The key to enrol with: the one of an attempt before, else a new one, stored before it is used. */
  async enrollmentKey(): Promise<KeyPair> {
    const path = this.#file('enrolling.key');
    const text = await this.#read(path, true);
    if (text !== undefined) return parsePrivateKey(text, path);
    const key = await generateKey();
    await this.#write(path, privateKeyPem(key.privateKey), 0o600);
    return key;
  }

  #file(name: string): string {
    return join(this.path, name);
  }

  async #read(path: string, isSecret: boolean): Promise<string | undefined> {
    try {
      const text = (await readBounded(path, MAX_FILE_BYTES)).toString('utf8');
      const problem = isSecret ? permissionProblem(path, await stat(path), this.#uid) : undefined;
      if (problem !== undefined) this.#log.warn({ path }, problem);
      return text;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw new MctunnelError('INTERNAL', fileProblem('read', path, error), { cause: error, hop: 'agent' });
    }
  }

  async #write(path: string, contents: string, mode: number): Promise<void> {
    try {
      await prepareFolder(this.path);
      await writeAtomic(path, contents, { mode });
    } catch (error) {
      throw new MctunnelError('INTERNAL', fileProblem('write', path, error), { cause: error, hop: 'agent' });
    }
  }
}

export interface RawCredentials {
  readonly privateKey: string;
  readonly certificateChain: string;
  readonly caBundle: string;
  readonly tokenId: string;
  /** For messages. */
  readonly source: string;
}

/** Checks that the parts belong together. Throws MctunnelError INVALID or UNAUTHENTICATED. */
export function readCredentials(raw: RawCredentials): AgentCredentials {
  const { source, ...parts } = raw;
  const [leaf] = parseCertificates(raw.certificateChain, source);
  parseCertificates(raw.caBundle, `the hub's CA bundle`);
  const { cluster, serial, notBefore, notAfter } = parseAgentCertificate(leaf.raw, leaf);
  if (!leaf.checkPrivateKey(parsePrivateKey(raw.privateKey, source).privateKey)) {
    throw new MctunnelError('INVALID', `the certificate of ${source} does not belong to its private key`);
  }
  return { ...parts, cluster, serial, notBefore, notAfter };
}

function damaged(what: string, cause?: unknown): MctunnelError {
  return new MctunnelError(
    'INVALID',
    `the agent's data folder is damaged: ${what}; restore it, or remove it and enrol anew (mctunnel token create)`,
    { cause, hop: 'agent' },
  );
}
