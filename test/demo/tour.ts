import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Closer } from '../../src/lib/closer.ts';
import { buildPrograms, freePort, waitFor } from '../kubernetes/index.ts';
import { runKubectl, spawnKubectl } from '../kubernetes/kubectl.ts';
import type { ClusterKubeconfig } from './hub.ts';
import type { Narrator } from './narrator.ts';

const NAMESPACE = 'mctunnel-demo';

/** A server that says something, and a log that goes on. On a real cluster it runs in the image, on this machine's node as a process, so its port must be free here. */
const webPod = (port: number): string => `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: ${NAMESPACE}, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: web
      image: node:24-alpine
      ports: [{ containerPort: ${port} }]
      command: [node, -e]
      args:
        - |
          require('http').createServer((request, response) => {
            console.log(request.method, request.url);
            response.end('hello from a cluster that exposes nothing\\n');
          }).listen(${port});
          setInterval(() => console.log('still here'), 1000);
`;

/** get --raw, get, apply, watch, exec, logs -f and port-forward, all through the tunnel. Throws when a step fails. */
export async function runTour(
  kubeconfig: ClusterKubeconfig,
  rawPath: string,
  narrator: Narrator,
  closer: Closer,
): Promise<void> {
  const { kubectl } = await buildPrograms(['kubectl']);
  const defaults = { binary: kubectl, cacheFolder: `${kubeconfig.path}.cache`, plane: 'mctunnel-demo' };

  const show = async (
    args: readonly string[],
    options: {
      readonly stdin?: string;
      readonly kubeconfig?: string;
      readonly maxLines?: number;
      /** Which it must end with, and which is shown unless it is 0. */
      readonly status?: number;
    } = {},
  ): Promise<string> => {
    narrator.command(`kubectl ${args.map((arg) => (/[\s;|]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`);
    const result = await runKubectl(defaults, args, {
      kubeconfig: options.kubeconfig ?? kubeconfig.path,
      ...(options.stdin !== undefined && { stdin: options.stdin }),
    });
    narrator.output(result.stdout + result.stderr, options.maxLines);
    const { status = 0 } = options;
    if (result.code !== status) throw new Error(`kubectl ${args.join(' ')} ended with ${result.code}`);
    if (status !== 0) {
      narrator.command('echo $?');
      narrator.output(String(result.code));
    }
    return result.stdout;
  };
  /** Runs until `lines` lines came (or it ends), showing them. */
  const follow = async (args: readonly string[], lines: number): Promise<void> => {
    narrator.command(`kubectl ${args.join(' ')}`);
    const child = spawnKubectl(defaults, args, { kubeconfig: kubeconfig.path });
    const ended = once(child, 'close');
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await waitFor(`${lines} lines of kubectl ${args[0] ?? ''}`, () => text.split('\n').length > lines, {
      timeoutMs: 30_000,
    });
    child.kill('SIGINT');
    await ended;
    narrator.output(text.split('\n').slice(0, lines).join('\n'));
  };

  narrator.line("Raw, through the hub's own API:");
  await show(['get', '--raw', `${rawPath}/version`], { kubeconfig: kubeconfig.hub, maxLines: 6 });
  narrator.line('And with a kubeconfig whose server is that path:');
  await show(['get', 'nodes,namespaces']);
  const created = show(['create', 'namespace', NAMESPACE]);
  closer.add('namespace', async () => {
    await created.catch(() => undefined);
    // Not waited for: its pods end by themselves.
    const args = ['delete', 'namespace', NAMESPACE, '--wait=false', '--ignore-not-found'];
    await runKubectl(defaults, args, { kubeconfig: kubeconfig.path });
  });
  await created;
  await waitFor('its default service account', async () => {
    const args = ['get', 'serviceaccount', 'default', '-n', NAMESPACE];
    return (await runKubectl(defaults, args, { kubeconfig: kubeconfig.path })).code === 0;
  });

  narrator.line('A watch sees what apply does:');
  const port = await freePort();
  const watching = follow(['get', 'pods', '-n', NAMESPACE, '--watch'], 2);
  await delay(1_000);
  await show(['apply', '-f', '-'], { stdin: webPod(port) });
  await show(['wait', 'pod/web', '-n', NAMESPACE, '--for=condition=Ready', '--timeout=120s']);
  await watching;

  narrator.line('A command inside, with its exit status, over a WebSocket:');
  const inside = 'echo "on $(uname -s) as $(id -un)"; exit 7';
  await show(['exec', '-n', NAMESPACE, 'web', '--', 'sh', '-c', inside], { status: 7 });
  await follow(['logs', '-n', NAMESPACE, '-f', 'web'], 3);

  narrator.line('And a port of it here:');
  narrator.command(`kubectl port-forward -n ${NAMESPACE} pod/web :${port}`);
  const forward = spawnKubectl(defaults, ['port-forward', '-n', NAMESPACE, 'pod/web', `:${port}`], {
    kubeconfig: kubeconfig.path,
  });
  const ended = once(forward, 'close');
  let said = '';
  forward.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    await waitFor('the forwarded port', () => /127\.0\.0\.1:\d+/.test(said), { timeoutMs: 30_000 });
    const address = /127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '';
    narrator.command(`curl http://${address}/`);
    narrator.output(await (await fetch(`http://${address}/`)).text());
  } finally {
    forward.kill('SIGINT');
    await ended;
  }
}
