import { decodeBatch, encodeBatch } from '../../src/transport/batch-codec.ts';
import type { Batch, Frame } from '../../src/tunnel/index.ts';
import { describeTunnel } from '../contract/tunnel-suite.ts';
import type { CreateTunnelPair } from '../contract/tunnel-suite.ts';
import { createMemoryPair } from './memory-pair.ts';
import type { MemoryPairOptions } from './memory-pair.ts';

function inMemory(over: () => MemoryPairOptions): CreateTunnelPair {
  return async (options) => {
    const pair = createMemoryPair({
      ...over(),
      hub: {
        ...(options.hubAccept ? { accept: options.hubAccept } : {}),
        ...(options.hubLimits ? { limits: options.hubLimits } : {}),
      },
      agent: {
        ...(options.accept ? { accept: options.accept } : {}),
        ...(options.agentLimits ? { limits: options.agentLimits } : {}),
      },
    });
    await pair.ready;
    return {
      hub: pair.hub,
      agent: pair.agent,
      kill: () => pair.kill(),
      close: () => pair.close(),
      leaks: () => pair.leaks(),
    };
  };
}

describeTunnel(
  'in memory',
  inMemory(() => ({})),
  { runs: 300 },
);

describeTunnel(
  'in memory, each message encoded and decoded',
  inMemory(() => ({ codec: { encode: encodeBatch, decode: (bytes) => decodeBatch(Buffer.from(bytes)) } })),
  { runs: 100 },
);

describeTunnel(
  'in memory, frames cut and messages delayed at random',
  inMemory(() => {
    const random = pseudoRandom(1 + Math.floor(Math.random() * 1_000_000));
    return { later: delayed(random), reshape: (batch) => reshape(batch, random) };
  }),
  { runs: 200 },
);

/** Each direction keeps its order: a message waits 0 to 3 turns, and for those before it. */
function delayed(random: () => number): (run: () => void) => void {
  const waiting: (() => void)[] = [];
  let isRunning = false;
  const next = (turns: number): void => {
    if (turns > 0) {
      setImmediate(next, turns - 1);
      return;
    }
    waiting.shift()?.();
    isRunning = waiting.length > 0;
    if (isRunning) setImmediate(next, Math.floor(random() * 4));
  };
  return (run) => {
    waiting.push(run);
    if (isRunning) return;
    isRunning = true;
    setImmediate(next, Math.floor(random() * 4));
  };
}

/** Splits payloads, moves fins to frames of their own, and cuts the Batch into several. */
function reshape(batch: Batch, random: () => number): Batch[] {
  const frames: Frame[] = [];
  for (const frame of batch.frames ?? []) {
    const data = frame.data;
    if (data && data.length > 1 && random() < 0.5) {
      const at = 1 + Math.floor(random() * (data.length - 1));
      frames.push(
        { ...frame, data: data.subarray(0, at), fin: false },
        { ...frame, data: data.subarray(at) },
      );
    } else if (frame.fin && !frame.trailers && random() < 0.3) {
      if (!data || data.length > 0) frames.push({ ...frame, fin: false });
      frames.push({ stream: frame.stream ?? 0, fin: true });
    } else {
      frames.push(frame);
    }
  }
  const batches: Batch[] = [];
  while (frames.length > 0) batches.push({ frames: frames.splice(0, 1 + Math.floor(random() * 4)) });
  // The connection's fields come first, the acknowledgement of a GoAway last.
  const { goAwayAck, ...first } = batch;
  batches.unshift({ ...first, frames: null });
  if (goAwayAck) batches.push({ goAwayAck });
  return batches;
}

function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
