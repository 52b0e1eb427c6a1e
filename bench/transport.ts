/**
 * CPU of one exchange (a request of one frame, an answer of a head and 1 KiB) over real gRPC with mutual TLS on loopback. Hub and agent run in one
 * process here, so the figure is the cost of both ends together, with TLS and the kernel's share.
 *
 *     npx node bench/transport.ts [exchanges per row]
 */
import { AGENT, answer, CA, OPEN, TestHub } from '../test/transport/fixture.ts';
import type { TunnelSession } from '../src/tunnel/index.ts';

const EXCHANGES = Number(process.argv[2] ?? 30_000);
const BODY = Buffer.alloc(1024, 7);

const hub = await TestHub.start();
await hub.dial({
  credentials: { certificateChain: AGENT.chain, privateKey: AGENT.privateKey },
  hub: { address: hub.address, caBundle: CA.certificate },
  accept: (open, stream) => {
    if (open.path !== '/bench') return answer(open, stream);
    stream.sendHead({ status: 200, headers: ['Content-Length', '1024'] });
    stream.write(BODY);
    stream.end();
    return { data: () => undefined, end: () => undefined, error: () => undefined };
  },
});
const session = hub.opened[0]?.session;
if (session === undefined) throw new Error('no session');

function run(over: TunnelSession, inFlight: number, total: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let begun = 0;
    let done = 0;
    const next = (): void => {
      if (begun === total) return;
      begun += 1;
      const stream = over.open(
        { ...OPEN, path: '/bench' },
        {
          data: (chunk) => stream.take(chunk.length),
          end: () => undefined,
          error: reject,
          close: () => {
            done += 1;
            if (done === total) resolve();
            else next();
          },
        },
      );
      stream.end();
    };
    for (let i = 0; i < inFlight; i++) next();
  });
}

await run(session, 16, Math.min(EXCHANGES, 20_000));
for (const inFlight of [1, 16, 64]) {
  const total = inFlight === 1 ? Math.ceil(EXCHANGES / 3) : EXCHANGES;
  const cpu = process.cpuUsage();
  const began = performance.now();
  await run(session, inFlight, total);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - began) / 1000;
  console.log(
    JSON.stringify({
      inFlight,
      exchanges: total,
      cpuMicrosBothEnds: Number(((user + system) / total).toFixed(1)),
      exchangesPerSecond: Math.round(total / seconds),
    }),
  );
}
await hub.server.close();
