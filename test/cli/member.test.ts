import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Member } from '../../src/cli/member.ts';
import { loadKubeconfig } from '../../src/kube/index.ts';

const LOG = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-member-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(cluster: object): Promise<Member> {
  const path = join(folder, 'config');
  writeFileSync(
    path,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1', ...cluster } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  return Member.open(loadKubeconfig(path), 'TLSv1.2', LOG);
}

it('takes no kubeconfig whose fields an agent would have to pass over, and names the field', async () => {
  for (const [cluster, message] of [
    [{ 'proxy-url': 'http://127.0.0.1:1' }, /\/config: proxy-url: /],
    [{ 'proxy-url': 'https://127.0.0.1:1' }, /\/config: proxy-url: /],
    [{ 'proxy-url': 'socks5://127.0.0.1:1' }, /\/config: proxy-url: /],
    [
      { server: 'http://127.0.0.1:1' },
      /\/config: server http:\/\/127\.0\.0\.1:1: .* give its https:\/\/ address$/,
    ],
    [{ 'insecure-skip-tls-verify': true }, /\/config: insecure-skip-tls-verify: /],
  ] as const) {
    await expect(open(cluster)).rejects.toMatchObject({
      code: 'INVALID',
      message: expect.stringMatching(message),
    });
  }
  (await open({ 'proxy-url': '' })).close();
});
