export { proxyAttributes, verbOf, type ProxyAccess } from './attributes.ts';
export { authorizeAll, type Denial } from './authorize-all.ts';
export { forbidden } from './forbidden.ts';
export { createReviewingAuthorizer, type ReviewingAuthorizerOptions } from './reviewing-authorizer.ts';
export { createStandaloneAuthorizer } from './standalone-authorizer.ts';
