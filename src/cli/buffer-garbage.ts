import { setFlagsFromString } from 'node:v8';

/** The release that knows the flag; others print an error for a flag that they do not know. */
const V8_MAJOR = '13';
/** V8 collects when the buffers of the young generation hold four times this. */
const NEW_SPACE_MIB = 4;
/** The heap may grow by so much of what is alive before all of it is marked: by more than the buffers that wait and those on their way. */
const GROWTH_PERCENT = 100;

/**
 * Has dead buffers collected once there are 16 MiB of them, by the short collection of the young generation. V8's own bound for that is 128 MiB, of which
 * it never sees more than 64: there, memory outside of its heap makes it mark the whole heap. A process that passes bytes on leaves little else than dead
 * buffers, so both its memory and most of its CPU went into waiting for that, and doing it. Per GiB of a download the hub took 7.1 to 7.4 s of CPU
 * without and 2.9 to 3.1 s with it, the agent 7.5 to 8.3 s and 3.4 to 3.8 s.
 *
 * These buffers count against the bound from which V8 marks its whole heap, and at rest it brings that down to 8 MiB above what is alive. A process
 * that was idle for some seconds then marked it several times a second: 200 MB uploaded over 50 ms after a rest took 1.2 to 1.6 s of hub's and agent's
 * CPU with that bound, 0.8 to 1.0 s with this one.
 */
export function collectBuffersEarly(): void {
  if (!process.versions.v8.startsWith(`${V8_MAJOR}.`)) return;
  setFlagsFromString(`--scavenger-max-new-space-capacity-mb=${NEW_SPACE_MIB}`);
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
