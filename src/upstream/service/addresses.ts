import { BlockList, isIP } from 'node:net';

/** No pod has such an address; what answers there is the agent's own machine, its network, or the cloud's metadata server. */
const REFUSED: readonly (readonly [why: string, ...ranges: string[]])[] = [
  ['a loopback address', '127.0.0.0/8', '::1/128'],
  ['an unspecified address', '0.0.0.0/8', '::/128'],
  ['a link-local address', '169.254.0.0/16', 'fe80::/10'],
  // 6to4, Teredo, NAT64 of one's own network (RFC 8215), SIIT, site-local: what they lead to depends on routers.
  [
    'an address that is translated',
    '2002::/16',
    '2001::/32',
    '64:ff9b:1::/48',
    '::ffff:0:0:0/96',
    'fec0::/10',
  ],
  ['a multicast or reserved address', '224.0.0.0/3', 'ff00::/8'],
  // Of clouds whose metadata servers are not link-local: Azure, Alibaba, Oracle, AWS and Google over IPv6.
  [
    "a cloud's metadata server",
    ...['168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32', 'fd00:ec2::254/128', 'fd20:ce::254/128'],
  ],
];
/** IPv6 forms of IPv4 addresses: what counts is the address in their last four bytes. */
const EMBEDDED = blockList(['::ffff:0:0/96', '::/96', '64:ff9b::/96']);
const LISTS = REFUSED.map(([why, ...ranges]) => ({ why, list: blockList(ranges) }));

/** Why an endpoint's address is never connected to; undefined: it may be. Text that is no address is refused. */
export function addressFault(address: string): string | undefined {
  const family = isIP(address);
  // A zone (`fe80::1%eth0`) names an interface of this machine.
  if (family === 0 || address.includes('%')) return 'no address';
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const fault = LISTS.find(({ list }) => list.check(address, type))?.why;
  if (fault !== undefined || family === 4 || !EMBEDDED.check(address, 'ipv6')) return fault;
  return addressFault(embeddedIPv4(address));
}

/** One spelling per address: `FD00:0::1` is `fd00::1`, and an IPv4 address in IPv6 form is that IPv4 address. */
export function canonicalAddress(address: string): string | undefined {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return undefined;
  if (family === 4) return address;
  if (EMBEDDED.check(address, 'ipv6')) return embeddedIPv4(address);
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function embeddedIPv4(address: string): string {
  // A canonical form ends with its last two groups: `::ffff:a9fe:a9fe`; leading zeros and whole zero groups are left out.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':');
  const [high, low] = [groups.at(-2) ?? '', groups.at(-1) ?? ''].map((group) => parseInt(group || '0', 16));
  return [(high ?? 0) >> 8, (high ?? 0) & 0xff, (low ?? 0) >> 8, (low ?? 0) & 0xff].join('.');
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net = '', bits = ''] = range.split('/');
    list.addSubnet(net, Number(bits), net.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}
