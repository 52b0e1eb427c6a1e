import { Command, CommanderError } from 'commander';
import { MctunnelError } from '../errors.ts';
import { agentCommand } from './agent-command.ts';
import { caCommand } from './ca-command.ts';
import { clustersCommand } from './clusters-command.ts';
import { healthCommand } from './health-command.ts';
import { hubCommand } from './hub-command.ts';
import { kubeconfigCommand } from './kubeconfig-command.ts';
import { packageVersion } from './package-version.ts';
import { tokenCommand } from './token-command.ts';
import { UsageError } from './usage-error.ts';
import { versionCommand } from './version-command.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function createProgram(): Command {
  const program = new Command('mctunnel')
    .description(
      "Every Kubernetes cluster's API, by name, under the hub's own RBAC, through tunnels that the clusters dial out",
    )
    .version(packageVersion(), '--version', 'print the version')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .addHelpText(
      'after',
      '\nExit status: 0 done; 1 it did not work; 2 the command line or the configuration is wrong, or a file that it names.',
    );
  for (const command of [
    hubCommand(),
    agentCommand(),
    tokenCommand(),
    clustersCommand(),
    healthCommand(),
    caCommand(),
    kubeconfigCommand(),
    versionCommand(),
    helpCommand(program),
  ]) {
    program.addCommand(command);
  }
  strict(program);
  return program;
}

/** Commander's own says of an unknown command that one is missing, and knows none of a command's. */
function helpCommand(program: Command): Command {
  return new Command('help')
    .description('print the help of the program, or of a command')
    .argument('[COMMAND...]')
    .action((names: readonly string[]) => {
      let command = program;
      for (const name of names) {
        const next = command.commands.find((child) => child.name() === name);
        if (next === undefined) throw new UsageError([`unknown command '${name}' (see mctunnel --help)`]);
        command = next;
      }
      command.outputHelp();
    });
}

/** Every command throws instead of exiting, and an operand too many is an error. */
function strict(command: Command): void {
  command
    .enablePositionalOptions()
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined });
  for (const child of command.commands) strict(child);
}

/** Puts an error on standard error, a line per problem, and gives the exit status. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version were asked for, and are on standard output already.
    if (error.exitCode === 0) return 0;
    const hint =
      error.code === 'commander.help'
        ? 'a command is missing'
        : error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
    process.stderr.write(`mctunnel: ${hint} (see mctunnel --help)\n`);
    return EXIT_USAGE;
  }
  if (error instanceof UsageError) {
    process.stderr.write(error.problems.map((problem) => `mctunnel: ${problem}\n`).join(''));
    return EXIT_USAGE;
  }
  if (error instanceof MctunnelError) {
    process.stderr.write(
      error.message
        .split('\n')
        .map((line) => `mctunnel: ${line}\n`)
        .join(''),
    );
    return EXIT_FAILED;
  }
  process.stderr.write(
    `mctunnel: internal error, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT_FAILED;
}

/** Runs the command that the process was started with. Never rejects: errors are told, and become the exit status. */
export async function runProgram(): Promise<void> {
  // A reader that closes our pipe early (| head) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : EXIT_FAILED);
  });
  try {
    await createProgram().parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}
