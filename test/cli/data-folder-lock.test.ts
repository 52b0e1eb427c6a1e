/** Two hubs must not share a data folder, and what a killed one leaves must not stop the next. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDataFolder } from '../../src/cli/data-folder-lock.ts';
import { MctunnelError } from '../../src/errors.ts';
import { UsageError } from '../../src/cli/usage-error.ts';

const MODULE = new URL('../../src/cli/data-folder-lock.ts', import.meta.url).href;
const OWN = { pid: 4711, host: 'here' };

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  rmSync(folder, { recursive: true, force: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Another process: `held` or what it was told, in one line. */
async function another(): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const code = `
    import { lockDataFolder } from '${MODULE}';
    await lockDataFolder(process.argv[1], { pid: process.pid, host: 'there' }).then(
      (lock) => { globalThis.lock = lock; console.log('held'); setInterval(() => {}, 1e6); },
      (error) => console.log(error.message),
    );`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code, folder],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(child);
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { child, said: said.trim() };
}

describe('the lock of a data folder', () => {
  it('is refused to a second process, in one line that names the folder and the holder', async () => {
    const first = await another();
    expect(first.said).toBe('held');
    const refused = await lockDataFolder(folder, OWN).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MctunnelError);
    expect((refused as Error).message).toBe(
      `the data folder ${folder} is in use by another hub (process ${first.child.pid} on there); ` +
        'end that one, or give this one a folder of its own with --data-dir',
    );
    expect(readFileSync(join(folder, 'hub.pid'), 'utf8')).toBe(`${first.child.pid} there\n`);
  });

  it('is refused within one process, too', async () => {
    const lock = await lockDataFolder(folder, OWN);
    await expect(lockDataFolder(folder, OWN)).rejects.toThrow(/process 4711 on here/);
    // The attempt must not have ended the lock.
    expect((await another()).said).toContain('process 4711 on here');
    await lock.release();
  });

  it('is free as soon as its holder was killed', async () => {
    const first = await another();
    expect(first.said).toBe('held');
    await kill(first.child);
    expect(readdirSync(folder).sort()).toEqual(['hub.lock', 'hub.pid']);
    // Tried once, not until it works.
    const lock = await lockDataFolder(folder, OWN);
    expect(readFileSync(join(folder, 'hub.pid'), 'utf8')).toBe('4711 here\n');
    await lock.release();
  });

  it('is free after a release, and leaves an empty file that only its owner can open', async () => {
    const lock = await lockDataFolder(folder, OWN);
    await lock.release();
    await lock.release();
    expect(readdirSync(folder)).toEqual(['hub.lock']);
    const { size, mode } = statSync(join(folder, 'hub.lock'));
    expect([size, mode & 0o777]).toEqual([0, 0o600]);
    expect((await another()).said).toBe('held');
  });

  it.each(['', 'nonsense\n', `1 ${'x'.repeat(10)} y\n`])(
    'is told without a name when %j stands where the name should be',
    async (text) => {
      await another();
      writeFileSync(join(folder, 'hub.pid'), text);
      await expect(lockDataFolder(folder, OWN)).rejects.toThrow(
        `the data folder ${folder} is in use by another hub (its process is not known); `,
      );
    },
  );

  it('says what to do about a lock file that is something else', async () => {
    writeFileSync(join(folder, 'hub.lock'), 'x'.repeat(5_000));
    await expect(lockDataFolder(folder, OWN)).rejects.toThrow(/cannot be locked .*move hub\.lock away/);
    expect(readFileSync(join(folder, 'hub.lock'), 'utf8')).toHaveLength(5_000);
  });

  it('says which folder it could not write', async () => {
    const missing = join(folder, 'missing');
    const refused = await lockDataFolder(missing, OWN).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as Error).message).toBe(
      `--data-dir: cannot write ${join(missing, 'hub.lock')}: no such file or folder`,
    );
  });
});
