// Writes what manifests/ holds of the schema in src/registry/schema; with --check it only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { registrationCrd } from '../src/registry/schema/index.ts';

const HEADER = '# Generated from src/registry/schema by `npm run generate`. Do not edit.\n';
const FILES = { '../manifests/crd/clusterregistrations.yaml': registrationCrd() };

const isCheck = process.argv.includes('--check');
for (const [path, content] of Object.entries(FILES)) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const text = HEADER + stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
  if (!isCheck) {
    await writeFile(file, text);
    continue;
  }
  const present = await readFile(file, 'utf8').catch(() => '');
  if (present !== text) {
    console.error(`${file} is not what the schema says; run: npm run generate`);
    process.exitCode = 1;
  }
}
