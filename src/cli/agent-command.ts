import { Command } from 'commander';
import { agentSettings } from '../config/index.ts';
import { runAgent } from './agent.ts';
import { agentRbacCommand } from './agent-rbac-command.ts';
import { withSettings } from './settings-command.ts';

export function agentCommand(): Command {
  const command = new Command('agent').description(
    'dial a hub from a managed cluster, and serve what it sends at the API server here',
  );
  return withSettings(command, agentSettings, runAgent).addCommand(agentRbacCommand());
}
