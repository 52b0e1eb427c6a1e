export { AgentSigningRequests, type AgentSigningRequestsOptions } from './agent-signing-requests.ts';
export { createAccessReviewer } from './access-reviewer.ts';
export {
  watchAuthenticationConfig,
  type AuthenticationWatch,
  type AuthenticationWatchOptions,
} from './authentication-watch.ts';
export { CaBundleKeeper, type CaBundleKeeperOptions } from './ca-bundle.ts';
export { createKubeClient, type KubeClient } from './client.ts';
export { createPassThroughView } from './cluster-view.ts';
export { CollectionWatch } from './collection-watch.ts';
export { CrdStore, type CrdStoreOptions } from './crd-store.ts';
export { Credentials, type Credential } from './credentials.ts';
export { jsonLines } from './json-lines.ts';
export {
  loadDefaultKubeconfig,
  loadInCluster,
  loadKubeconfig,
  type Environment,
  type KubeconfigOptions,
  type KubeContext,
} from './kubeconfig.ts';
export type { RawClient, RawRequest, RawResponse } from './raw-client.ts';
export type { ReviewCallOptions } from './review-call.ts';
export { createTokenReviewer, type TokenReviewerOptions } from './token-reviewer.ts';
export { readReplicaAuthorities, ReplicaLeases, type ReplicaAuthorities } from './replica-leases.ts';
export { SecretKeyStore, type SecretKeyStoreOptions } from './secret-key-store.ts';
export { SecretTokenStore, type SecretTokenStoreOptions } from './secret-token-store.ts';
export {
  AUTHORITY_SECRET_NAMES,
  AUTHORITY_SECRET_TYPE,
  TOKEN_SECRET_NAMES,
  TOKEN_SECRET_TYPE,
} from './secret-names.ts';
