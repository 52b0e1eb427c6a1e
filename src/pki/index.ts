export { writeAdminKubeconfig } from './admin-kubeconfig.ts';
export { AgentAuthenticator } from './agent-authenticator.ts';
export { AgentFolder, type AgentCredentials } from './agent-folder.ts';
export { AgentIdentity, hasExpired } from './agent-identity.ts';
export { type Authority, type Leaf, newAuthority, openAuthority } from './authority.ts';
export { followAuthority } from './authority-watch.ts';
export { parseToken } from './bootstrap-token.ts';
export { BootstrapTokens } from './bootstrap-tokens.ts';
export { Enroller } from './enroller.ts';
export { FolderKeyStore } from './folder-key-store.ts';
export { FolderTokenStore } from './folder-token-store.ts';
export { spkiHash } from './certificate.ts';
export { authorityHashes, findHubAuthority } from './hub-authority.ts';
export { parseCertificates } from './pem.ts';
export { openServingCertificate } from './serving-certificate.ts';
export { OwnCertificate } from './own-certificate.ts';
export { hubOf, issueHubCertificate } from './hub-certificate.ts';
export { changedMeanwhile, formatMaterial, parseMaterial } from './key-material.ts';
export * from './key-store.ts';
export {
  type AgentTrust,
  type AuthorityState,
  describeAuthority,
  type Readiness,
  readinessOf,
  type RotationStep,
  stateOf,
  announceFresh,
  takeStep,
} from './rotation.ts';
export type * from './token-store.ts';
export { parseSigningRequest } from './signing-request.ts';
export type * from './signing-requests.ts';
