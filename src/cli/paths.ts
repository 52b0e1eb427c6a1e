export const GATEWAY_API = '/apis/gateway.mctunnel.io/v1';
export const CLUSTERS_PATH = `${GATEWAY_API}/clusters`;
export const REGISTRATIONS_PATH = '/apis/registry.mctunnel.io/v1/clusterregistrations';
export const APISERVICE_PATH = '/apis/apiregistration.k8s.io/v1/apiservices/v1.gateway.mctunnel.io';
/** On the gateway's discovery answers: also through the hub's kube-apiserver, whose own /version tells of itself. */
export const HUB_VERSION_HEADER = 'Mctunnel-Version';
