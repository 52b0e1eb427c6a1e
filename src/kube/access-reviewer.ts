import { MctunnelError } from '../errors.ts';
import type { AccessAttributes, AccessReviewer } from '../gateway/ports.ts';
import { ReviewCall, type ReviewCallOptions } from './review-call.ts';

/** SubjectAccessReview (authorization.k8s.io/v1). RBAC: `create` on `subjectaccessreviews`. */
export function createAccessReviewer(options: ReviewCallOptions): AccessReviewer {
  const call = new ReviewCall('/apis/authorization.k8s.io/v1/subjectaccessreviews', options);
  return {
    review: async ({ user, uid, groups, extra }, attributes) => {
      const status = await call.send({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user,
          ...(uid !== '' && { uid }),
          groups,
          extra: Object.fromEntries(extra.map(({ key, values }) => [key, values])),
          ...specOf(attributes),
        },
      });
      const { allowed, denied, reason } = status;
      if (typeof allowed !== 'boolean' || (allowed && denied === true)) {
        const { what = 'the hub cluster', hop = 'hub' } = options.asked ?? {};
        throw new MctunnelError(
          'REVIEW_FAILED',
          `${what} answered an access review in a way that cannot be read`,
          { hop },
        );
      }
      return { allowed, reason: typeof reason === 'string' ? reason : '' };
    },
  };
}

function specOf(attributes: AccessAttributes): object {
  if ('path' in attributes)
    return { nonResourceAttributes: { path: attributes.path, verb: attributes.verb } };
  // The API server takes a missing field and an empty one alike.
  return { resourceAttributes: attributes };
}
