export type * from './options.ts';
export type * from './ports.ts';
export { dialTunnel } from './client.ts';
export { proxyFor } from './hub-address.ts';
export { createTunnelServer } from './server.ts';
