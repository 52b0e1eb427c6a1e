export { ForwardingDialer } from './forwarding-dialer.ts';
export { PeerLinks, type PeerDial } from './peer-links.ts';
export { relay } from './relay.ts';
