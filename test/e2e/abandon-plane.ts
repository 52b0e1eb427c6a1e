// Starts a control plane with a pod and waits to be killed: see harness.test.ts.
import { processesOf, startControlPlane, waitFor } from '../kubernetes/index.ts';

const plane = await startControlPlane({ name: 'abandoned', node: true });
await plane.apply([
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'sleeper', namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'none', command: ['sh', '-c', 'sleep 4242 & wait'] }] },
  },
]);
await waitFor('the pod', () => processesOf(plane.id).some(({ command }) => command === 'sleep 4242'));
process.stdout.write(`abandoned ${plane.id} ${plane.directory}\n`);
setInterval(() => undefined, 60_000);
