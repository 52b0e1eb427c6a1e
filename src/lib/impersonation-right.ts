/** One right to impersonate, as RBAC and a SelfSubjectAccessReview name it. */
export interface ImpersonationRight {
  /** Empty for users and groups, `authentication.k8s.io` for userextras. */
  readonly group: string;
  readonly resource: string;
  /** An extra's key; empty otherwise. */
  readonly subresource: string;
  /** One name; empty: any. */
  readonly name: string;
}

/** `groups`, `users "hub:alice"`, `userextras/scopes.authentication.k8s.io`. */
export function describeRight({ group, resource, subresource, name }: ImpersonationRight): string {
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  return `${what}${group === '' ? '' : `.${group}`}${name === '' ? '' : ` ${JSON.stringify(name)}`}`;
}
