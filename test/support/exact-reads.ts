import { expect } from '@jest/globals';
import type { FollowReport } from './follow.ts';

/**
 * Every list was the store's state at its version, and every watch told the very next changes after its own, each once and in order: in whatever pieces
 * it was read, the history had no gap.
 */
export function expectExactReads({ informers }: FollowReport): void {
  for (const { reads } of Object.values(informers)) {
    expect(reads.faults).toEqual([]);
    expect(reads.states).toBeGreaterThanOrEqual(1);
    expect(reads.events).toBeGreaterThan(0);
    // Pieces: there were interruptions to see.
    expect(reads.segments).toBeGreaterThanOrEqual(2);
  }
}
