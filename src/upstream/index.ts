export type { ProtocolAdapter } from './adapter.ts';
export {
  noCredential,
  staticToken,
  watchTokenFile,
  type CredentialSource,
  type TokenFile,
} from './credential.ts';
export { Discovery } from './discovery.ts';
export type { InFlight } from './http-adapter.ts';
export { identityPrefixFault } from './identity.ts';
export type { MemberEndpoint } from './member.ts';
export { MemberWatch, type MemberWatchOptions } from './member-watch.ts';
export { Policy, type PolicySource } from './policy.ts';
export { watchPolicyFile, type PolicyFile, type PolicyFileOptions } from './policy-file.ts';
export { impersonationRights, probeMember, type MemberState } from './probe.ts';
export { reportOf } from './report.ts';
export { Reporter, type ReporterOptions } from './reporter.ts';
export { createUpstream, type Upstream, type UpstreamOptions } from './upstream.ts';
export { createRenewalNotice, createReplicaNotice } from './notice.ts';
export type * from './ports.ts';
