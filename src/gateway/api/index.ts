export { createApi } from './app.ts';
export type { Api, ApiOptions } from './options.ts';
export { createEmbeddedView } from './read/embedded-view.ts';
