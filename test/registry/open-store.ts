import { randomUUID } from 'node:crypto';
import {
  EmbeddedStore,
  type EmbeddedStoreOptions,
  type StateFile,
} from '../../src/registry/embedded/index.ts';

/** A disk that forgets. */
export function memoryFile(): StateFile {
  return { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
}

export function openStore(
  file: StateFile = memoryFile(),
  options: Partial<EmbeddedStoreOptions> = {},
): Promise<EmbeddedStore> {
  return EmbeddedStore.open({
    file,
    now: Date.now,
    randomUid: randomUUID,
    onListenerError: (error) => {
      throw error;
    },
    ...options,
  });
}
