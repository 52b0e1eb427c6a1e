import type { Resolved } from '../config/index.ts';
import type { agentSettings } from '../config/agent.ts';
import { MctunnelError } from '../errors.ts';
import { readOnce } from '../lib/bounded-file.ts';
import { hasCode } from '../lib/files.ts';
import { hasExpired, parseCertificates, parseToken, type AgentCredentials } from '../pki/index.ts';
import { fileUsage, UsageError } from './usage-error.ts';

const MAX_TOKEN_BYTES = 65_536;
const MAX_BUNDLE_BYTES = 1024 * 1024;

/** How an agent becomes known to its hub, and the hub to it. */
export interface EnrolmentInput {
  /** undefined: it is enrolled, and no token was given. */
  readonly bootstrapToken: string | undefined;
  /** PEM. When neither it nor the hash is there, nothing will be enrolled. */
  readonly hubCa: string | undefined;
  readonly hubCaHash: string | undefined;
}

/** As AgentFolder. */
interface StoredIdentity {
  load(): Promise<Pick<AgentCredentials, 'tokenId' | 'notAfter'> | undefined>;
}

type Config = Pick<
  Resolved<typeof agentSettings>,
  'bootstrapToken' | 'bootstrapTokenFile' | 'hubCaFile' | 'hubCaHash' | 'cluster'
>;

/**
 * Reads and checks all that the flags say about enrolment, before anybody is contacted. Throws UsageError (all problems), or as `AgentFolder.load`.
 * An agent that is enrolled needs none of it: a token file that was taken away since is no problem then.
 */
export async function readEnrolment(config: Config, folder: StoredIdentity): Promise<EnrolmentInput> {
  const stored = await folder.load();
  const problems: string[] = [];
  const token = await readToken(config, stored !== undefined, problems);
  if (token === undefined && stored === undefined && problems.length === 0) {
    problems.push(
      `this agent is not enrolled yet: start it with --bootstrap-token (made at the hub: mctunnel token create --cluster ${config.cluster ?? 'NAME'})`,
    );
  }
  // As AgentIdentity decides: a token that it did not enrol with is a wish to enrol anew.
  const enrols =
    stored === undefined ||
    (token !== undefined && (token.id !== stored.tokenId || hasExpired(stored, Date.now())));
  const hubCa = enrols ? await readHubCa(config, problems) : undefined;
  if (problems.length > 0) throw new UsageError(problems);
  return { bootstrapToken: token?.text, hubCa, hubCaHash: config.hubCaHash };
}

async function readToken(
  { bootstrapToken, bootstrapTokenFile: path }: Config,
  isEnrolled: boolean,
  problems: string[],
): Promise<{ readonly id: string; readonly text: string } | undefined> {
  let text = bootstrapToken;
  try {
    if (path !== undefined) text = (await readOnce(path, MAX_TOKEN_BYTES)).toString('utf8');
    // An empty file is what a Secret without the token mounts.
    if (text === undefined || text.trim() === '') return undefined;
    return { id: parseToken(text).id, text };
  } catch (error) {
    if (path === undefined) {
      problems.push(`--bootstrap-token: ${MctunnelError.from(error).message}`);
    } else if (!isEnrolled || !hasCode(error, 'ENOENT')) {
      problems.push(...fileUsage('--bootstrap-token-file', path, error).problems);
    }
    return undefined;
  }
}

async function readHubCa({ hubCaFile, hubCaHash }: Config, problems: string[]): Promise<string | undefined> {
  if (hubCaFile === undefined) {
    if (hubCaHash === undefined) {
      problems.push(
        '--hub-ca-hash or --hub-ca-file is missing; "mctunnel token create" prints the first at the hub',
      );
    }
    return undefined;
  }
  try {
    const text = (await readOnce(hubCaFile, MAX_BUNDLE_BYTES)).toString('utf8');
    parseCertificates(text, hubCaFile);
    return text;
  } catch (error) {
    problems.push(...fileUsage('--hub-ca-file', hubCaFile, error).problems);
    return undefined;
  }
}
