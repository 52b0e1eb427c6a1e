export type { ProtocolAdapter } from './adapter.ts';
export {
  noCredential,
  staticToken,
  watchTokenFile,
  type CredentialSource,
  type TokenFile,
} from './credential.ts';
export type { InFlight } from './http-adapter.ts';
export { DEFAULT_IDENTITY_PREFIX, identityPrefixFault } from './identity.ts';
export type { MemberEndpoint } from './member.ts';
export { MemberWatch, type MemberWatchOptions } from './member-watch.ts';
export { Policy, type PolicySource } from './policy.ts';
export { watchPolicyFile, type PolicyFile, type PolicyFileOptions } from './policy-file.ts';
export { impersonationRights, probeMember, type ImpersonationRight, type MemberState } from './probe.ts';
export {
  DEFAULT_MAX_SHORT_REQUESTS,
  createUpstream,
  type Upstream,
  type UpstreamOptions,
} from './upstream.ts';
