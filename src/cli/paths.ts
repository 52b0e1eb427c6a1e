export const GATEWAY_API = '/apis/gateway.mctunnel.io/v1';
export const CLUSTERS_PATH = `${GATEWAY_API}/clusters`;
export const REGISTRATIONS_PATH = '/apis/registry.mctunnel.io/v1/clusterregistrations';
/** On the gateway's discovery answers: also through the hub's kube-apiserver, whose own /version tells of itself. */
export const HUB_VERSION_HEADER = 'Mctunnel-Version';
