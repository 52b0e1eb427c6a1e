// What the flags of an agent say about its enrolment is checked before anybody is contacted.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnrolment } from '../../src/cli/agent-enrolment.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { TestCa } from '../pki.ts';

const TOKEN = `abcdefghij.${'0123456789'.repeat(3)}01`;
const OTHER_TOKEN = TOKEN.replace('abc', 'xyz');
const HASH = `sha256:${'0'.repeat(64)}`;
const CA = new TestCa('hub').certificate;
const HOUR_MS = 3_600_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-enrolment-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

type Flags = Partial<Parameters<typeof readEnrolment>[0]>;

/** `validMs`: how long the certificate in the data folder is good for; undefined: there is none. */
function read(flags: Flags, validMs?: number): ReturnType<typeof readEnrolment> {
  const none = { bootstrapToken: undefined, bootstrapTokenFile: undefined };
  const stored = validMs !== undefined && {
    tokenId: 'abcdefghij',
    notAfter: new Date(Date.now() + validMs),
  };
  return readEnrolment(
    { ...none, hubCaFile: undefined, hubCaHash: undefined, cluster: 'paris', ...flags },
    { load: () => Promise.resolve(stored || undefined) },
  );
}

async function problems(flags: Flags, validMs?: number): Promise<readonly string[]> {
  try {
    await read(flags, validMs);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

const NO_TOKEN = expect.stringMatching(/^this agent is not enrolled yet: .*token create --cluster paris\)$/);
const NO_CA = expect.stringMatching(/^--hub-ca-hash or --hub-ca-file is missing/);
const MALFORMED = 'the bootstrap token is malformed';

describe('an agent that is not enrolled', () => {
  it('needs a token, and the hash or the file of a CA', async () => {
    expect(await problems({})).toEqual([NO_TOKEN, NO_CA]);
    expect(await problems({ bootstrapToken: TOKEN })).toEqual([NO_CA]);
    expect(await problems({ hubCaHash: HASH })).toEqual([NO_TOKEN]);
    expect(await problems({ bootstrapTokenFile: file('empty', '\n'), hubCaHash: HASH })).toEqual([NO_TOKEN]);
    const withHash = { bootstrapToken: TOKEN, hubCaHash: HASH };
    expect(await read(withHash)).toEqual({ bootstrapToken: TOKEN, hubCa: undefined, hubCaHash: HASH });
    const fromFiles = { bootstrapTokenFile: file('token', `${TOKEN}\n`), hubCaFile: file('ca', CA) };
    expect(await read(fromFiles)).toMatchObject({ hubCa: CA, hubCaHash: undefined });
  });

  it('hears of all that cannot be used, and no secret is repeated', async () => {
    expect(await problems({ bootstrapToken: 's3cret', hubCaFile: file('garbage', 'x') })).toEqual([
      expect.stringContaining(`--bootstrap-token: ${MALFORMED}`),
      `--hub-ca-file: ${join(folder, 'garbage')} holds no certificate`,
    ]);
    const missing = { bootstrapTokenFile: join(folder, 'none'), hubCaFile: join(folder, 'none') };
    expect(await problems(missing)).toEqual([
      `--bootstrap-token-file: cannot read ${join(folder, 'none')}: no such file or folder`,
      `--hub-ca-file: cannot read ${join(folder, 'none')}: no such file or folder`,
    ]);
    const malformed = await problems({ bootstrapTokenFile: file('bad', 's3cret'), hubCaHash: HASH });
    expect(malformed).toEqual([expect.stringContaining(`--bootstrap-token-file: ${MALFORMED}`)]);
    expect(malformed.join()).not.toContain('s3cret');
  });
});

describe('an agent that is enrolled', () => {
  it('needs nothing, and its token file may be gone', async () => {
    expect(await problems({}, HOUR_MS)).toEqual([]);
    expect(await problems({ bootstrapToken: TOKEN }, HOUR_MS)).toEqual([]);
    expect(await problems({ bootstrapTokenFile: join(folder, 'none') }, HOUR_MS)).toEqual([]);
    expect(await problems({ hubCaFile: join(folder, 'none') }, HOUR_MS)).toEqual([]);
  });

  it('is still told of a token that is none, and of a file that cannot be read for another reason', async () => {
    expect(await problems({ bootstrapToken: 'x' }, HOUR_MS)).toEqual([expect.stringContaining(MALFORMED)]);
    expect(await problems({ bootstrapTokenFile: folder }, HOUR_MS)).toEqual([
      `--bootstrap-token-file: cannot read ${folder}: it is a folder, a file is needed`,
    ]);
  });

  it('needs a CA to enrol anew: with another token, or when its certificate has expired', async () => {
    expect(await problems({ bootstrapToken: OTHER_TOKEN }, HOUR_MS)).toEqual([NO_CA]);
    expect(await problems({ bootstrapToken: TOKEN }, -HOUR_MS)).toEqual([NO_CA]);
    expect(await problems({ bootstrapToken: OTHER_TOKEN, hubCaHash: HASH }, HOUR_MS)).toEqual([]);
  });
});
