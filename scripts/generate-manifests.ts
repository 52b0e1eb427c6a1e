// Writes what manifests/ holds of the program's own definitions; with --check it only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { registrationCrd } from '../src/registry/schema/index.ts';
import { hubStateManifests } from './hub-state-manifests.ts';

interface Manifest {
  /** What the objects are made of. */
  readonly source: string;
  readonly objects: readonly object[];
}

const FILES: Readonly<Record<string, Manifest>> = {
  '../manifests/crd/clusterregistrations.yaml': {
    source: 'src/registry/schema',
    objects: [registrationCrd()],
  },
  '../manifests/hub/state.yaml': { source: 'scripts/hub-state-manifests.ts', objects: hubStateManifests() },
};

const isCheck = process.argv.includes('--check');
for (const [path, { source, objects }] of Object.entries(FILES)) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const header = `# Generated from ${source} by \`npm run generate\`. Do not edit.\n`;
  const documents = objects.map((object) =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  const text = header + documents.join('---\n');
  if (!isCheck) {
    await writeFile(file, text);
    continue;
  }
  const present = await readFile(file, 'utf8').catch(() => '');
  if (present !== text) {
    console.error(`${file} is not what ${source} says; run: npm run generate`);
    process.exitCode = 1;
  }
}
