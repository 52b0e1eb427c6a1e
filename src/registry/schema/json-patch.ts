/**
 * JSON patch, RFC 6902, as the kube-apiserver reads it (gopkg.in/evanphx/json-patch.v4): clients of `clusterregistrations` must not be able to tell which
 * server they patch. Libraries follow the RFC, or less: none takes a replace of what is not there, a test for null of what is not there, or an
 * index from the end, as that one does; and some leave out in silence what it refuses.
 */
import { isDeepStrictEqual } from 'node:util';
import { MctunnelError } from '../../errors.ts';
import { goTypeName, isJsonObject, type JsonObject } from './json-value.ts';

/** As the kube-apiserver's. */
const MAX_OPERATIONS = 10_000;
/** Of all copies together, as the kube-apiserver's: a copy into itself, again and again, would double an object each time. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

type Container = Record<string, unknown> | unknown[];

/** `value` is undefined where none is given. */
interface Operation {
  readonly op: string;
  readonly path: string | undefined;
  readonly from: string | undefined;
  readonly value: unknown;
}

/** In the kube-apiserver's words, which do not say why; what follows them does. */
function refused(why: string): MctunnelError {
  const words = `the server rejected our request due to an error in our request: ${why}`;
  return new MctunnelError('INVALID', words);
}

function fieldOf(operation: JsonObject, field: 'op' | 'path' | 'from'): string | undefined {
  const value = operation[field] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw new MctunnelError(
    'BAD_REQUEST',
    `error decoding patch: json: cannot unmarshal ${goTypeName(value)} into Go struct field jsonPatchOp.${field} of type string`,
  );
}

/** Throws BAD_REQUEST (no list of operations), TOO_LARGE. */
function operationsOf(patch: unknown): Operation[] {
  const unreadable = (value: unknown, target: string): MctunnelError =>
    new MctunnelError(
      'BAD_REQUEST',
      `error decoding patch: json: cannot unmarshal ${goTypeName(value)} into Go value of type ${target}`,
    );
  // As Go reads it, null is an empty list, and a null in the list an operation without anything.
  if (patch !== null && !Array.isArray(patch)) throw unreadable(patch, '[]handlers.jsonPatchOp');
  const operations = (patch ?? []).map((given: unknown) => {
    if (given !== null && !isJsonObject(given)) throw unreadable(given, 'handlers.jsonPatchOp');
    const operation = given ?? {};
    return {
      op: fieldOf(operation, 'op') ?? 'unknown',
      path: fieldOf(operation, 'path'),
      from: fieldOf(operation, 'from'),
      value: Object.hasOwn(operation, 'value') ? operation['value'] : undefined,
    };
  });
  if (operations.length > MAX_OPERATIONS) {
    const words = `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`;
    throw new MctunnelError('TOO_LARGE', words);
  }
  return operations;
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** A position in an array; a negative one counts from its end. undefined: none. */
function indexBelow(end: number, key: string): number | undefined {
  if (!/^[+-]?\d{1,15}$/.test(key)) return undefined;
  const index = Number(key) < 0 ? Number(key) + end : Number(key);
  return index >= 0 && index < end ? index : undefined;
}

/** Where a pointer leads: a place in a container, which need not be taken. */
class Place {
  readonly #container: Container;
  readonly #key: string;
  readonly #path: string;

  constructor(container: Container, key: string, path: string) {
    this.#container = container;
    this.#key = key;
    this.#path = path;
  }

  /** undefined: an object has nothing there. Throws INVALID: an array has no such place. */
  get(): unknown {
    if (Array.isArray(this.#container)) return this.#container[this.#index(this.#container)];
    return Object.hasOwn(this.#container, this.#key) ? this.#container[this.#key] : undefined;
  }

  add(value: unknown): void {
    if (!Array.isArray(this.#container)) this.#set(value);
    else if (this.#key === '-') this.#container.push(value);
    else this.#container.splice(this.#index(this.#container, this.#container.length + 1), 0, value);
  }

  replace(value: unknown): void {
    if (Array.isArray(this.#container)) this.#container[this.#index(this.#container)] = value;
    else this.#set(value);
  }

  remove(): void {
    if (Array.isArray(this.#container)) {
      this.#container.splice(this.#index(this.#container), 1);
      return;
    }
    if (!Object.hasOwn(this.#container, this.#key)) throw this.#missing();
    Reflect.deleteProperty(this.#container, this.#key);
  }

  #set(value: unknown): void {
    // No key is special, `__proto__` included.
    const descriptor = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(this.#container, this.#key, descriptor);
  }

  #index(array: readonly unknown[], end = array.length): number {
    const index = indexBelow(end, this.#key);
    if (index === undefined) throw this.#missing();
    return index;
  }

  #missing(): MctunnelError {
    return refused(`there is no ${JSON.stringify(shortened(this.#path))}`);
  }
}

const copyOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const MAX_SHOWN_CHARS = 256;
const shortened = (text: string): string => text.slice(0, MAX_SHOWN_CHARS);
const decoded = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

/** The object to which the operations are applied, one after the other. */
class PatchedObject {
  object: unknown;
  #copiedBytes = 0;

  constructor(object: unknown) {
    this.object = object;
  }

  apply({ op, path, from, value }: Operation): void {
    switch (op) {
      case 'add':
        this.#place(path).add(value ?? null);
        return;
      case 'remove':
        this.#place(path).remove();
        return;
      case 'replace':
        if (path === '') {
          if (!isContainer(value)) throw refused('the whole can be replaced by an object only');
          this.object = value;
          return;
        }
        this.#place(path).replace(value ?? null);
        return;
      case 'test': {
        const found = path === '' ? this.object : this.#place(path).get();
        if (isDeepStrictEqual(found ?? null, value ?? null)) return;
        throw refused(`testing value ${shortened(path ?? '')} failed`);
      }
      case 'move': {
        const source = this.#place(from);
        const moved = source.get();
        source.remove();
        this.#place(path).add(moved);
        return;
      }
      case 'copy': {
        const text = JSON.stringify(this.#place(from).get() ?? null);
        const target = this.#place(path);
        this.#copiedBytes += Buffer.byteLength(text);
        if (this.#copiedBytes > MAX_COPIED_BYTES) {
          throw refused(`its copies are larger than ${MAX_COPIED_BYTES} bytes together`);
        }
        target.add(JSON.parse(text));
        return;
      }
      default:
        throw refused(`there is no operation ${JSON.stringify(shortened(op))}`);
    }
  }

  #place(path: string | undefined): Place {
    if (path === undefined) throw refused('an operation names no path, or none to take from');
    const tokens = path.split('/').slice(1);
    const key = tokens.pop();
    let at: unknown = this.object;
    for (const token of tokens) {
      if (!isContainer(at)) break;
      at = new Place(at, decoded(token), path).get();
    }
    if (key === undefined || !isContainer(at)) {
      throw refused(`there is nothing at, or before, ${JSON.stringify(shortened(path))}`);
    }
    return new Place(at, decoded(key), path);
  }
}

/**
 * `object`, which stays as it is, with the operations applied. Throws BAD_REQUEST (the patch is no list of operations), TOO_LARGE (of too many), INVALID
 * (one does not apply, or a test failed).
 */
export function jsonPatch(object: unknown, patch: unknown): unknown {
  // What is added may be changed by a later operation.
  const operations = operationsOf(copyOf(patch));
  const patched = new PatchedObject(copyOf(object));
  for (const operation of operations) patched.apply(operation);
  return patched.object;
}
