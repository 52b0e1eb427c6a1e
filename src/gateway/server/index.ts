export { HttpsGateway } from './gateway.ts';
