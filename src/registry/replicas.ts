/** A hub replica that is alive. */
export interface Replica {
  readonly name: string;
  /** `host:port` of its tunnel port, as the other replicas reach it; undefined when it has not said so. */
  readonly address: string | undefined;
}

/** What happened: others came or went, or this replica was taken for dead and is alive again. */
export type ReplicaChange = 'others' | 'returned';

/** Which hub replicas there are. */
export interface Replicas {
  /** This one's name. */
  readonly own: string;
  /** The others that are alive, in the order of their names. */
  readonly others: readonly Replica[];
  /** It is dead, or was ended: not one that has only just begun. */
  isGone(replica: string): boolean;
  subscribe(listener: (change: ReplicaChange) => void): void;
}
