export { GatewayProxy } from './proxy.ts';
