export type { AuthenticatedAgent, ConnectedAgent } from './agent.ts';
export type * from './ports.ts';
export { type SessionObserver, SessionRegistry } from './session-registry.ts';
