/** `mctunnel kubeconfig --output FILE` writes the whole file: what only that file has must not be lost. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startFakeMember, type FakeMember } from '../support/fake-member.ts';
import { mctunnel } from '../support/mctunnel.ts';

/** Stands where a hub stands. */
let hub: FakeMember;
let folder: string;
beforeEach(async () => {
  hub = await startFakeMember();
  folder = dirname(hub.kubeconfig);
  hub.on('/apis/gateway.mctunnel.io/v1/clusters/paris', (_, response) => void response.end('{}'));
});
afterEach(() => hub.close());

/** A variable is for all commands: with MCTUNNEL_OUTPUT=json, the format of `clusters`, credentials went to a file called json. */
it.each([
  ['MCTUNNEL_OUTPUT', false],
  ['MCTUNNEL_KUBECONFIG_OUTPUT', true],
])('%s names the file: %j', async (variable, names) => {
  const output = join(folder, 'json');
  const result = await mctunnel(['kubeconfig', 'paris', '--kubeconfig', hub.kubeconfig], {
    [variable]: output,
  });
  expect(result.code).toBe(0);
  expect(existsSync(output)).toBe(names);
  expect(names ? readFileSync(output, 'utf8') : result.stdout).toContain('/clusters/paris/proxy');
});

const write = (output: string) =>
  mctunnel(['kubeconfig', 'paris', '--kubeconfig', hub.kubeconfig, '--output', output]);

it.each(['the kubeconfig that it was made from', 'a link to it', 'another with contexts of its own'])(
  'refuses to replace %s',
  async (what) => {
    let output = hub.kubeconfig;
    if (what === 'a link to it') {
      output = join(folder, 'link');
      symlinkSync(hub.kubeconfig, output);
    } else if (what !== 'the kubeconfig that it was made from') {
      // With a context of ours beside it, as who merged them by hand has it.
      expect((await write(join(folder, 'ours'))).code).toBe(0);
      const ours = readFileSync(join(folder, 'ours'), 'utf8');
      output = join(folder, 'config');
      writeFileSync(
        output,
        ours.replace('contexts:\n', 'contexts:\n  - { name: fake, context: { cluster: prod } }\n'),
      );
    }
    const before = readFileSync(output, 'utf8');
    const { code, stdout, stderr } = await write(output);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      `mctunnel: --output: ${output} holds other contexts (fake), which would be lost; `,
    );
    expect(stderr).toContain(`KUBECONFIG=${output}:FILE`);
    expect(readFileSync(output, 'utf8')).toBe(before);
  },
);

it('replaces what it wrote before, and what is no kubeconfig', async () => {
  const output = join(folder, 'clusters');
  writeFileSync(output, ': no YAML [');
  for (let round = 0; round < 2; round++) {
    expect(await write(output)).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(output, 'utf8')).toContain('/clusters/paris/proxy');
  }
});
