/** Steps of a compiled path: a field, an index, or the first item whose field has a value. */
type Step = (value: unknown) => unknown;

const STEP = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[\?\(@\.([A-Za-z_]\w*)=="([^"]*)"\)\]/y;

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** The subset of JSONPath that printer columns use: `.a.b`, `[0]`, `[?(@.type=="Ready")]`. Throws on anything else. */
export function compileJsonPath(path: string): (object: unknown) => unknown {
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const at = STEP.lastIndex;
    const match = STEP.exec(path);
    if (match === null) throw new Error(`JSONPath ${path} is not understood from position ${at}`);
    const [, field, index, key, wanted] = match;
    if (field !== undefined) steps.push((value) => fieldOf(value, field));
    else if (index !== undefined) {
      steps.push((value) => (Array.isArray(value) ? (value as unknown[])[Number(index)] : undefined));
    } else if (key !== undefined) {
      steps.push((value) =>
        Array.isArray(value) ? (value as unknown[]).find((item) => fieldOf(item, key) === wanted) : undefined,
      );
    }
  }
  return (object) => steps.reduce<unknown>((value, step) => step(value), object);
}
