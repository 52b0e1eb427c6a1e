export type { ApiOptions, HealthCheck, VersionInfo } from './options.ts';
