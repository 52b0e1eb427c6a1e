import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderKeyStore } from '../../src/pki/folder-key-store.ts';
import { FolderTokenStore } from '../../src/pki/folder-token-store.ts';
import { keyStoreSuite } from '../contract/key-store-suite.ts';
import { tokenStoreSuite } from '../contract/token-store-suite.ts';
import { temporaryFolder } from './support.ts';

keyStoreSuite('a folder', async () => {
  const folder = join(await temporaryFolder(), 'hub');
  const source = join(folder, 'agent-client-ca.pem');
  return {
    open: () => new FolderKeyStore(folder),
    damage: () => writeFile(source, 'garbage'),
    remove: () => rm(source),
    source,
  };
});

tokenStoreSuite('a folder', async () => {
  const folder = join(await temporaryFolder(), 'tokens');
  return {
    open: () => new FolderTokenStore(folder),
    damage: (id) => writeFile(join(folder, `${id}.used.json`), 'garbage'),
  };
});
