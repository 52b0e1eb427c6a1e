import { Command } from 'commander';
import { hubSettings } from '../config/index.ts';
import { runHub } from './hub.ts';
import { withSettings } from './settings-command.ts';

export function hubCommand(): Command {
  const command = new Command('hub').description(
    'serve the clusters: as an aggregated API server of a hub cluster (--kubeconfig, or in-cluster), or standalone',
  );
  return withSettings(command, hubSettings, runHub);
}
