// Service access makes the agent connect to what a user names. Could that be anything but the listed services' own pods, every user of the hub would have a way
// into the cluster's network with the agent's feet: its own machine, the nodes, the cloud's metadata server with the credentials in it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { attack, without, type Guard } from './attack.ts';

const ENDPOINTS = 'src/upstream/service/endpoints.ts';
const RESOLVED = without(ENDPOINTS, 'if (fault !== undefined) return fault;');
const EXTERNAL = without(ENDPOINTS, "if (service.type === 'ExternalName') {", 'if (false) {');
const FAMILY = without(ENDPOINTS, 'if (slice.addressType !== family) continue;');
const NODE = without(ENDPOINTS, 'if (!mayBeNodes && nodeAddresses.has(address))', 'if (false)');
const REVIEWED = without('src/upstream/service/access.ts', 'if (verdict.allowed) return;', 'return;');

const POLICY = 'services: [{ namespace: default, name: web, port: http, scheme: http }]';

interface Scheme {
  readonly policy?: string;
  readonly target?: string;
  readonly path?: string;
  /** Of the endpoints; default that of a pod. */
  readonly addresses?: readonly string[];
  readonly addressType?: string;
  readonly service?: object;
  readonly nodes?: readonly string[];
  readonly mayProxy?: boolean;
}

/** Something on this machine that must not be reached listens on one port of all its addresses, and everything points there. */
function reach(what: string, weakened: readonly [Guard, ...Guard[]] | undefined, scheme: Scheme): void {
  attack(`a service ${what}`, {
    ...(weakened !== undefined && { weakened }),
    attempt: async (after) => {
      const { ADDRESS, ask, NODES, ServiceBench, SERVICES, SLICES } =
        await import('../upstream/service/fixture.ts');
      const bench = new ServiceBench();
      after(() => bench.close());
      const reached: string[] = [];
      const inner = createServer((request, response) => {
        reached.push(`${request.socket.localAddress ?? ''}${request.url ?? ''}`);
        response.end('secret');
      });
      await new Promise<void>((resolve) => inner.listen(0, '::', resolve));
      after(() => new Promise((resolve) => inner.close(resolve)));
      after(() => inner.closeAllConnections());
      const { port } = inner.address() as AddressInfo;
      const { upstream } = bench.upstream({
        policy: scheme.policy ?? POLICY,
        review: () => Promise.resolve({ allowed: scheme.mayProxy ?? true, reason: '' }),
      });
      const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
      const nodes = (scheme.nodes ?? []).map(
        (address) =>
          [
            address,
            {
              status: { addresses: [{ type: 'InternalIP', address: address === 'own' ? ADDRESS : address }] },
            },
          ] as const,
      );
      bench.api.set(NODES, Object.fromEntries(nodes));
      bench.api.set(
        SERVICES,
        Object.fromEntries(
          ['web', 'admin'].map((name) => [name, { spec: { type: 'ClusterIP', ports, ...scheme.service } }]),
        ),
      );
      bench.api.set(SLICES, {
        'web-0': {
          addressType: scheme.addressType ?? 'IPv4',
          ports: [{ name: 'http', port, protocol: 'TCP' }],
          endpoints: [{ addresses: scheme.addresses ?? [ADDRESS], conditions: { ready: true } }],
        },
      });
      const stream = ask(upstream, 'GET', scheme.path ?? '/', {
        target: scheme.target ?? 'default/http:web:http',
      }).finish();
      await stream.ended();
      return reached[0];
    },
  });
}

reach(
  'of which the policy says nothing',
  [
    without(
      'src/upstream/policy.ts',
      'entry.scheme === target.scheme && isOf(entry, target)',
      'entry.scheme !== undefined',
    ),
  ],
  { target: 'default/http:admin:http' },
);
reach('that the cluster does not let the user reach', [REVIEWED], { mayProxy: false });
reach('of the type ExternalName', [EXTERNAL], {
  service: { type: 'ExternalName', externalName: 'metadata.google.internal' },
});
reach("whose endpoint is the agent's own machine", [RESOLVED], { addresses: ['127.0.0.1'] });
reach("whose endpoint is the agent's own machine, as an address of IPv6", [RESOLVED], {
  addresses: ['::1'],
  addressType: 'IPv6',
});
reach("whose endpoint is the agent's own machine, written as IPv6", [RESOLVED], {
  addresses: ['::ffff:127.0.0.1'],
  addressType: 'IPv6',
});
reach('whose endpoint is any address', [RESOLVED], { addresses: ['0.0.0.0'] });
reach('whose endpoint is a name, which may lead anywhere tomorrow', [RESOLVED, FAMILY], {
  addresses: ['localhost'],
  addressType: 'FQDN',
});
reach('whose endpoint is a node', [NODE], { nodes: ['own'] });
reach('in another spelling of its name', undefined, { target: 'default/http:WEB:http' });
reach('with a way out of its name', undefined, { target: 'default/http:web:http/../../x' });
reach('by its own port in place of a name', undefined, { target: 'default/http:web:81' });

for (const address of [
  '169.254.169.254',
  'fe80::1',
  '224.0.0.1',
  '168.63.129.16',
  'fd00:ec2::254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
]) {
  attack(`a service whose endpoint is ${address}`, {
    // Nothing here answers at such an address, so that the attempt itself counts.
    weakened: [RESOLVED],
    attempt: async () => {
      const { resolveEndpoints } = await import('../../src/upstream/service/endpoints.ts');
      const resolution = resolveEndpoints({
        service: { type: 'ClusterIP', families: [], ports: [{ name: 'http', port: 80 }] },
        slices: [
          {
            addressType: address.includes(':') ? 'IPv6' : 'IPv4',
            ports: [{ name: 'http', port: 80 }],
            readyAddresses: [address],
          },
        ],
        port: 'http',
        nodeAddresses: new Set(),
        mayBeNodes: true,
        apiServer: undefined,
      });
      return resolution.kind === 'endpoints'
        ? `${resolution.endpoints[0]?.address ?? ''} would be connected to`
        : undefined;
    },
  });
}

attack('a policy that lists the API server as a service, where nobody would be impersonated', {
  weakened: [
    without(
      'src/upstream/service/rule.ts',
      "if (namespace === 'default' && name === 'kubernetes') {",
      'if (false) {',
    ),
  ],
  attempt: async () => {
    const { parsePolicy } = await import('../../src/upstream/policy-schema.ts');
    try {
      parsePolicy(
        'services: [{ namespace: default, name: kubernetes, port: https, scheme: https, insecureSkipTLSVerify: true }]',
        'hub:',
      );
      return 'it is taken';
    } catch {
      return undefined;
    }
  },
});
