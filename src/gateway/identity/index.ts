export { requireReadableBundle } from './certificate.ts';
export { chainAuthenticators, type CompleteAuthenticator } from './chain.ts';
export { createClientCertificateAuthenticator, type ClientCertificateOptions } from './client-certificate.ts';
export { createFrontProxyAuthenticator, identityHeadersOf, type FrontProxyOptions } from './front-proxy.ts';
export { withImpersonation, type ImpersonationOptions } from './impersonation.ts';
export {
  openStaticTokenFile,
  type StaticTokenAuthenticator,
  type StaticTokenFileOptions,
} from './static-tokens.ts';
export { createTokenReviewAuthenticator, type TokenReviewOptions } from './token-review.ts';
