import { describe, expect, it } from '@jest/globals';
import { clusterName } from '../../src/config/values.ts';
import { routeOf } from '../../src/gateway/route.ts';
import { isClusterName } from '../../src/lib/cluster-name.ts';

const NAMES = ['a', 'cluster-a', '0', 'a'.repeat(63), 'apis-x'];
const NONE = [
  '',
  '-a',
  'a-',
  'A',
  'a.b',
  'a_b',
  'a\n',
  'é',
  'a'.repeat(64),
  'apis',
  'metrics',
  'clusters',
  'debug',
];

describe("a cluster's name is the same everywhere", () => {
  it.each([...NAMES, ...NONE])('%j', (name) => {
    const isName = NAMES.includes(name);
    expect(isClusterName(name)).toBe(isName);
    expect(clusterName.safeParse(name).success).toBe(isName);
    expect(routeOf(`/${encodeURIComponent(name)}/api`).kind === 'proxy').toBe(isName);
  });
});
