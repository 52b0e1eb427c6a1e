export { type AdminKubeconfigOptions, writeAdminKubeconfig } from './admin-kubeconfig.ts';
export { AgentAuthenticator, type AgentAuthenticatorOptions } from './agent-authenticator.ts';
export { type AgentCertificate, parseAgentCertificate } from './agent-certificate.ts';
export { type AgentCredentials, AgentFolder } from './agent-folder.ts';
export { AgentIdentity, type AgentIdentityOptions, type HubEnrollment } from './agent-identity.ts';
export {
  Authority,
  type AuthorityOptions,
  type Leaf,
  openAuthority,
  type ServingNames,
} from './authority.ts';
export { BootstrapTokens, type BootstrapTokensOptions } from './bootstrap-tokens.ts';
export { spkiHash } from './certificate.ts';
export { Enroller, type EnrollerOptions, type Enrollment, type IssuedCredentials } from './enroller.ts';
export { FolderKeyStore } from './folder-key-store.ts';
export { FolderTokenStore } from './folder-token-store.ts';
export { findHubAuthority } from './hub-authority.ts';
export type { AuthorityName, KeyMaterial, KeyStore } from './key-store.ts';
export { parseCertificates } from './pem.ts';
export type { AgentPeer, AuthenticatedAgent, Liveness, Registration, Registrations } from './ports.ts';
export { ServingCertificate, type ServingCertificateOptions } from './serving-certificate.ts';
export type { StoredToken, TokenRecord, TokenStore, TokenUse } from './token-store.ts';
