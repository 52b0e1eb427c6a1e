import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openStaticTokenFile, type StaticTokenAuthenticator } from '../../../src/gateway/identity/index.ts';
import { parseStaticTokens } from '../../../src/gateway/identity/static-token-file.ts';
import type { Caller, RequestFacts } from '../../../src/gateway/ports.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { authenticatorSuite } from '../../contract/authenticator-suite.ts';
import { outcome, request } from './facts.ts';

let folder: string;
const open: StaticTokenAuthenticator[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'static-tokens-'));
});
afterEach(() => {
  for (const file of open.splice(0)) file.close();
  rmSync(folder, { recursive: true });
});

const CONTENT = `secret-a,ada,u1,"dev,ops"\nsecret-b,bob,u2\n`;

async function file(content: string, problems: string[] = []) {
  const path = join(folder, 'tokens.csv');
  writeFileSync(path, content);
  const log = {
    ...silentLog,
    error: (fields: object) => void problems.push(String((fields as { problem?: unknown }).problem)),
  };
  const authenticator = await openStaticTokenFile({ path, log });
  open.push(authenticator);
  return { path, authenticator };
}

function caller(user: string, uid: string, groups: readonly string[]): Caller {
  return { method: 'token', identity: { user, uid, groups, extra: [] } };
}

authenticatorSuite('a static token', async () => {
  const { path, authenticator } = await file(CONTENT);
  const bearer = (line: string) => (more?: Partial<RequestFacts>) =>
    request({ headers: ['Authorization', line], ...more });
  return {
    authenticator,
    known: bearer('Bearer secret-a'),
    caller: caller('ada', 'u1', ['dev', 'ops']),
    other: bearer('BEARER  secret-b'),
    otherCaller: caller('bob', 'u2', []),
    foreign: [request(), bearer('Basic secret-a')(), bearer('Bearer unknown')(), bearer('secret-a')()],
    forged: [
      ['a prefix', bearer('Bearer secret-')()],
      ['more behind', bearer('Bearer secret-a,ada')()],
      ['another case', bearer('Bearer SECRET-A')()],
      ['two lines', request({ headers: ['Authorization', 'Bearer no', 'AUTHORIZATION', 'Bearer secret-a'] })],
    ],
    end: async () => {
      writeFileSync(path, 'secret-b,bob,u2\n');
      await authenticator.reload();
    },
  };
});

describe('a static token file', () => {
  it('is read as Kubernetes reads it', () => {
    const tokens = parseStaticTokens('\ufefft1,u1,1\r\n\nt2,"a ""b"", c",2,g1\n"t,3",u3,,"g1,g2"', 'f');
    expect(
      tokens.map(({ token, identity }) => [token, identity.user, identity.uid, identity.groups]),
    ).toEqual([
      ['t1', 'u1', '1', []],
      ['t2', 'a "b", c', '2', ['g1']],
      ['t,3', 'u3', '', ['g1', 'g2']],
    ]);
    expect(parseStaticTokens('', 'f')).toEqual([]);
  });

  it('is refused with the number of every bad line, and without a word of a token', async () => {
    const lines: [string, RegExp][] = [
      ['t,u', /2 fields/],
      ['t,u,1,g1,g2', /5 fields.*"group1,group2"/],
      ['# a comment', /1 fields/],
      [',u,1', /an empty token/],
      ['t,,1', /an empty user/],
      ['good,u,1', /the same token as in line 1/],
      ['t x,u,1', /a character that no bearer token can have/],
      ['t, u,1', /the user begins or ends with white space/],
      ['t,u,1,"a, b"', /the group " b" begins or ends/],
      ['t,u,1,"a,,b"', /an empty group/],
      ['t,u\u0007,1', /the user contains a control character/],
      ['t,u"x,1', /a quote that does not open and close a whole field/],
      ['t,"u,1', /a quote/],
    ];
    const content = ['good,fine,1', ...lines.map(([line]) => line)].join('\n');
    const refused = (await outcome(() => parseStaticTokens(content, '/etc/t.csv'))) as {
      code: string;
      message: string;
    };
    expect(refused.code).toBe('INVALID');
    const faults = refused.message.split('\n');
    expect(faults.length).toBe(lines.length);
    for (const [index, [, pattern]] of lines.entries()) {
      expect(faults[index]).toMatch(pattern);
      expect(faults[index]?.startsWith(`/etc/t.csv:${index + 2}: `)).toBe(true);
    }
    expect(refused.message).not.toContain('good');
  });

  it('gives back what was written into it', () => {
    const field = fc.string({ minLength: 1, maxLength: 10 }).filter((text) => text.trim() === text);
    const row = fc.record({
      token: fc.stringMatching(/^[\x21-\x7e]{1,20}$/),
      user: field,
      groups: fc.array(
        field.filter((group) => !group.includes(',')),
        { maxLength: 3 },
      ),
    });
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.uniqueArray(row, { selector: ({ token }) => token, maxLength: 5 }), (rows) => {
        const content = rows
          .map(({ token, user, groups }) => [token, user, '1', groups.join(',')].map(quote).join(','))
          .join('\n');
        const tokens = parseStaticTokens(content, 'f');
        expect(
          tokens.map(({ token, identity }) => ({ token, user: identity.user, groups: identity.groups })),
        ).toEqual(rows);
      }),
    );
  });

  it('that cannot be loaded at first is an error of one line', async () => {
    const missing = await outcome(() => openStaticTokenFile({ path: join(folder, 'none') }));
    expect(missing).toMatchObject({
      code: 'INVALID',
      message: `cannot read ${folder}/none: no such file or folder`,
    });
    expect(await outcome(() => file('x'))).toMatchObject({ code: 'INVALID' });
  });

  it('keeps the last good tokens when it is spoilt, and says so once', async () => {
    const problems: string[] = [];
    const { path, authenticator } = await file(CONTENT, problems);
    const ada = request({ headers: ['Authorization', 'Bearer secret-a'] });
    writeFileSync(path, 'secret-c,eve\n');
    for (let i = 0; i < 4; i++) await authenticator.reload();
    expect(authenticator.authenticate(ada)).toEqual(caller('ada', 'u1', ['dev', 'ops']));
    expect(problems).toEqual([expect.stringMatching(/tokens\.csv:1: 2 fields/)]);
    writeFileSync(path, 'secret-c,eve,3\n');
    await authenticator.reload();
    expect(authenticator.authenticate(ada)).toBeUndefined();
    expect(authenticator.authenticate(request({ headers: ['Authorization', 'Bearer secret-c'] }))).toEqual(
      caller('eve', '3', []),
    );
  });
});
