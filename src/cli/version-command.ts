import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { GATEWAY_API, HUB_VERSION_HEADER } from './paths.ts';
import { withSettings } from './settings-command.ts';
import { HubClient, hubClientSettings } from './hub-client.ts';
import { printable } from './table.ts';

/** The version in package.json, both beside `src/` and beside `dist/`. */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

export function versionCommand(): Command {
  const command = new Command('version').description(
    "print this program's version, and the hub's when it can be reached",
  );
  return withSettings(command, hubClientSettings, async (config) => {
    process.stdout.write(`Client: v${packageVersion()} (Node ${process.version})\n`);
    let line: string;
    try {
      const client = await HubClient.create(config);
      try {
        const version = await client.header(GATEWAY_API, HUB_VERSION_HEADER);
        line = `Hub:    ${printable(version ?? 'unknown version')} at ${client.context.server}`;
      } finally {
        await client.close();
      }
    } catch (error) {
      line = `Hub:    not reachable: ${error instanceof Error ? error.message : String(error)}`;
    }
    process.stdout.write(`${line}\n`);
  });
}
