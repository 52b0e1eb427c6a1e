export { stateFile, type StateFile } from './file.ts';
export type { StoreEvent } from './history.ts';
export { EmbeddedStore, type EmbeddedStoreOptions } from './store.ts';
