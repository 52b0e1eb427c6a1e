export type * from './options.ts';
export type * from './ports.ts';
