import { MctunnelError } from '../../errors.ts';
import type {
  ClusterEvent,
  ClusterRegistration,
  ClusterStatus,
  ClusterStore,
  NewRegistration,
} from '../ports.ts';
import { formatDate } from '../../lib/format-date.ts';
import { mergePatch, parseRegistration, REGISTRATION } from '../schema/index.ts';
import type { StateFile } from './file.ts';
import { History, MAX_HISTORY_EVENTS, type StoreEvent } from './history.ts';
import type { StoredChange } from './journal.ts';
import {
  alreadyExists,
  changedRegistration,
  changedStatus,
  checkDeletion,
  checkPatched,
  checkPrecondition,
  isHeldByFinalizer,
  MAX_OBJECT_BYTES,
  newRegistration,
  notFound,
  withoutStatus,
  withStatus,
  type Precondition,
} from './object-rules.ts';

export interface EmbeddedStoreOptions {
  readonly file: StateFile;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  /** A new uid. */
  readonly randomUid: () => string;
  /** A listener that threw; the others were still called. */
  readonly onListenerError: (error: unknown) => void;
  /** Default 4096: how many changes back a watch may begin. */
  readonly maxHistoryEvents?: number;
}

export interface WriteOptions {
  /** `status`: of what is given only the status is taken. Default: everything but the status. */
  readonly subresource?: 'status' | undefined;
  /** Checks everything and answers as if it were done; nothing is stored. */
  readonly dryRun?: boolean;
}

export interface Deletion {
  readonly registration: ClusterRegistration;
  /** False: finalizers hold it, it is only marked. */
  readonly removed: boolean;
}

interface Stored {
  readonly registration: ClusterRegistration;
  readonly json: string;
}

/** What a change makes of an object: its next state, the same object for "nothing to write", or `removed`. */
type Outcome = { readonly next: ClusterRegistration } | { readonly removed: ClusterRegistration };

interface Write {
  readonly name: string;
  readonly version: number;
  /** undefined: a deletion. */
  readonly stored: Stored | undefined;
  readonly event: StoreEvent;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Registrations in one file, for a hub without Kubernetes. What readers see is on disk. */
export class EmbeddedStore implements ClusterStore {
  readonly #options: EmbeddedStoreOptions;
  /** What is on disk. */
  readonly #stored: Map<string, Stored>;
  readonly #history: History;
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #version: number;
  /** Changes on their way to the disk, latest per name: what the next change builds on. `undefined`: deleted. */
  #ahead = new Map<string, ClusterRegistration | undefined>();
  #lastVersion: number;
  #queue: Write[] = [];
  #saving: Promise<void> | undefined;

  private constructor(
    options: EmbeddedStoreOptions,
    version: number,
    stored: Map<string, Stored>,
    changes: readonly StoredChange[],
  ) {
    this.#options = options;
    this.#version = version;
    this.#lastVersion = version;
    this.#stored = stored;
    this.#history = new History(changes[0]?.after ?? version, options.maxHistoryEvents ?? MAX_HISTORY_EVENTS);
    for (const { type, registration, previous, version: at } of changes) {
      this.#history.add({ type, registration, previous }, at, JSON.stringify(registration).length);
    }
  }

  /** Rejects with MctunnelError INTERNAL when the file cannot be read; it is left as it is. */
  static async open(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
    const state = await options.file.load();
    const stored = new Map<string, Stored>();
    for (const registration of state?.items ?? []) {
      stored.set(registration.metadata.name, { registration, json: JSON.stringify(registration) });
    }
    return new EmbeddedStore(options, state?.resourceVersion ?? 1, stored, state?.changes ?? []);
  }

  peek(name: string): ClusterRegistration | undefined {
    return this.#stored.get(name)?.registration;
  }

  get(name: string): Promise<ClusterRegistration> {
    const registration = this.peek(name);
    return registration === undefined ? Promise.reject(notFound(name)) : Promise.resolve(registration);
  }

  list(): Promise<{ readonly items: readonly ClusterRegistration[]; readonly resourceVersion: string }> {
    return Promise.resolve(this.snapshot());
  }

  /** All registrations, by name, and the version that this is. */
  snapshot(): { readonly items: readonly ClusterRegistration[]; readonly resourceVersion: string } {
    const items = [...this.#stored.values()].map((stored) => stored.registration);
    items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return { items, resourceVersion: String(this.#version) };
  }

  /** The changes after a version, oldest first; undefined when they are no longer known (410 Expired). */
  since(version: number): readonly StoreEvent[] | undefined {
    return this.#history.since(version);
  }

  get resourceVersion(): number {
    return this.#version;
  }

  /** The oldest version that `since` can answer. */
  get oldestResourceVersion(): number {
    return this.#history.start;
  }

  subscribe(listener: (event: ClusterEvent & StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  create(registration: NewRegistration): Promise<ClusterRegistration> {
    const { name, labels, annotations, spec } = registration;
    return this.createObject({
      metadata: { name, ...(labels && { labels }), ...(annotations && { annotations }) },
      ...(spec && { spec }),
    });
  }

  async delete(name: string, precondition: { readonly uid?: string } = {}): Promise<void> {
    await this.deleteObject(name, precondition);
  }

  patch(name: string, patch: unknown): Promise<ClusterRegistration> {
    return this.patchObject(name, (current) => mergePatch(current, patch));
  }

  async updateStatus(
    name: string,
    change: (status: ClusterStatus, registration: ClusterRegistration) => ClusterStatus | undefined,
  ): Promise<ClusterRegistration> {
    return this.#change(name, (current) => {
      const status = change(current.status, current);
      if (status === undefined) return { next: current };
      const parsed = parseRegistration({ ...current, status });
      return { next: withStatus(current, parsed.status) };
    });
  }

  /** Creates from a manifest. Throws BAD_REQUEST, INVALID, ALREADY_EXISTS. */
  createObject(manifest: unknown, options: WriteOptions = {}): Promise<ClusterRegistration> {
    return this.#run(() => {
      const suffix = () => this.#options.randomUid().replaceAll('-', '').slice(0, 5);
      const parsed = parseRegistration(withoutStatus(manifest), (prefix) => `${prefix}${suffix()}`);
      const { name } = parsed.metadata;
      const present = this.#latest(name);
      if (present !== undefined) throw alreadyExists(present);
      const creationTimestamp = this.#timestamp();
      const next = newRegistration(parsed, { uid: this.#options.randomUid(), creationTimestamp });
      return this.#write(name, undefined, { next }, options);
    });
  }

  /** Replaces labels, annotations, finalizers, owners and spec, or the status. Throws NOT_FOUND, BAD_REQUEST, INVALID, CONFLICT. */
  replaceObject(name: string, manifest: unknown, options: WriteOptions = {}): Promise<ClusterRegistration> {
    return this.#change(name, (current) => this.#outcome(current, manifest, options), options);
  }

  /** The same with what `patch` makes of the whole object; another resourceVersion in that is a precondition. What `patch` throws passes. */
  patchObject(
    name: string,
    patch: (current: ClusterRegistration) => unknown,
    options: WriteOptions = {},
  ): Promise<ClusterRegistration> {
    return this.#change(
      name,
      (current) => {
        const patched = patch(current);
        checkPatched(current, patched);
        return this.#outcome(current, patched, options);
      },
      options,
    );
  }

  /** Throws NOT_FOUND, CONFLICT. */
  async deleteObject(name: string, options: WriteOptions & Precondition = {}): Promise<Deletion> {
    let removed = false;
    const registration = await this.#change(
      name,
      (current) => {
        checkPrecondition(current, options);
        removed = !isHeldByFinalizer(current);
        if (removed) return { removed: current };
        if (current.metadata.deletionTimestamp !== undefined) return { next: current };
        const generation = current.metadata.generation + 1;
        const deletionTimestamp = this.#timestamp();
        // Nobody waits for a graceful end: there is none.
        const end = { generation, deletionTimestamp, deletionGracePeriodSeconds: 0 };
        return { next: { ...current, metadata: { ...current.metadata, ...end } } };
      },
      options,
    );
    return { registration, removed };
  }

  /** Waits until everything accepted so far is on disk. */
  async close(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
  }

  #timestamp(): string {
    return formatDate(new Date(this.#options.now()));
  }

  #outcome(current: ClusterRegistration, manifest: unknown, { subresource }: WriteOptions): Outcome {
    if (subresource === 'status') return { next: changedStatus(current, manifest) };
    const changed = changedRegistration(current, parseRegistration(withoutStatus(manifest)));
    checkDeletion(current, manifest);
    return this.#settle(changed);
  }

  /** The last finalizer gone from an object that was to be deleted: now it goes. */
  #settle(next: ClusterRegistration): Outcome {
    const isDue = next.metadata.deletionTimestamp !== undefined && !isHeldByFinalizer(next);
    return isDue ? { removed: next } : { next };
  }

  /** As the next change sees it: changes that are still on their way to the disk included. */
  #latest(name: string): ClusterRegistration | undefined {
    return this.#ahead.has(name) ? this.#ahead.get(name) : this.peek(name);
  }

  #change(
    name: string,
    change: (current: ClusterRegistration) => Outcome,
    options: WriteOptions = {},
  ): Promise<ClusterRegistration> {
    return this.#run(() => {
      const current = this.#latest(name);
      if (current === undefined) throw notFound(name);
      return this.#write(name, current, change(current), options);
    });
  }

  #run(write: () => Promise<ClusterRegistration>): Promise<ClusterRegistration> {
    try {
      return write();
    } catch (error) {
      return Promise.reject(MctunnelError.from(error));
    }
  }

  #write(
    name: string,
    current: ClusterRegistration | undefined,
    outcome: Outcome,
    options: WriteOptions,
  ): Promise<ClusterRegistration> {
    const isRemoval = 'removed' in outcome;
    const state = isRemoval ? outcome.removed : outcome.next;
    if (!isRemoval && state === current) return this.#settled(name, state);
    if (options.dryRun === true) return Promise.resolve(state);
    const version = this.#lastVersion + 1;
    const resourceVersion = String(version);
    const registration = { ...state, metadata: { ...state.metadata, resourceVersion } };
    const json = JSON.stringify(registration);
    if (Buffer.byteLength(json) > MAX_OBJECT_BYTES) {
      const words = `${REGISTRATION.kind} "${name}" is larger than ${MAX_OBJECT_BYTES} bytes`;
      throw new MctunnelError('TOO_LARGE', words);
    }
    this.#lastVersion = version;
    this.#ahead.set(name, isRemoval ? undefined : registration);
    const type = isRemoval ? 'deleted' : current === undefined ? 'added' : 'modified';
    const event: StoreEvent = { type, registration, previous: current };
    const stored = isRemoval ? undefined : { registration, json };
    return new Promise((resolve, reject) => {
      this.#queue.push({ name, version, stored, event, resolve: () => resolve(registration), reject });
      this.#saving ??= this.#save();
    });
  }

  /** Nothing to write: but an answer must not tell of a state that is not on disk yet. */
  async #settled(name: string, state: ClusterRegistration): Promise<ClusterRegistration> {
    while (this.#ahead.has(name) && this.#saving !== undefined) await this.#saving;
    const isOnDisk = Number(state.metadata.resourceVersion) <= this.#version;
    if (!isOnDisk) throw new MctunnelError('INTERNAL', 'the registrations could not be saved');
    return state;
  }

  /** Writes what is queued, all in one file write, until the queue is empty. */
  async #save(): Promise<void> {
    // Gathers what this turn of the event loop still brings.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const writes = this.#queue;
      this.#queue = [];
      try {
        const version = writes.at(-1)?.version ?? this.#version;
        await this.#options.file.save(version, this.#textsWith(writes), this.#changesOf(writes));
      } catch (error) {
        this.#fail(writes, error);
        continue;
      }
      this.#commit(writes);
    }
    this.#saving = undefined;
  }

  #textsWith(writes: readonly Write[]): Iterable<string> {
    const texts = new Map([...this.#stored].map(([name, stored]) => [name, stored.json]));
    for (const { name, stored } of writes) {
      if (stored === undefined) texts.delete(name);
      else texts.set(name, stored.json);
    }
    return texts.values();
  }

  #changesOf(writes: readonly Write[]): StoredChange[] {
    let after = this.#version;
    return writes.map(({ event, version }) => {
      const change = { ...event, version, after };
      after = version;
      return change;
    });
  }

  #commit(writes: readonly Write[]): void {
    for (const { name, version, stored, event, resolve } of writes) {
      if (stored === undefined) this.#stored.delete(name);
      else this.#stored.set(name, stored);
      const latest = this.#ahead.get(name);
      if (latest === stored?.registration) this.#ahead.delete(name);
      this.#version = version;
      this.#history.add(event, version, stored?.json.length ?? 0);
      this.#tell(event);
      resolve();
    }
  }

  /** Nothing of these was stored, and what came after was built on them: all of it fails. */
  #fail(writes: readonly Write[], error: unknown): void {
    const lost = [...writes, ...this.#queue];
    this.#queue = [];
    this.#ahead = new Map();
    const words = 'the registrations could not be saved';
    const failure = MctunnelError.from(error, 'INTERNAL', words);
    for (const write of lost) write.reject(failure);
  }

  #tell(event: StoreEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#options.onListenerError(error);
      }
    }
  }
}
