import { makeFolder } from '../lib/files.ts';
import { fileUsage } from './usage-error.ts';

/** Makes the folder of `--data-dir` when it is not there: before anything is contacted that counts on it. Throws UsageError. */
export async function makeDataFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (error) {
    throw fileUsage('--data-dir', path, error, 'make the folder');
  }
}
