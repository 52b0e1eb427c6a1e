import { MctunnelError } from '../errors.ts';
import type { TokenReviewer, TokenVerdict } from '../gateway/ports.ts';
import { ReviewCall, type ReviewCallOptions } from './review-call.ts';

export interface TokenReviewerOptions extends ReviewCallOptions {
  /** A token must be meant for one of these; empty: for the API server itself. */
  readonly audiences: readonly string[];
}

type Identity = Extract<TokenVerdict, { authenticated: true }>['identity'];

/** kube-apiserver's words for a token that no authenticator knows; any other error may be a passing one of theirs. */
const UNKNOWN_TOKEN = 'invalid bearer token';

/** TokenReview (authentication.k8s.io/v1) at the hub cluster. RBAC: `create` on `tokenreviews` (system:auth-delegator). */
export function createTokenReviewer(options: TokenReviewerOptions): TokenReviewer {
  const call = new ReviewCall('/apis/authentication.k8s.io/v1/tokenreviews', options);
  const { audiences } = options;
  return {
    review: async (token) => {
      const status = await call.send({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, ...(audiences.length > 0 && { audiences }) },
      });
      if (status['authenticated'] !== true) {
        const error = status['error'];
        return {
          authenticated: false,
          isDefinite: typeof error !== 'string' || error === '' || error.includes(UNKNOWN_TOKEN),
        };
      }
      const meantFor = status['audiences'];
      if (
        audiences.length > 0 &&
        !(isStrings(meantFor) && meantFor.some((audience) => audiences.includes(audience)))
      ) {
        return { authenticated: false, isDefinite: true };
      }
      return { authenticated: true, identity: identityOf(status['user']) };
    },
  };
}

/** UserInfo as JSON. A user that cannot be read in full is nobody: half an identity could be more than the whole. */
function identityOf(user: unknown): Identity {
  const { username, uid = '', groups = [], extra = {} } = (user ?? {}) as Readonly<Record<string, unknown>>;
  const extras = Object.entries((extra ?? {}) as Readonly<Record<string, unknown>>);
  if (
    typeof username !== 'string' ||
    typeof uid !== 'string' ||
    !isStrings(groups ?? []) ||
    !extras.every(([, values]) => isStrings(values))
  ) {
    throw new MctunnelError(
      'REVIEW_FAILED',
      'the hub cluster described the user of a token in a way that cannot be read',
    );
  }
  return {
    user: username,
    uid,
    groups: (groups ?? []) as readonly string[],
    extra: extras.map(([key, values]) => ({ key, values: values as readonly string[] })),
  };
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
