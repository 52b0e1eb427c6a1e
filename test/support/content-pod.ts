import { fileURLToPath } from 'node:url';
import { freePort, type ControlPlane } from '../kubernetes/index.ts';

const SERVER = fileURLToPath(new URL('./content-server.ts', import.meta.url));

/**
 * Runs content-server.ts as the pod `content` of a namespace, which is made, beside a pod `shell` that sleeps. Gives the path by which the
 * cluster's kube-apiserver proxies to it.
 */
export async function startContentPod(plane: ControlPlane, namespace: string): Promise<string> {
  const port = await freePort();
  const pod = (name: string, command: readonly string[], env: readonly object[]): object => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'none', command, env }] },
  });
  await plane.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    pod(
      'content',
      [process.execPath, '--disable-warning=ExperimentalWarning', SERVER],
      [
        { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'PORT', value: String(port) },
      ],
    ),
    pod('shell', ['sleep', '10000'], []),
  ]);
  const ready = await plane.kubectl([
    ...['wait', '-n', namespace, '--for=condition=Ready', 'pod', '--all', '--timeout=60s'],
  ]);
  if (ready.code !== 0) throw new Error(`the content pod does not start: ${ready.stderr}`);
  return `/api/v1/namespaces/${namespace}/pods/content:${port}/proxy`;
}
