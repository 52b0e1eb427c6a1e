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
/** Of `scale`: a server, and a program that is many agents. */
const IDLE_PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'anp-grpc': ['anp-server', 'anp-agents'],
  mct: ['mct-server', 'mct-bench-agent'],
  rd: ['rd-server', 'rd-agent'],
};

export function rivalNames(): readonly string[] {
  return Object.keys(PROGRAMS);
}

/** Those whose programs are in the folder. */
export function rivalsIn(binaries: string): readonly string[] {
  return namesIn(binaries, PROGRAMS);
}

export function idleRivalNames(): readonly string[] {
  return Object.keys(IDLE_PROGRAMS);
}

/** The same for `scale`. */
export function idleRivalsIn(binaries: string): readonly string[] {
  return namesIn(binaries, IDLE_PROGRAMS);
}

function namesIn(binaries: string, programs: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.keys(programs).filter((name) =>
    programs[name]?.every((program) => existsSync(join(binaries, program))),
  );
}
