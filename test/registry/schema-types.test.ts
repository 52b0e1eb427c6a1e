import { expect, it } from '@jest/globals';
import type { z } from 'zod';
import type { ClusterSpec, ClusterStatus } from '../../src/registry/ports.ts';
import type { specSchema, statusSchema } from '../../src/registry/schema/index.ts';

type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

it('has types that are those of the schema (checked by tsc: this does not compile otherwise)', () => {
  const spec: Same<Mutable<ClusterSpec>, z.infer<typeof specSchema>> = true;
  const status: Same<Mutable<ClusterStatus>, z.infer<typeof statusSchema>> = true;
  expect([spec, status]).toEqual([true, true]);
});
