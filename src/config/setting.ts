import type { z } from 'zod';

/** One setting of a command: a flag, an environment variable and a key of the `--config` file at once. */
export interface Setting<T = unknown> {
  /** What `--help` says; the default is added to it. */
  readonly description: string;
  /** The value's name in `--help`, such as `HOST:PORT`; undefined makes it a switch. */
  readonly placeholder: string | undefined;
  /** One letter: `o` makes `-o` short for the flag. */
  readonly short: string | undefined;
  /** Parses the text of a flag or variable, or the value of a YAML key. Its messages say what would be right. */
  readonly schema: z.ZodType<T>;
  /** As the user would write it; undefined: none. */
  readonly default: string | undefined;
  /** Instead of the one that is derived from the key: another command has a setting of that name that means something else. */
  readonly variable: string | undefined;
  /** Further environment variables that are read after `MCTUNNEL_…`. */
  readonly alsoEnvironment: readonly string[];
  /** Never shown in an error or a log. */
  readonly isSecret: boolean;
}

/** Keys are camelCase; flags and variables are derived from them. */
export type Settings = Readonly<Record<string, Setting>>;

/** The frozen object that a command gets: every key of its settings, undefined where nothing was given and there is no default. */
export type Resolved<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** Fills in the parts of a setting that most do not need. */
export function setting<T>(
  schema: z.ZodType<T>,
  description: string,
  rest: Partial<Omit<Setting, 'schema' | 'description'>> = {},
): Setting<T> {
  return {
    schema,
    description,
    placeholder: rest.placeholder,
    short: rest.short,
    default: rest.default,
    variable: rest.variable,
    alsoEnvironment: rest.alsoEnvironment ?? [],
    isSecret: rest.isSecret ?? false,
  };
}

/** `tunnelListen` → `--tunnel-listen`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `tunnelListen` → `MCTUNNEL_TUNNEL_LISTEN`. */
export function variableOf(key: string): string {
  return `MCTUNNEL_${flagOf(key).slice(2).replaceAll('-', '_').toUpperCase()}`;
}

/** All that are read for a setting, the strongest first. */
export function variablesOf(key: string, { variable, alsoEnvironment }: Setting): readonly string[] {
  return [variable ?? variableOf(key), ...alsoEnvironment];
}
