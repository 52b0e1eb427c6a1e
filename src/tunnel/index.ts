export type * from './batch-transport.ts';
export type * from './frame.ts';
export { DEFAULT_LIMITS, DEFAULT_PROCESS_BUDGET_BYTES, MAX_SINGLE_FRAME_BATCH_BYTES } from './limits.ts';
export { MemoryBudget } from './memory-budget.ts';
export { createSession } from './session.ts';
export type * from './session-options.ts';
export type * from './types.ts';
