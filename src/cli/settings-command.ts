import { Option, type Command } from 'commander';
import {
  flagOf,
  resolveSettings,
  values,
  variablesOf,
  type Resolved,
  type Setting,
  type Settings,
} from '../config/index.ts';
import { readOnce } from '../lib/bounded-file.ts';
import { fileProblem } from '../lib/files.ts';
import { UsageError } from './usage-error.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Gives `command` a flag for each setting (and `--config`), and runs `run` with the resolved configuration.
 * Rejects with UsageError (all problems at once) before anything has been done.
 */
export function withSettings<S extends Settings>(
  command: Command,
  settings: S,
  run: (config: Resolved<S>, operands: readonly string[]) => Promise<void>,
): Command {
  for (const [key, spec] of Object.entries(settings)) {
    const notes = [
      ...(spec.default === undefined || spec.placeholder === undefined ? [] : [`default: ${spec.default}`]),
      `env: ${variablesOf(key, spec).join(', ')}`,
    ];
    command.addOption(optionOf(flagOf(key), spec, `${spec.description} (${notes.join('; ')})`));
    if (spec.short !== undefined) command.addOption(shortOption(spec.short, key, spec));
  }
  command.option('--config <FILE>', 'YAML file whose keys are the flags without their dashes');
  return command.action(async () => {
    const { config: configPath, ...flags } = withoutShort(settings, givenFlags(command));
    const resolution = resolveSettings(settings, {
      flags,
      environment: process.env,
      file:
        typeof configPath === 'string' ? { path: configPath, text: await readConfig(configPath) } : undefined,
    });
    if (!resolution.ok) throw new UsageError(resolution.problems);
    await run(resolution.config, command.args);
  });
}

function optionOf(flag: string, { placeholder }: Setting, description: string): Option {
  return new Option(placeholder === undefined ? flag : `${flag} <${placeholder}>`, description);
}

/** As with kubectl, `-o=wide` is `-o wide` and `-owide`. */
function shortOption(short: string, key: string, spec: Setting): Option {
  const option = optionOf(`-${short}`, spec, `short for ${flagOf(key)}`);
  return spec.placeholder === undefined
    ? option
    : option.argParser((value: string) => value.replace(/^=/, ''));
}

function withoutShort(
  settings: Settings,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const flags = { ...given };
  for (const [key, { short }] of Object.entries(settings)) {
    if (short !== undefined && flags[short] !== undefined) flags[key] = flags[short];
  }
  return flags;
}

/**
 * The flags of `command`, also those that stand before its name: `clusters --kubeconfig FILE delete NAME` speaks of that hub. Throws
 * UsageError where one stands there that `command` does not have: left out in silence, it would be something else that is done.
 */
function givenFlags(command: Command): Record<string, unknown> {
  const own = new Set(command.options.map((option) => option.attributeName()));
  const flags: Record<string, unknown> = { ...command.opts() };
  const problems: string[] = [];
  for (let above = command.parent; above !== null; above = above.parent) {
    for (const option of above.options) {
      const key = option.attributeName();
      if (above.getOptionValueSource(key) !== 'cli') continue;
      if (own.has(key)) flags[key] ??= above.getOptionValue(key);
      else problems.push(`${option.long ?? option.short ?? key}: '${command.name()}' has no such flag`);
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return flags;
}

/** `values.clusterName` for an operand. Throws UsageError. */
export function clusterNameOperand(name: string): string {
  const parsed = values.clusterName.safeParse(name);
  if (!parsed.success) {
    throw new UsageError([
      `NAME: ${JSON.stringify(name)} is not valid; expected ${parsed.error.issues[0]?.message ?? ''}`,
    ]);
  }
  return parsed.data;
}

async function readConfig(path: string): Promise<string> {
  try {
    return (await readOnce(path, MAX_CONFIG_BYTES)).toString('utf8');
  } catch (error) {
    throw new UsageError([`--config: ${fileProblem('read', path, error)}`]);
  }
}
