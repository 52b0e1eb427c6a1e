import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** What somebody types to run kubectl: its name when `path` (the variable) leads to one, else `built`, the one that the demo itself runs. */
export function kubectlCommand(path: string, built: string): string {
  const isThere = path.split(delimiter).some((folder) => {
    // What lies in the current folder is there in that folder only.
    if (!isAbsolute(folder)) return false;
    const file = join(folder, 'kubectl');
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
  return isThere ? 'kubectl' : built;
}
