import { readFileSync } from 'node:fs';

/** The version in package.json, both beside `src/` and beside `dist/`. */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** What API servers are told who asks. */
export function userAgent(program: 'mctunnel' | 'mctunnel-hub' | 'mctunnel-agent'): string {
  return `${program}/v${packageVersion()}`;
}
