export type * from './batch-transport.ts';
export type * from './frame.ts';
export type * from './types.ts';
