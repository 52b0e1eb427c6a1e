import type { Socket } from 'node:net';

/** Something that waits for an answer on a client's connection. */
export interface ConnectionUser {
  /** The connection is gone. */
  connectionClosed(): void;
  /** What came next on the connection is no HTTP. False: it is no part of this request, which is whole. */
  unreadable(reason: string): boolean;
}

interface Connection {
  readonly users: Set<ConnectionUser>;
  /** Called once, when no answer is outstanding any more. */
  onIdle: (() => void) | undefined;
}

/** The answers that are outstanding on each client's connection. Node tells only the first of several pipelined responses of its end. */
export class Connections {
  readonly #connections = new WeakMap<Socket, Connection>();

  /** Whether an answer is outstanding on this connection: then no other may be written past Node's own order. */
  isBusy(socket: Socket): boolean {
    return (this.#connections.get(socket)?.users.size ?? 0) > 0;
  }

  /** The last that came, of those that wait. */
  newest(socket: Socket): ConnectionUser | undefined {
    let newest: ConnectionUser | undefined;
    for (const user of this.#connections.get(socket)?.users ?? []) newest = user;
    return newest;
  }

  enter(socket: Socket, user: ConnectionUser): void {
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      const users = new Set<ConnectionUser>();
      this.#connections.set(socket, (connection = { users, onIdle: undefined }));
      socket.once('close', () => {
        for (const left of users) left.connectionClosed();
      });
    }
    connection.users.add(user);
  }

  leave(socket: Socket, user: ConnectionUser): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.users.delete(user);
    if (connection.onIdle === undefined || connection.users.size > 0) return;
    const { onIdle } = connection;
    connection.onIdle = undefined;
    onIdle();
  }

  /** Calls `onIdle` once the last outstanding answer is out, or the connection gone. False: none is outstanding. */
  whenIdle(socket: Socket, onIdle: () => void): boolean {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.users.size === 0) return false;
    connection.onIdle = onIdle;
    return true;
  }
}
