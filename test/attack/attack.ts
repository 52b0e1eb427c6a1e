/**
 * Attacks on the program, each run twice: on the program as it is, which must repel it, and on one that lacks the guard in question, where it
 * must succeed. So a test that could not fail is found by itself, and no switch that weakens the program has to exist.
 */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// Every run loads the whole program anew, which took more than half a minute on a machine with much other work.
jest.setTimeout(120_000);

/** What is replaced now. */
const weakenedFiles = new Set<string>();
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A place in the program's sources that holds an attack off, and what stands there in a program that does not. */
export interface Guard {
  /** From the root of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly guard: string;
  /** Empty: the guard is simply gone. */
  readonly instead: string;
}

export const without = (file: string, guard: string, instead = ''): Guard => ({ file, guard, instead });

/** What the attacker got, in words; undefined: nothing. */
export type Loot = string | undefined;
export type End = () => unknown;

/**
 * Imports the program (and what of the harness imports it) by `await import()`, never at the top of the file: each run has modules of
 * its own. `after` is called when the run is over, the last first.
 */
export type Attempt = (after: (end: End) => void) => Promise<Loot>;

export interface Attack {
  /** Lines of defence: the attack must succeed when all of them are gone. Left out only where no part of the program holds it off. */
  readonly weakened?: readonly [Guard, ...Guard[]];
  /** Each guard alone suffices, and each is shown to. */
  readonly isHeldOffByEach?: boolean;
  /** Not guards: constants that are made small in every run, so that nobody waits for minutes or sends gigabytes. */
  readonly tuned?: readonly Guard[];
  readonly attempt: Attempt;
}

/** One attack: repelled by the program, and by none of the weakened ones. */
export function attack(
  what: string,
  { weakened, isHeldOffByEach = false, tuned = [], attempt }: Attack,
): void {
  describe(what, () => {
    const ends: End[] = [];
    const folders: string[] = [];
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
      for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
      for (const path of weakenedFiles) jest.unstable_unmockModule(path);
      weakenedFiles.clear();
    });
    const run = (guards: readonly Guard[]): Promise<Loot> => {
      jest.resetModules();
      for (const [file, own] of byFile([...tuned, ...guards])) folders.push(weaken(file, own));
      return attempt((end) => ends.push(end));
    };

    it('gets nothing', async () => {
      expect(await run([])).toBeUndefined();
    });
    if (weakened === undefined) return;
    it(`gets what it wants without ${weakened.map(({ file, guard }) => `${file}: ${shortened(guard)}`).join(', nor ')}`, async () => {
      expect(await run(weakened)).toEqual(expect.any(String));
    });
    if (!isHeldOffByEach) return;
    it.each(weakened.map(({ guard }) => [shortened(guard), guard] as const))(
      'gets nothing where only this is left: %s',
      async (_what, left) => {
        expect(await run(weakened.filter(({ guard }) => guard !== left))).toBeUndefined();
      },
    );
  });
}

function byFile(guards: readonly Guard[]): ReadonlyMap<string, readonly Guard[]> {
  return Map.groupBy(guards, ({ file }) => file);
}

/** Whoever imports `file` from now on gets one without the guards. Returns a folder to remove afterwards. */
function weaken(file: string, guards: readonly Guard[]): string {
  const path = resolve(ROOT, file);
  let text = readFileSync(path, 'utf8');
  for (const { guard, instead } of guards) {
    const parts = text.split(guard);
    if (parts.length !== 2) {
      throw new Error(
        `${file} holds this guard ${parts.length - 1} times; say where it is now, so that the attack still shows what it is for: ${guard}`,
      );
    }
    text = parts.join(instead);
  }
  weakenedFiles.add(path);
  const folder = mkdtempSync(join(tmpdir(), 'mctunnel-weakened-'));
  symlinkSync(resolve(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const weakened = join(folder, basename(path));
  writeFileSync(
    weakened,
    text.replace(/(\bfrom |\bimport\()'(\.[^']+)'/g, (_all, before: string, specifier: string) => {
      return `${before}'${resolve(dirname(path), specifier)}'`;
    }),
  );
  jest.unstable_mockModule(path, async () => ({ ...((await import(weakened)) as object) }));
  return folder;
}

function shortened(guard: string): string {
  const line = guard.trim().replaceAll(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
