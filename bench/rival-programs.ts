/** The rivals' programs, which `bench/rivals/build.sh` puts into a folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const KONNECTIVITY = ['anp-server', 'anp-agent'];
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'anp-connect': KONNECTIVITY,
  'anp-grpc': KONNECTIVITY,
  'anp-gw': [...KONNECTIVITY, 'gateway'],
  'anp-gw-fresh': [...KONNECTIVITY, 'gateway'],
  mct: ['mct-server', 'mct-bench-agent'],
  rd: ['rd-server', 'rd-agent'],
};
export function rivalNames(): readonly string[] {
  return Object.keys(PROGRAMS);
}

/** Those whose programs are in the folder. */
export function rivalsIn(binaries: string): readonly string[] {
  return rivalNames().filter((name) =>
    PROGRAMS[name]?.every((program) => existsSync(join(binaries, program))),
  );
}
