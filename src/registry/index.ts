export type { AuthenticatedAgent, ConnectedAgent } from './agent.ts';
export type * from './ports.ts';
export {
  type LiveSession,
  type SessionHandlers,
  type SessionObserver,
  SessionRegistry,
  type SessionRegistryOptions,
} from './session-registry.ts';
