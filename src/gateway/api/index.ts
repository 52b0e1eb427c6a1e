export { createApi } from './app.ts';
export type { Api, ApiOptions, Probes, VersionInfo } from './options.ts';
export { createEmbeddedView, type EmbeddedViewOptions } from './read/embedded-view.ts';
