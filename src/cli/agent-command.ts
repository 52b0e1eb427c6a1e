import { Command } from 'commander';
import { agentSettings } from '../config/index.ts';
import { collectBuffersEarly } from './buffer-garbage.ts';
import { agentRbacCommand } from './agent-rbac-command.ts';
import { withSettings } from './settings-command.ts';

export function agentCommand(): Command {
  const command = new Command('agent').description(
    'dial a hub from a managed cluster, and serve what it sends at the API server here',
  );
  // Loaded when needed: the other commands start without the agent's libraries.
  withSettings(command, agentSettings, async (config) => {
    collectBuffersEarly();
    const { runAgent } = await import('./agent.ts');
    await runAgent(config);
  });
  return command.addCommand(agentRbacCommand());
}
