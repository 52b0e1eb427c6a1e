export { createKubeClient, type KubeClient } from './client.ts';
export {
  loadDefaultKubeconfig,
  loadInCluster,
  loadKubeconfig,
  type Environment,
  type KubeconfigOptions,
  type KubeContext,
} from './kubeconfig.ts';
export { RawClient, type RawRequest, type RawResponse } from './raw-client.ts';
