export { stateFile, type StateFile } from './file.ts';
export { MAX_HISTORY_EVENTS, type StoreEvent } from './history.ts';
export { EmbeddedStore, type Deletion, type EmbeddedStoreOptions, type WriteOptions } from './store.ts';
