import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { fileProblem } from '../../lib/files.ts';
import { silentLog, type Log } from '../../lib/log.ts';
import { watchFiles } from '../../lib/watched-files.ts';
import { MctunnelError } from '../../errors.ts';
import type { Authenticator, Caller, RequestFacts } from '../ports.ts';
import { authorizationLine, bearerToken } from './bearer.ts';
import { parseStaticTokens, type StaticToken } from './static-token-file.ts';

export interface StaticTokenAuthenticator extends Authenticator {
  /** Reads the file now (it is also watched). */
  reload(): Promise<void>;
  close(): void;
}

export interface StaticTokenFileOptions {
  readonly path: string;
  readonly log?: Log;
  readonly clock?: Clock;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * Direct callers with a token of a static token file. The file is watched; a change that cannot be read or parsed keeps the last good
 * tokens and is logged. Throws MctunnelError INVALID when the first load fails.
 */
export async function openStaticTokenFile(
  options: StaticTokenFileOptions,
): Promise<StaticTokenAuthenticator> {
  const log = options.log ?? silentLog;
  const { path } = options;
  const tokens = new StaticTokens([]);
  const words = (error: unknown): string =>
    error instanceof MctunnelError ? error.message : fileProblem('read', path, error);
  try {
    const file = await watchFiles({
      paths: [path],
      maxBytes: MAX_FILE_BYTES,
      parse: ([content]) => parseStaticTokens(content?.toString('utf8') ?? '', path),
      onChange: (list) => {
        tokens.replace(list);
        log.info({ path, tokens: list.length }, 'static tokens reloaded');
      },
      onError: (problem) =>
        log.error({ path, problem: words(problem) }, 'static tokens not reloaded, the last good ones stay'),
      ...(options.clock !== undefined && { clock: options.clock }),
    });
    tokens.replace(file.current);
    return {
      authenticate: (request) => tokens.authenticate(request),
      reload: () => file.reload(),
      close: () => file.close(),
    };
  } catch (error) {
    throw error instanceof MctunnelError
      ? error
      : new MctunnelError('INVALID', words(error), { cause: error });
  }
}

/** Direct callers with one of these tokens. */
class StaticTokens implements Authenticator {
  readonly #secret = randomBytes(32);
  /** By HMAC of the token: a look-up whose time tells nothing about the tokens that are there. */
  #callers: ReadonlyMap<string, Caller> = new Map();
  /** The last token of each connection; void when the tokens were replaced. */
  #last = new WeakMap<object, { readonly line: string; readonly caller: Caller }>();

  constructor(tokens: readonly StaticToken[]) {
    this.replace(tokens);
  }

  replace(tokens: readonly StaticToken[]): void {
    this.#callers = new Map(
      tokens.map(({ token, identity }) => [this.#keyOf(token), { method: 'token', identity } as const]),
    );
    this.#last = new WeakMap();
  }

  authenticate(request: RequestFacts): Caller | undefined {
    const line = authorizationLine(request.headers);
    if (line === undefined) return undefined;
    const last = this.#last.get(request.connection);
    if (last?.line === line) return last.caller;
    const token = bearerToken(line);
    if (token === undefined) return undefined;
    const caller = this.#callers.get(this.#keyOf(token));
    if (caller !== undefined) this.#last.set(request.connection, { line, caller });
    return caller;
  }

  #keyOf(token: string): string {
    return createHmac('sha256', this.#secret).update(token).digest('base64');
  }
}
