import { Command } from 'commander';
import { hubSettings } from '../config/index.ts';
import { collectBuffersEarly } from './buffer-garbage.ts';
import { withSettings } from './settings-command.ts';

export function hubCommand(): Command {
  const command = new Command('hub').description(
    'serve the clusters: as an aggregated API server of a hub cluster (--kubeconfig, or in-cluster), or standalone',
  );
  // Loaded when needed: the other commands start without the server's libraries.
  return withSettings(command, hubSettings, async (config) => {
    collectBuffersEarly();
    const { runHub } = await import('./hub.ts');
    await runHub(config);
  });
}
