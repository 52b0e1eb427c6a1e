import { LineCounter, parseDocument } from 'yaml';
import { duplicateYamlKeys } from '../lib/duplicate-keys.ts';
import { flagOf, variablesOf, type Resolved, type Setting, type Settings } from './setting.ts';

/** Where values come from, the strongest first: flags, environment, file. */
export interface Sources {
  /** By camelCase key, as the command-line parser left them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The `--config` file: its path (for messages) and its text. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
}

/** More are not told. */
const MAX_UNKNOWN_TOLD = 10;

export type Resolution<S extends Settings> =
  | { readonly ok: true; readonly config: Resolved<S> }
  /** All problems at once, a line each. */
  | { readonly ok: false; readonly problems: readonly string[] };

interface Found {
  readonly value: unknown;
  /** What a message calls it: `--flag`, `VARIABLE`, `key in FILE`. */
  readonly origin: string;
}

/** Checks every setting and gathers all that is wrong; each problem names the setting, the value and what would be right. */
export function resolveSettings<S extends Settings>(settings: S, sources: Sources): Resolution<S> {
  const problems: string[] = [];
  const file = readFileKeys(settings, sources.file, problems);
  const config: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(settings)) {
    const found = find(key, spec, sources, file);
    if (found === undefined) {
      config[key] = undefined;
      continue;
    }
    const parsed = spec.schema.safeParse(found.value);
    if (parsed.success) {
      config[key] = parsed.data;
      continue;
    }
    const shown = spec.isSecret ? 'the given value' : JSON.stringify(found.value);
    const wanted = parsed.error.issues[0];
    const expected = wanted?.code === 'custom' ? wanted.message : 'a value of another kind';
    problems.push(`${found.origin}: ${shown} is not valid; expected ${expected}`);
  }
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, config: Object.freeze(config) as Resolved<S> };
}

function find(
  key: string,
  spec: Setting,
  sources: Sources,
  file: ReadonlyMap<string, Found>,
): Found | undefined {
  const flag = sources.flags[key];
  if (flag !== undefined) return { value: flag, origin: flagOf(key) };
  for (const name of variablesOf(key, spec)) {
    const value = sources.environment[name];
    // An empty variable counts as unset: manifests and Makefiles pass optional values that way.
    if (value !== undefined && value !== '') return { value, origin: name };
  }
  return (
    file.get(key) ?? (spec.default === undefined ? undefined : { value: spec.default, origin: flagOf(key) })
  );
}

function readFileKeys(
  settings: Settings,
  file: Sources['file'],
  problems: string[],
): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>();
  if (file === undefined) return found;
  let content: unknown;
  try {
    content = parseYaml(file.text);
  } catch (error) {
    const [firstLine] = error instanceof Error ? error.message.split('\n') : [];
    problems.push(`--config: ${file.path} is not valid YAML: ${(firstLine ?? '').replace(/:$/, '')}`);
    return found;
  }
  if (content === null || content === undefined) return found;
  if (typeof content !== 'object' || Array.isArray(content)) {
    problems.push(
      `--config: ${file.path} must be a mapping of settings, such as "tunnel-listen: 0.0.0.0:8443"`,
    );
    return found;
  }
  const keyByName = new Map(Object.keys(settings).map((key) => [flagOf(key).slice(2), key]));
  let unknown = 0;
  for (const [name, value] of Object.entries(content)) {
    const key = keyByName.get(name);
    if (key === undefined) {
      if (++unknown > MAX_UNKNOWN_TOLD) continue;
      problems.push(
        `--config: ${file.path} has the unknown key ${JSON.stringify(name)}; known are ${[...keyByName.keys()].join(', ')}`,
      );
    } else if (value !== null) {
      found.set(key, { value: value as unknown, origin: `${name} in ${file.path}` });
    }
  }
  return found;
}

/** Throws Error with what is wrong. */
function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  const [duplicate] = duplicateYamlKeys(document);
  if (duplicate !== undefined) {
    const { line, col } = lines.linePos(duplicate.offset);
    throw new Error(
      `Map keys must be unique, and ${duplicate.key} stands twice at line ${line}, column ${col}`,
    );
  }
  // Aliases are of no use here, and unbounded they are a way to exhaust memory.
  return document.toJS({ maxAliasCount: 0 });
}
