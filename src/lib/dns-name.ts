/** RFC 1123, as Kubernetes names namespaces and resources. Its source stands in the CRD. How long one may be (63) is not in it. */
export const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** Labels with dots between them, as Kubernetes names API groups. Its source stands in messages. How long one may be (253) is not in it. */
export const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
