/**
 * Every error that mctunnel itself makes, as its users meet it: `errors.test.ts` provokes each row and holds the answer to it, and
 * renders docs/errors.md from it.
 */
import type { Delivered, ErrorCode, Hop } from '../../src/errors.ts';

export interface ErrorRow {
  readonly title: string;
  /** When it happens, a whole sentence or two, for a user. */
  readonly situation: string;
  /** What to do, for a user. */
  readonly advice: string;
  readonly http: number;
  readonly reason: string;
  /** `reason` of a StatusCause that tells it from its neighbours. */
  readonly cause?: string;
  readonly hop: Hop;
  readonly delivered: Delivered;
  /** Seconds; undefined: the header is absent. */
  readonly retryAfter?: number;
  readonly codes: readonly ErrorCode[];
}

/** Under `clusters/NAME/proxy`. */
export const PROXY_ROWS = {
  clusterNotFound: {
    title: 'No such cluster',
    situation: 'Nothing is registered at this hub under the name in the path.',
    advice:
      'Look for the name in `mctunnel clusters`. A new cluster is registered by `mctunnel token create --cluster NAME`.',
    http: 503,
    reason: 'ServiceUnavailable',
    cause: 'ClusterNotFound',
    hop: 'hub',
    delivered: 'no',
    codes: ['CLUSTER_NOT_FOUND'],
  },
  clusterDisconnected: {
    title: 'The cluster is not connected',
    situation:
      'It is registered, and no agent of it has a tunnel to the hub: it never had one, it is paused, its agent is refused, or its tunnel was lost more than 30 seconds ago; or another hub replica has its tunnel, and this one cannot reach that. The message says since when and why.',
    advice:
      'Read the message: it names the cause. `mctunnel clusters -o wide` and the log of the agent tell more.',
    http: 503,
    reason: 'ServiceUnavailable',
    cause: 'ClusterDisconnected',
    hop: 'hub',
    delivered: 'no',
    codes: ['CLUSTER_DISCONNECTED'],
  },
  clusterJustLost: {
    title: 'The cluster has just lost its tunnel',
    situation:
      'Its tunnel was lost less than 30 seconds ago, and its agent, which dials again by itself, is expected back.',
    advice:
      'Send the request again after a second. Clients that heed `Retry-After` (client-go, kubectl) do so by themselves.',
    http: 503,
    reason: 'ServiceUnavailable',
    cause: 'ClusterDisconnected',
    hop: 'hub',
    delivered: 'no',
    retryAfter: 1,
    codes: ['CLUSTER_DISCONNECTED'],
  },
  hubDraining: {
    title: 'The hub is shutting down',
    situation: 'This hub replica drains: it ends the requests that it has, and takes no new ones.',
    advice:
      'Send the request again after a second: it reaches another replica, or the same one once it has restarted.',
    http: 503,
    reason: 'ServiceUnavailable',
    cause: 'Draining',
    hop: 'hub',
    delivered: 'no',
    retryAfter: 1,
    codes: ['DRAINING'],
  },
  unauthenticated: {
    title: 'Not authenticated',
    situation:
      'On the direct gateway: no client certificate or token that the hub knows. (On the other route the hub’s kube-apiserver answers this itself, without `Mctunnel-Hop`.)',
    advice:
      'Use credentials of the hub cluster; of a standalone hub, those in its `--token-auth-file` or its administrator’s kubeconfig.',
    http: 401,
    reason: 'Unauthorized',
    hop: 'hub',
    delivered: 'no',
    codes: ['UNAUTHENTICATED'],
  },
  forbidden: {
    title: 'Not allowed at the hub',
    situation:
      'RBAC of the hub cluster does not allow the user the verb on `clusters/proxy` of that cluster. Upgrades (exec, attach, port-forward) need `create` as well as the verb of their method.',
    advice:
      'Have an administrator of the hub bind a role with `clusters/proxy` of the group `gateway.mctunnel.io` and the verbs in the message.',
    http: 403,
    reason: 'Forbidden',
    hop: 'hub',
    delivered: 'no',
    codes: ['FORBIDDEN'],
  },
  policyDenied: {
    title: 'Refused by the policy of the cluster',
    situation:
      'The cluster’s owner has forbidden it in the agent’s `--policy` file, which the hub cannot lift. Services are refused unless they are listed there; so are, whatever is listed, those that lead to loopback, link-local or node addresses or are of the type ExternalName.',
    advice: 'Ask the owner of the managed cluster; the message says which rule it was.',
    http: 403,
    reason: 'Forbidden',
    cause: 'PolicyDenied',
    hop: 'agent',
    delivered: 'no',
    codes: ['POLICY_DENIED'],
  },
  serviceForbidden: {
    title: 'A service that the cluster does not allow',
    situation:
      'RBAC of the managed cluster does not allow the user, by the name that they have there, the verb on `services/proxy` of that service. Upgrades need `create` as well as the verb of their method.',
    advice:
      'Have an administrator of the managed cluster bind a role with `services/proxy` and the verbs, the name and the namespace in the message.',
    http: 403,
    reason: 'Forbidden',
    hop: 'agent',
    delivered: 'no',
    codes: ['FORBIDDEN'],
  },
  noEndpoints: {
    title: 'A service with nothing behind it',
    situation:
      'The policy lists the service, and in the cluster there is no Service of that name, it has no such port, none of its endpoints is ready, or the agent may not look.',
    advice:
      'The message says which. `kubectl get endpointslices -l kubernetes.io/service-name=NAME` shows what is ready; `mctunnel agent rbac --policy FILE` prints what the agent must be allowed.',
    http: 503,
    reason: 'ServiceUnavailable',
    cause: 'NoEndpoints',
    hop: 'agent',
    delivered: 'no',
    codes: ['NO_ENDPOINTS'],
  },
  reviewFailed: {
    title: 'The hub could not ask who may do this',
    situation:
      'The kube-apiserver of the hub cluster could not be asked for a TokenReview or a SubjectAccessReview. (The agent gives the same answer, with `Mctunnel-Hop: agent`, when its own could not be asked about a service.) It is neither a yes nor a no, and nothing is remembered of it.',
    advice:
      'Try again. If it stays: can the hub reach its kube-apiserver, and is its service account bound to `system:auth-delegator`?',
    http: 500,
    reason: 'InternalError',
    cause: 'ReviewFailed',
    hop: 'hub',
    delivered: 'no',
    codes: ['REVIEW_FAILED'],
  },
  internal: {
    title: 'A fault of the hub’s own',
    situation:
      'Something failed that should not fail; the hub’s log tells what. Also: the audit log cannot be written, and the hub was started with `--audit-log-required`.',
    advice: 'Look in the hub’s log for the `Audit-Id` of the answer.',
    http: 500,
    reason: 'InternalError',
    cause: 'Internal',
    hop: 'hub',
    delivered: 'no',
    codes: ['INTERNAL'],
  },
  badRequest: {
    title: 'An ambiguous or hostile request',
    situation:
      'Two readers could understand the path or the headers in different ways: `.` or `..` or an empty segment, an encoded `/` or control character, two Content-Lengths, Content-Length beside Transfer-Encoding, an upgrade with a body, an identity header where none may be. Or HTTP/1.1 is broken: no Host, an `Expect` other than `100-continue`. It is refused and never forwarded, and where the end of the request is in doubt the connection is closed. (When the chunks of a body turn out to be malformed after a part of it was forwarded, the request is taken back, and `Delivered` is `unknown`.)',
    advice: 'Mend the client; the message says what is wrong.',
    http: 400,
    reason: 'BadRequest',
    hop: 'hub',
    delivered: 'no',
    codes: ['BAD_REQUEST'],
  },
  methodNotAllowed: {
    title: 'A method that is never proxied',
    situation: 'TRACE, which would send credentials back, or CONNECT.',
    advice: 'Use another method.',
    http: 405,
    reason: 'MethodNotAllowed',
    hop: 'hub',
    delivered: 'no',
    codes: ['METHOD_NOT_ALLOWED'],
  },
  tooManyOfUser: {
    title: 'Too many requests in flight',
    situation:
      'The user has as many requests under way to this cluster as `--max-in-flight-per-user` allows (400), or all users together as many as `--max-in-flight-per-cluster` (1,000); watches count. The registration’s `spec.limits` sets other limits for one cluster.',
    advice:
      'Send the request again after a second. If it comes often, look for a client that opens watches and does not end them, or raise the limit.',
    http: 429,
    reason: 'TooManyRequests',
    hop: 'hub',
    delivered: 'no',
    retryAfter: 1,
    codes: ['TOO_MANY_REQUESTS'],
  },
  tooManyAtAgent: {
    title: 'Too many requests at the agent',
    situation:
      'The agent of the cluster has as many short requests under way as it takes (512); watches, followed logs and upgrades do not count. It refuses what is beyond that and queues nothing.',
    advice: 'Send the request again after a second. If it comes often, its API server is slow: look there.',
    http: 429,
    reason: 'TooManyRequests',
    hop: 'agent',
    delivered: 'no',
    retryAfter: 1,
    codes: ['TOO_MANY_REQUESTS'],
  },
  memberUnreachable: {
    title: 'The cluster’s API server cannot be reached',
    situation:
      'The agent is connected, and the API server behind it (or the endpoint of a service) refuses the connection, does not answer it within 5 seconds, or shows a certificate that is not of the CA in the agent’s kubeconfig (or in the policy).',
    advice: 'Look after the API server of the managed cluster. Sending the request again is safe.',
    http: 502,
    reason: 'BadGateway',
    cause: 'UpstreamUnreachable',
    hop: 'agent',
    delivered: 'no',
    codes: ['UPSTREAM_UNREACHABLE'],
  },
  memberLost: {
    title: 'The cluster’s API server broke the connection',
    situation: 'The request was sent, and the connection ended before an answer began.',
    advice: 'See whether the request was executed before it is sent again.',
    http: 502,
    reason: 'BadGateway',
    cause: 'UpstreamLost',
    hop: 'agent',
    delivered: 'unknown',
    codes: ['UPSTREAM_LOST'],
  },
  tunnelLost: {
    title: 'The tunnel was lost before the answer',
    situation: 'The request went into the tunnel, and the tunnel ended before an answer came back.',
    advice: 'See whether the request was executed before it is sent again.',
    http: 502,
    reason: 'BadGateway',
    cause: 'TunnelLost',
    hop: 'hub',
    delivered: 'unknown',
    codes: ['TUNNEL_LOST'],
  },
  redirectRefused: {
    title: 'A redirect out of the cluster',
    situation:
      'The answer is a redirect to another server, where the client would go with its credentials. Behind the hub’s kube-apiserver every redirect is refused, because that answers any of them with an error.',
    advice: 'Ask for the address that the message names, if you trust it, by a way of your own.',
    http: 502,
    reason: 'BadGateway',
    cause: 'RedirectRefused',
    hop: 'agent',
    delivered: 'unknown',
    codes: ['REDIRECT_REFUSED'],
  },
  protocol: {
    title: 'An answer that is not valid HTTP',
    situation:
      'The other end broke the rules of HTTP or of the tunnel, so that nobody can say where its answer ends.',
    advice:
      'Look at what stands in for the API server of that cluster, and at the log of its agent. See whether the request was executed before it is sent again.',
    http: 502,
    reason: 'BadGateway',
    cause: 'Protocol',
    hop: 'agent',
    delivered: 'unknown',
    codes: ['PROTOCOL'],
  },
  flowControl: {
    title: 'The agent says that flow control was broken',
    situation:
      'It gave the request up because more bytes came than it had allowed. An agent of ours never says so: it is another program. (When an agent breaks it, the hub ends its tunnel, and the answer is that of a lost tunnel.)',
    advice: 'Look at what runs as the agent of that cluster.',
    http: 502,
    reason: 'BadGateway',
    cause: 'FlowControl',
    hop: 'agent',
    delivered: 'unknown',
    codes: ['FLOW_CONTROL'],
  },
  unsupported: {
    title: 'The agent cannot do that',
    situation:
      'The request needs something that the agent of this cluster does not know: it is older than the hub, or was not set up for it.',
    advice: 'Update the agent.',
    http: 502,
    reason: 'BadGateway',
    cause: 'Unsupported',
    hop: 'agent',
    delivered: 'no',
    codes: ['UNSUPPORTED'],
  },
  timeoutAtMember: {
    title: 'The cluster did not answer in time',
    situation:
      'The API server of the cluster has the request, and no answer began within `--response-head-timeout` (65 s). Watches, followed logs and upgrades wait as long as they like.',
    advice:
      'See whether the request was executed before it is sent again, and what keeps that API server busy.',
    http: 504,
    reason: 'Timeout',
    cause: 'Timeout',
    hop: 'agent',
    delivered: 'unknown',
    codes: ['TIMEOUT'],
  },
  stalled: {
    title: 'Bytes stood still',
    situation:
      'Bytes of the request waited at the agent for 15 minutes, and nobody took any of them. (When the hub notices first, the same answer is made by the hub.)',
    advice:
      'See whether the request was executed before it is sent again, and why the cluster reads nothing.',
    http: 504,
    reason: 'Timeout',
    cause: 'Stalled',
    hop: 'agent',
    delivered: 'unknown',
    codes: ['STALLED'],
  },
  timeoutAtTunnel: {
    title: 'The agent did not answer in time',
    situation:
      'No answer began within `--response-head-timeout`, and the agent did not say why: it hangs, or the network to it does. After 45 seconds without a sign of life the tunnel counts as lost.',
    advice:
      'See whether the request was executed before it is sent again. Look at the agent’s machine and at the network between.',
    http: 504,
    reason: 'Timeout',
    cause: 'Timeout',
    hop: 'hub',
    delivered: 'unknown',
    codes: ['TIMEOUT'],
  },
} as const satisfies Record<string, ErrorRow>;

/** What happens to an answer that has begun: there is no status to send any more. */
export const BEGUN_ROWS = {
  midAnswer: {
    title: 'The tunnel or the cluster breaks in the middle of an answer',
    situation: 'The head of the answer, and maybe a part of its body, is at the client already.',
    outcome:
      'The connection is aborted. The end of an answer is never faked: a list that is cut short looks cut short (`unexpected EOF`, `ECONNRESET`).',
    advice: 'The request was executed, at least in part; a read can be sent again.',
  },
  midWatch: {
    title: 'The tunnel or the cluster breaks in the middle of a watch',
    situation: 'Also when the hub shuts down.',
    outcome:
      'What came up to the last whole event is delivered, and the watch ends cleanly, as it does when an API server restarts. Where the end of an event cannot be known (a compressed body), or the list that a WatchList begins with is not complete, the connection is aborted instead.',
    advice: 'Nothing: an informer goes on from its last resourceVersion, without a new list.',
  },
} as const;

/** `clusters`, `clusterregistrations` and their subresources: answers as of any API server. */
export const API_ROWS = {
  notFound: {
    title: 'There is no such cluster, or no such path',
    situation:
      '`GET clusters/NAME` and the store says that there is none. The only 404 of ours: never under `/proxy`.',
    advice: 'Look for the name in `mctunnel clusters`.',
    http: 404,
    reason: 'NotFound',
    codes: ['NOT_FOUND'],
  },
  readOnly: {
    title: 'A read view',
    situation: '`clusters` can be read only.',
    advice: 'Create, change and delete `clusterregistrations.registry.mctunnel.io` instead.',
    http: 405,
    reason: 'MethodNotAllowed',
    codes: ['METHOD_NOT_ALLOWED'],
  },
  notAcceptable: {
    title: 'A media type that is not served',
    situation: 'The `Accept` header names nothing that the hub has.',
    advice: 'Accept `application/json`.',
    http: 406,
    reason: 'NotAcceptable',
    codes: ['NOT_ACCEPTABLE'],
  },
  alreadyExists: {
    title: 'The name is taken',
    situation: 'A registration of that name exists.',
    advice: 'Choose another name, or use the one that exists.',
    http: 409,
    reason: 'AlreadyExists',
    codes: ['ALREADY_EXISTS'],
  },
  conflict: {
    title: 'A conflict with the present state',
    situation:
      'The object was changed since it was read; or a token is asked for a cluster that is connected, without `replace`.',
    advice: 'Read the object again and repeat the change; for a token, `mctunnel token create --replace`.',
    http: 409,
    reason: 'Conflict',
    codes: ['CONFLICT'],
  },
  expired: {
    title: 'Too old a resourceVersion',
    situation: 'A watch or a list goes on from a point that the hub does not remember.',
    advice: 'List again; informers do so by themselves.',
    http: 410,
    reason: 'Expired',
    codes: ['EXPIRED'],
  },
  tooLarge: {
    title: 'Too large a body',
    situation:
      'The body of a write to the hub’s own API is larger than 3 MiB. Bodies under `/proxy` have no limit.',
    advice: 'Send less.',
    http: 413,
    reason: 'RequestEntityTooLarge',
    codes: ['TOO_LARGE'],
  },
  unsupportedMediaType: {
    title: 'A body of a kind that is not read',
    situation:
      'The `Content-Type` of a write is not one that the hub reads; of patches a standalone hub reads JSON patch and merge patch only.',
    advice:
      'Send `application/json`, or `application/merge-patch+json` or `application/json-patch+json` for a patch.',
    http: 415,
    reason: 'UnsupportedMediaType',
    codes: ['UNSUPPORTED_MEDIA_TYPE'],
  },
  invalid: {
    title: 'An object that is not valid',
    situation:
      'Fields of the object break its schema, and `details.causes` names each of them; or a JSON patch does not apply, or one of its tests failed.',
    advice: 'Mend the fields, or the patch.',
    http: 422,
    reason: 'Invalid',
    codes: ['INVALID'],
  },
} as const satisfies Record<string, Omit<ErrorRow, 'hop' | 'delivered'>>;
