import { describe, expect, it } from '@jest/globals';
import { addressFault, canonicalAddress } from '../../../src/upstream/service/addresses.ts';
import { resolveEndpoints, type ResolveOptions } from '../../../src/upstream/service/endpoints.ts';
import { readEndpointSlice, readNodeAddresses, readService } from '../../../src/upstream/service/objects.ts';

const service = (spec: object = {}): unknown => ({
  spec: {
    ...{ type: 'ClusterIP', clusterIP: '10.96.0.9', ipFamilies: ['IPv4'] },
    ports: [
      { name: 'http', port: 80, protocol: 'TCP', targetPort: 'web' },
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
    ],
    ...spec,
  },
});
const slice = (addresses: readonly string[], more: object = {}): unknown => ({
  ...{ addressType: 'IPv4', ports: [{ name: 'http', port: 8080, protocol: 'TCP' }] },
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  ...more,
});

function resolve(
  slices: readonly unknown[],
  options: Partial<Omit<ResolveOptions, 'slices' | 'service'>> & { readonly of?: unknown } = {},
) {
  const { of = service(), ...more } = options;
  return resolveEndpoints({
    service: of === undefined ? undefined : readService(of),
    slices: slices.map(readEndpointSlice),
    ...{ port: 'http', nodeAddresses: new Set(), mayBeNodes: false, apiServer: undefined },
    ...more,
  });
}
const endpoints = (slices: readonly unknown[], options = {}): string[] => {
  const resolution = resolve(slices, options);
  if (resolution.kind !== 'endpoints') throw new Error(resolution.reason);
  return resolution.endpoints.map(({ address, port }) => `${address}:${port}`);
};
const none = (reason: string): object => ({ kind: 'none', reason });
const refused = (reason: unknown): object => ({ kind: 'refused', reason });

describe('the endpoints of a service', () => {
  it('are the ready ones, of its port by name or number, on the ports that their slices say', () => {
    const slices = [
      slice(['10.1.0.1', '10.1.0.2']),
      slice(['10.1.0.2', '10.1.0.3'], { ports: [{ name: 'http', port: 9090 }] }),
    ];
    const all = ['10.1.0.1:8080', '10.1.0.2:8080', '10.1.0.2:9090', '10.1.0.3:9090'];
    expect(endpoints(slices)).toEqual(all);
    expect(endpoints(slices, { port: '80' })).toEqual(all);
    expect(resolve(slices)).toMatchObject({ servicePort: 80 });
    expect(resolve(slices, { port: '8080' })).toEqual(none('the Service has no TCP port 8080'));
    expect(resolve(slices, { port: 'web' })).toEqual(none('the Service has no TCP port web'));
  });

  it('are not those that are not ready, terminating, or of UDP', () => {
    const conditions = (value: object): object => ({ addresses: ['10.1.0.9'], conditions: value });
    expect(
      resolve([slice([], { endpoints: [conditions({ ready: false, serving: true, terminating: true })] })]),
    ).toEqual(none('none of its endpoints is ready'));
    expect(endpoints([slice([], { endpoints: [conditions({}), { addresses: ['10.1.0.8'] }] })])).toEqual([
      '10.1.0.9:8080',
      '10.1.0.8:8080',
    ]);
    expect(resolve([slice(['10.1.0.1'])], { port: 'dns' })).toEqual(none('the Service has no TCP port dns'));
    expect(
      resolve([slice(['10.1.0.1'], { ports: [{ name: 'http', port: 80, protocol: 'UDP' }] })]),
    ).toMatchObject({ kind: 'none' });
    expect(resolve([slice(['10.1.0.1'], { ports: [{ name: 'other', port: 80 }] })])).toMatchObject({
      kind: 'none',
    });
    expect(resolve([])).toEqual(none('none of its endpoints is ready'));
  });

  it('of a headless service are found in the same way', () => {
    expect(endpoints([slice(['10.1.0.1'])], { of: service({ clusterIP: 'None' }) })).toEqual([
      '10.1.0.1:8080',
    ]);
  });

  it('of a port without a name are those of slices without one', () => {
    const of = service({ ports: [{ port: 80 }] });
    expect(
      endpoints([slice(['10.1.0.1'], { ports: [{ name: '', port: 8080 }] })], { of, port: '80' }),
    ).toEqual(['10.1.0.1:8080']);
    expect(
      resolve([slice(['10.1.0.1'], { ports: [{ name: '', port: 8080 }] })], { of, port: '' }).kind,
    ).not.toBe('refused');
  });

  it('never are where a Service of another name leads: ExternalName and slices of host names', () => {
    const of = service({ type: 'ExternalName', externalName: 'metadata.google.internal' });
    expect(resolve([slice(['10.1.0.1'])], { of })).toEqual(refused(expect.stringContaining('ExternalName')));
    expect(resolve([slice(['example.com'], { addressType: 'FQDN' })])).toEqual(
      none('none of its endpoints is ready'),
    );
    expect(resolve([slice(['example.com'])])).toEqual(refused('its endpoint example.com is no address'));
    expect(
      resolveEndpoints({
        ...{ service: undefined, slices: [], port: '80' },
        ...{ nodeAddresses: new Set(), mayBeNodes: false, apiServer: undefined },
      }),
    ).toEqual(none('there is no such Service'));
  });

  it('of both address families are one per pod: those of the family that the Service names first', () => {
    const v6 = slice(['fd00::1'], { addressType: 'IPv6' });
    expect(endpoints([v6, slice(['10.1.0.1'])])).toEqual(['10.1.0.1:8080']);
    expect(endpoints([v6, slice(['10.1.0.1'])], { of: service({ ipFamilies: ['IPv6', 'IPv4'] }) })).toEqual([
      'fd00::1:8080',
    ]);
    expect(endpoints([v6])).toEqual(['fd00::1:8080']);
  });

  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.3.4', 'a loopback address'],
    ['0.0.0.0', 'an unspecified address'],
    ['169.254.169.254', 'a link-local address'],
    ['224.0.0.1', 'a multicast or reserved address'],
    ['255.255.255.255', 'a multicast or reserved address'],
    ['168.63.129.16', "a cloud's metadata server"],
    ['100.100.100.200', "a cloud's metadata server"],
    ['10.0.0.01', 'no address'],
    ['10.1', 'no address'],
    ['0x7f.1', 'no address'],
    ['2130706433', 'no address'],
    ['localhost', 'no address'],
    ['', undefined],
  ])('are never at %s', (address, why) => {
    const resolution = resolve([slice([address])]);
    if (why === undefined) expect(resolution).toMatchObject({ kind: 'none' });
    else expect(resolution).toEqual(refused(`its endpoint ${address} is ${why}`));
  });

  it.each([
    ['::1', 'a loopback address'],
    ['0:0:0:0:0:0:0:1', 'a loopback address'],
    ['::', 'an unspecified address'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['::ffff:7f00:1', 'a loopback address'],
    ['::ffff:a9fe:a9fe', 'a link-local address'],
    ['::127.0.0.1', 'a loopback address'],
    ['64:ff9b::a9fe:a9fe', 'a link-local address'],
    ['64:ff9b:1::a9fe:a9fe', 'an address that is translated'],
    ['2002:a9fe:a9fe::', 'an address that is translated'],
    ['2001::5601:5601', 'an address that is translated'],
    ['::ffff:0:7f00:1', 'an address that is translated'],
    ['fec0::1', 'an address that is translated'],
    ['fe80::1', 'a link-local address'],
    ['febf::1', 'a link-local address'],
    ['ff02::1', 'a multicast or reserved address'],
    ['fd00:ec2::254', "a cloud's metadata server"],
    ['FD00:0EC2::0254', "a cloud's metadata server"],
    ['10.1.0.1%lo', 'no address'],
    ['fd00::1%eth0', 'no address'],
  ])('are never at %s', (address, why) => {
    expect(addressFault(address)).toBe(why);
    expect(resolve([slice([address], { addressType: 'IPv6' })])).toEqual(
      refused(`its endpoint ${address} is ${why}`),
    );
  });

  it('never are an address of a node, in whatever spelling, unless the policy says so', () => {
    const node = {
      status: {
        addresses: [
          { type: 'Hostname', address: 'node-1' },
          { type: 'InternalIP', address: '192.0.2.7' },
          { type: 'ExternalIP', address: 'FD00:0:0::7' },
        ],
      },
    };
    expect(readNodeAddresses(node)).toEqual(['192.0.2.7', 'FD00:0:0::7']);
    const nodeAddresses = new Set(
      readNodeAddresses(node).flatMap((address) => canonicalAddress(address) ?? []),
    );
    for (const [address, addressType] of [
      ['192.0.2.7', 'IPv4'],
      ['fd00::7', 'IPv6'],
      ['fd00:0::0007', 'IPv6'],
      ['::ffff:192.0.2.7', 'IPv6'],
    ] as const) {
      const slices = [slice([address], { addressType })];
      expect(resolve(slices, { nodeAddresses })).toEqual(
        refused(expect.stringContaining('an address of a node')),
      );
      expect(endpoints(slices, { nodeAddresses, mayBeNodes: true })).toEqual([`${address}:8080`]);
      // Loopback and the like stay refused.
      expect(resolve([slice(['127.0.0.1'])], { nodeAddresses, mayBeNodes: true }).kind).toBe('refused');
    }
  });

  it('never are the API server as the agent knows it, and others of the same service still count', () => {
    const apiServer = { address: '10.1.0.1', port: 8080 };
    expect(resolve([slice(['10.1.0.1'])], { apiServer })).toEqual(
      refused('its endpoint 10.1.0.1 is the API server'),
    );
    expect(endpoints([slice(['10.1.0.1', '127.0.0.1', '10.1.0.2'])], { apiServer })).toEqual([
      '10.1.0.2:8080',
    ]);
    expect(endpoints([slice(['10.1.0.1'])], { apiServer: { ...apiServer, port: 6443 } })).toEqual([
      '10.1.0.1:8080',
    ]);
  });

  it.each([
    ...[undefined, null, 7, 'x', [], {}, { spec: null }, { spec: [] }, { spec: { ports: 'x' } }],
    ...[{ spec: { ports: [null, { port: '80' }, { port: -1 }, { port: 1e9 }, { port: 1.5 }] } }],
  ])('of an object that is none of the API’s are none: %j', (object) => {
    expect(resolve([object], { port: '80', of: object ?? {} })).toMatchObject({ kind: 'none' });
    expect(readEndpointSlice(object)).toMatchObject({ readyAddresses: [] });
    expect(readNodeAddresses(object)).toEqual([]);
  });
});
