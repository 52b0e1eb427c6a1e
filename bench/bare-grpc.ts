/**
 * What connections of agents cost when nothing but Node and grpc-js is at work: a server that asks for client certificates and answers one message of a bidirectional call,
 * and clients that hold such a call. What `bench/scale.ts` measures cannot be less than this.
 *
 *     npx node bench/bare-grpc.ts [connections, 1000]
 */
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ClientDuplexStream,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { residentBytes } from '../test/support/memory.ts';
import { TestCa } from '../test/pki.ts';

const PATH = '/bench.Bare/Hold';
const SERVE = 'serve';
const SETTLE_MS = 5_000;
const same = (bytes: Buffer): Buffer => bytes;

interface Material {
  readonly ca: string;
  readonly chain: string;
  readonly key: string;
}

if (process.argv[2] === SERVE) serve();
else await measure(Number(process.argv[2] ?? 1_000));

function serve(): void {
  process.once('disconnect', () => process.exit());
  process.once('message', ({ ca, chain, key }: Material) => {
    const server = new Server();
    server.addService(
      {
        hold: {
          ...{ path: PATH, requestStream: true, responseStream: true },
          ...{ requestSerialize: same, requestDeserialize: same },
          ...{ responseSerialize: same, responseDeserialize: same },
        },
      },
      {
        hold: (call: ServerDuplexStream<Buffer, Buffer>) => {
          call.on('error', () => undefined);
          call.on('data', (bytes: Buffer) => call.write(bytes));
        },
      },
    );
    const pair = { cert_chain: Buffer.from(chain), private_key: Buffer.from(key) };
    const secure = ServerCredentials.createSsl(Buffer.from(ca), [pair], true);
    server.bindAsync('127.0.0.1:0', secure, (error, port) => process.send?.({ error, port }));
    process.on('message', () => {
      const { user, system } = process.cpuUsage();
      process.send?.({ cpuMs: (user + system) / 1_000 });
    });
  });
}

async function measure(count: number): Promise<void> {
  const ca = new TestCa('bench CA');
  const [own, agent] = [ca.server(), ca.agent('cluster-a')];
  const child = fork(fileURLToPath(import.meta.url), [SERVE]);
  const asked = async <T>(message: object): Promise<T> => {
    child.send(message);
    const [answer] = (await once(child, 'message')) as [T];
    return answer;
  };
  const clients: Client[] = [];
  try {
    const { port } = await asked<{ port: number }>({
      ca: ca.certificate,
      chain: own.chain,
      key: own.privateKey,
    });
    const pid = child.pid ?? 0;
    const secure = credentials.createSsl(
      Buffer.from(ca.certificate),
      Buffer.from(agent.privateKey),
      Buffer.from(agent.chain),
    );
    const connect = (): Promise<ClientDuplexStream<Buffer, Buffer>> => {
      const client = new Client(`localhost:${port}`, secure, { 'grpc.use_local_subchannel_pool': 1 });
      clients.push(client);
      const call = client.makeBidiStreamRequest<Buffer, Buffer>(PATH, same, same);
      call.write(Buffer.from('hello'));
      return new Promise((resolve, reject) => {
        call.on('error', reject);
        call.once('data', () => resolve(call));
      });
    };
    // The compiler is at work on the first.
    await Promise.all(Array.from({ length: 50 }, connect));
    await settle();
    const residentBefore = residentBytes(pid);
    const { cpuMs: cpuBefore } = await asked<{ cpuMs: number }>({});
    const began = performance.now();
    await Promise.all(Array.from({ length: count }, connect));
    const tookMs = performance.now() - began;
    const { cpuMs } = await asked<{ cpuMs: number }>({});
    await settle();
    const kib = (residentBytes(pid) - residentBefore) / 1024 / count;
    console.log('| connections | all there after s | CPU of the server each, ms | KiB each |');
    console.log('| ---: | ---: | ---: | ---: |');
    console.log(
      `| ${count} | ${(tookMs / 1_000).toFixed(1)} | ${((cpuMs - cpuBefore) / count).toFixed(1)} | ${kib.toFixed(0)} |`,
    );
  } finally {
    for (const client of clients) client.close();
    child.kill();
  }
  process.exit();
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
