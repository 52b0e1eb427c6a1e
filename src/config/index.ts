export { agentSettings } from './agent.ts';
export { hubSettings, type HubConfig } from './hub.ts';
export { resolveSettings, type Resolution, type Sources } from './resolve.ts';
export {
  flagOf,
  setting,
  variableOf,
  variablesOf,
  type Resolved,
  type Setting,
  type Settings,
} from './setting.ts';
export * as values from './values.ts';
export type { HostPort } from './values.ts';
