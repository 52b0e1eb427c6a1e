export { createReviewingAuthorizer, type ReviewingAuthorizerOptions } from './reviewing-authorizer.ts';
export { createStandaloneAuthorizer } from './standalone-authorizer.ts';
