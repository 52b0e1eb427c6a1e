/** Flags before and behind the name of a command of a command. */
import { expect, it } from '@jest/globals';
import { Command } from 'commander';
import { withSettings } from '../../src/cli/settings-command.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { setting, values } from '../../src/config/index.ts';

const hub = setting(values.text.optional(), 'which hub', { placeholder: 'FILE' });
const watch = setting(values.toggle, 'go on', { default: 'false' });

interface Run {
  readonly command: string;
  readonly hub: string | undefined;
  readonly operands: readonly string[];
}

/** What `list [NAME...]` or its `delete NAME` was run with. */
async function run(...args: string[]): Promise<Run | undefined> {
  let ran: Run | undefined;
  const list = new Command('list').argument('[NAME...]');
  withSettings(list, { hub, watch }, (config, operands) => {
    ran = { command: 'list', hub: config.hub, operands };
    return Promise.resolve();
  });
  list.addOption(list.createOption('-o <FORMAT>', 'short'));
  const remove = new Command('delete').argument('<NAME>');
  withSettings(remove, { hub }, (config, operands) => {
    ran = { command: 'delete', hub: config.hub, operands };
    return Promise.resolve();
  });
  list.addCommand(remove);
  const program = new Command('program').addCommand(list);
  for (const command of [program, list, remove]) command.enablePositionalOptions().exitOverride();
  await program.parseAsync(['list', ...args], { from: 'user' });
  return ran;
}

it.each([
  ['behind', ['delete', '--hub', 'a', 'x'], 'a'],
  ['before', ['--hub', 'a', 'delete', 'x'], 'a'],
  ['before, with =', ['--hub=a', 'delete', 'x'], 'a'],
  ['before and behind, of which the latter counts', ['--hub', 'a', 'delete', 'x', '--hub', 'b'], 'b'],
  ['nowhere', ['delete', 'x'], undefined],
])('a flag that both have, %s', async (_where, args, expected) => {
  expect(await run(...args)).toEqual({ command: 'delete', hub: expected, operands: ['x'] });
});

it('a flag of the command itself is its own', async () => {
  expect(await run('--hub', 'a', '-o', 'json', '--watch', 'x')).toEqual({
    command: 'list',
    hub: 'a',
    operands: ['x'],
  });
});

const region = setting(values.selector.optional(), 'which', { placeholder: 'SELECTOR', short: 'l' });
const short = { region, watch: setting(values.toggle, 'go on', { short: 'w', default: 'false' }) };

it.each<[string[], string | undefined, boolean]>([
  [['-l', 'a=b'], 'a=b', false],
  [['-la=b'], 'a=b', false],
  [['-l=a=b', '-w'], 'a=b', true],
  [['-wl=a==b'], 'a==b', true],
  [['-l', ''], '', false],
  [['-l='], '', false],
  [['--region', '', '--watch'], '', true],
  [['--region==b'], '=b', false],
  [[], undefined, false],
])('%j, as kubectl takes it', async (args, selector, watches) => {
  let got: unknown;
  const command = withSettings(new Command('list'), short, (config) => {
    got = config;
    return Promise.resolve();
  });
  await command.exitOverride().parseAsync(args, { from: 'user' });
  expect(got).toEqual({ region: selector, watch: watches });
});

it('what the command has not is refused, all at once, and nothing is run', async () => {
  const refused = run('--watch', '-o', 'json', '--hub', 'a', 'delete', 'x');
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toMatchObject({
    problems: ["--watch: 'delete' has no such flag", "-o: 'delete' has no such flag"],
  });
});
