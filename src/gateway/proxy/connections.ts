import type { Socket } from 'node:net';

/** Something that waits for an answer on a client's connection. */
export interface ConnectionUser {
  /** The connection is gone. */
  connectionClosed(): void;
  /** What came next on the connection is no HTTP. False: it is no part of this request, which is whole. */
  unreadable(reason: string): boolean;
}

/** The answers that are outstanding on each client's connection. Node tells only the first of several pipelined responses of its end. */
export class Connections {
  readonly #users = new WeakMap<Socket, Set<ConnectionUser>>();

  /** Whether an answer is outstanding on this connection: then no other may be written past Node's own order. */
  isBusy(socket: Socket): boolean {
    return (this.#users.get(socket)?.size ?? 0) > 0;
  }

  /** The last that came, of those that wait. */
  newest(socket: Socket): ConnectionUser | undefined {
    let newest: ConnectionUser | undefined;
    for (const user of this.#users.get(socket) ?? []) newest = user;
    return newest;
  }

  enter(socket: Socket, user: ConnectionUser): void {
    let users = this.#users.get(socket);
    if (users === undefined) {
      const added = new Set<ConnectionUser>();
      this.#users.set(socket, (users = added));
      socket.once('close', () => {
        for (const left of added) left.connectionClosed();
      });
    }
    users.add(user);
  }

  leave(socket: Socket, user: ConnectionUser): void {
    this.#users.get(socket)?.delete(user);
  }
}
