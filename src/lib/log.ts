type Write = (fields: object, message: string) => void;

/** What a part needs of a logger (pino's shape). Fields named `err` hold an Error. Never pass a credential. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

const ignore: Write = () => undefined;

/** For tests, and where a caller gives none. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
