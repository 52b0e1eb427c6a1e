import type { ClusterRegistration } from '../ports.ts';

/** One change, with what was there before it (a selector may have matched that). */
export interface StoreEvent {
  readonly type: 'added' | 'modified' | 'deleted';
  /** Of a deletion: the last state, with the resourceVersion of the deletion. */
  readonly registration: ClusterRegistration;
  readonly previous: ClusterRegistration | undefined;
}

/** A watch may begin this many changes back; further back it is told 410 Expired. */
export const MAX_HISTORY_EVENTS = 4096;
/** And the changes kept hold at most about this many bytes of JSON. */
const MAX_HISTORY_BYTES = 32 * 1024 * 1024;

interface Entry {
  readonly event: StoreEvent;
  readonly version: number;
  readonly bytes: number;
}

/** The window of latest changes, from which watches resume. */
export class History {
  #entries: Entry[] = [];
  #bytes = 0;
  /** Every change after this version is in `#entries`. */
  #start: number;
  readonly #maxEvents: number;

  constructor(start: number, maxEvents: number) {
    this.#start = start;
    this.#maxEvents = maxEvents;
  }

  add(event: StoreEvent, version: number, bytes: number): void {
    this.#entries.push({ event, version, bytes });
    this.#bytes += bytes;
    let dropped = 0;
    while (this.#entries.length - dropped > this.#maxEvents || this.#bytes > MAX_HISTORY_BYTES) {
      const oldest = this.#entries[dropped];
      if (oldest === undefined) break;
      this.#bytes -= oldest.bytes;
      this.#start = oldest.version;
      dropped += 1;
    }
    if (dropped > 0) this.#entries = this.#entries.slice(dropped);
  }

  /** The oldest version from which `since` has an answer. */
  get start(): number {
    return this.#start;
  }

  /** The changes after `version`, oldest first; undefined when some of them are no longer known. */
  since(version: number): StoreEvent[] | undefined {
    if (version < this.#start) return undefined;
    return this.#entries.filter((entry) => entry.version > version).map((entry) => entry.event);
  }
}
