const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a folder, not a file',
};

/** `code` of a Node or undici error, `ENOENT`; empty when there is none. */
export function codeOf(error: unknown): string {
  return field(error, 'code') ?? '';
}

/** `path` of a Node file system error. */
export function pathOf(error: unknown): string | undefined {
  return field(error, 'path');
}

/** A system error in words. */
export function reasonOf(error: unknown): string {
  return REASONS[codeOf(error)] ?? firstLine(error);
}

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  const message = field(error, 'message') ?? String(error);
  return message.trim().split('\n', 1)[0] ?? '';
}

function field(error: unknown, name: 'code' | 'path' | 'message'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value = (error as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : undefined;
}
