export type { ApiResponse } from './api.ts';
export { buildPrograms, type Programs } from './build.ts';
export { CertificateAuthority, type KeyPair, type Subject } from './certificates.ts';
export { ControlPlane, startControlPlane, type ControlPlaneOptions } from './control-plane.ts';
export { writeKubeconfig, type KubeconfigOptions } from './kubeconfig.ts';
export type { KubectlOptions, KubectlResult } from './kubectl.ts';
export { freePort } from './ports.ts';
export { processesOf, type Process } from './process.ts';
export { kubernetesAvailable, type Availability } from './programs.ts';
export { waitFor } from './wait.ts';
export {
  aggregatedGroup,
  aggregatedNamespace,
  aggregatedServerName,
  aggregatedService,
  aggregatedVersion,
  aggregationAvailable,
  registerAggregation,
  type AggregationOptions,
} from './aggregation.ts';
export type { User } from './users.ts';
