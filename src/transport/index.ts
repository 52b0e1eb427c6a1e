export { dialTunnel } from './client.ts';
export { createConnector } from './connector.ts';
export { enroll, renew, type EnrollOptions, type RenewOptions } from './enrolment.ts';
export { proxyFor } from './hub-address.ts';
export type * from './options.ts';
export { peekChain, type PeekOptions } from './peek-chain.ts';
export type * from './ports.ts';
export { createTunnelServer } from './server.ts';
