import { Command } from 'commander';
import { packageVersion } from './package-version.ts';
import { GATEWAY_API, HUB_VERSION_HEADER } from './paths.ts';
import { withSettings } from './settings-command.ts';
import { HubClient, hubClientSettings, type HubClientConfig } from './hub-client.ts';
import { printable } from './table.ts';
import { UsageError } from './usage-error.ts';

export function versionCommand(): Command {
  const command = new Command('version').description(
    "print this program's version, and the hub's when it can be reached",
  );
  return withSettings(command, hubClientSettings, async (config) => {
    const hub = await describeHub(config);
    process.stdout.write(`Client: v${packageVersion()} (Node ${process.version})\nHub:    ${hub}\n`);
  });
}

/** A hub that cannot be reached, or that nothing names, is an answer as well. Throws UsageError when the flags name one that there is not. */
async function describeHub(config: HubClientConfig): Promise<string> {
  const isNamed = config.kubeconfig !== undefined || config.context !== undefined;
  let client: HubClient | undefined;
  try {
    client = await HubClient.create(config);
    const version = await client.header(GATEWAY_API, HUB_VERSION_HEADER);
    return `${printable(version ?? 'unknown version')} at ${client.context.server}`;
  } catch (error) {
    if (isNamed && error instanceof UsageError) throw error;
    return `not reachable: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    await client?.close();
  }
}
