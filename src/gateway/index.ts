import { GatewayProxy } from './proxy/index.ts';
import type { Gateway, GatewayOptions, Proxy, ProxyOptions } from './options.ts';
import { HttpsGateway } from './server/index.ts';

export type * from './options.ts';

/** Requests ⇄ streams. Its `handler` is for the API's application; the gateway hands it its requests before. */
export function createProxy(options: ProxyOptions): Proxy {
  return new GatewayProxy(options);
}

/** The gateway port. `proxy` is one of `createProxy`. Nothing listens before `listen`. Throws what OpenSSL says of an unfitting `tls`. */
export function createGateway(options: GatewayOptions): Gateway {
  const { proxy } = options;
  if (!(proxy instanceof GatewayProxy)) throw new TypeError('proxy must come from createProxy');
  return new HttpsGateway({ ...options, proxy });
}
