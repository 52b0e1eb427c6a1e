import { MctunnelError } from '../../errors.ts';
import { isPromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import type { FlatHeaders, Identity } from '../../tunnel/index.ts';
import type { Authorizer, Caller, Decision, RequestFacts, ResourceAttributes } from '../ports.ts';
import { forbiddenMessage } from '../status.ts';
import { ANONYMOUS, UNAUTHENTICATED, withAuthenticatedGroup, type CompleteAuthenticator } from './chain.ts';
import { ExtraValues, extraKey, identityText } from './header-text.ts';

export interface ImpersonationOptions {
  readonly authenticator: CompleteAuthenticator;
  readonly authorizer: Authorizer;
}

/** Values of one request at most: each of them is a question to the authoriser. */
const MAX_QUESTIONS = 256;
const PREFIX = 'impersonate-';
const EXTRA_PREFIX = 'impersonate-extra-';
const KNOWN: ReadonlySet<string> = new Set(['impersonate-user', 'impersonate-uid', 'impersonate-group']);
const SERVICE_ACCOUNT =
  /^system:serviceaccount:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?):([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/;

/**
 * `Impersonate-*` of direct callers, as kube-apiserver does it (apiserver, pkg/endpoints/filters/impersonation): the caller needs
 * `impersonate` on the user or service account and on every group, uid and extra. Through aggregation the hub's kube-apiserver has
 * resolved it before: there such a header is a 400. Throws MctunnelError FORBIDDEN in the API server's words, BAD_REQUEST, or what
 * the authenticator and the authoriser throw.
 */
export function withImpersonation(options: ImpersonationOptions): CompleteAuthenticator {
  const { authenticator, authorizer } = options;
  return {
    authenticate: (request: RequestFacts): MaybePromise<Caller> => {
      const caller = authenticator.authenticate(request);
      if (!asksForImpersonation(request.headers)) return caller;
      if (isPromise(caller)) return caller.then((known) => impersonate(known, request, authorizer));
      return impersonate(caller, request, authorizer);
    },
  };
}

function asksForImpersonation(headers: FlatHeaders): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const first = name.charCodeAt(0) | 0x20;
    if (first === 0x69 && name.toLowerCase().startsWith(PREFIX)) return true;
  }
  return false;
}

function impersonate(caller: Caller, request: RequestFacts, authorizer: Authorizer): MaybePromise<Caller> {
  // Whatever comes of it: the attempt has an author.
  request.authenticated = caller;
  if (caller.method === 'front-proxy') {
    throw unresolved(request.headers);
  }
  const { identity, questions } = readRequest(request.headers);
  const admitted: Caller = { method: caller.method, identity, impersonator: caller.identity };
  const from = (first: number): MaybePromise<Caller> => {
    for (let index = first; index < questions.length; index++) {
      const attributes = questions[index];
      if (attributes === undefined) continue;
      const check = (decision: Decision): void => {
        if (decision.allowed) return;
        throw new MctunnelError('FORBIDDEN', forbiddenMessage(caller.identity, attributes, decision.reason));
      };
      const decision = authorizer.authorize(caller.identity, attributes);
      if (isPromise(decision)) {
        return decision.then((known) => {
          check(known);
          return from(index + 1);
        });
      }
      check(decision);
    }
    return admitted;
  };
  return from(0);
}

/**
 * A kube-apiserver passes on what it takes for no impersonation: an empty user or uid, and names that it does not know. Whoever sent them
 * meant something by them, so they are not left out here.
 */
function unresolved(headers: FlatHeaders): MctunnelError {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const lower = name.toLowerCase();
    if (!lower.startsWith(PREFIX)) continue;
    if (!KNOWN.has(lower) && !lower.startsWith(EXTRA_PREFIX)) return unknownHeader(name);
    if (headers[i + 1] === '') {
      return new MctunnelError('BAD_REQUEST', `${name} is empty: give it a value or leave it out`);
    }
  }
  return new MctunnelError(
    'BAD_REQUEST',
    'Impersonate-* headers from the front proxy: it should have resolved them',
  );
}

function unknownHeader(name: string): MctunnelError {
  return new MctunnelError('BAD_REQUEST', `unknown header ${name}: leave it out`);
}

interface ImpersonationRequest {
  readonly identity: Identity;
  readonly questions: readonly ResourceAttributes[];
}

function readRequest(headers: FlatHeaders): ImpersonationRequest {
  const users: string[] = [];
  const uids: string[] = [];
  const groups: string[] = [];
  const extra = new ExtraValues();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const lower = name.toLowerCase();
    if (!lower.startsWith(PREFIX)) continue;
    const value = identityText(headers[i + 1] ?? '', name);
    if (lower.startsWith(EXTRA_PREFIX)) extra.add(extraKey(lower.slice(EXTRA_PREFIX.length), name), value);
    else if (lower === 'impersonate-user') users.push(value);
    else if (lower === 'impersonate-uid') uids.push(value);
    else if (lower === 'impersonate-group') groups.push(value);
    else throw unknownHeader(name);
  }
  const user = onlyOne(users, 'Impersonate-User');
  if (user === undefined) {
    throw new MctunnelError('BAD_REQUEST', 'Impersonate-Group, -Uid or -Extra without Impersonate-User');
  }
  const uid = onlyOne(uids, 'Impersonate-Uid') ?? '';
  if (groups.includes('')) throw new MctunnelError('BAD_REQUEST', 'Impersonate-Group is empty');
  const extras = extra.list();
  const questions = questionsFor(user, uid, groups, extras);
  if (questions.length > MAX_QUESTIONS) {
    throw new MctunnelError('BAD_REQUEST', `more than ${MAX_QUESTIONS} Impersonate-* values`);
  }
  return { identity: identityFor(user, uid, groups, extras), questions };
}

function onlyOne(values: readonly string[], name: string): string | undefined {
  const [first, ...others] = values;
  if (others.length > 0) throw new MctunnelError('BAD_REQUEST', `more than one ${name} header`);
  if (first === '') throw new MctunnelError('BAD_REQUEST', `${name} is empty`);
  return first;
}

function questionsFor(
  user: string,
  uid: string,
  groups: readonly string[],
  extras: Identity['extra'],
): ResourceAttributes[] {
  const ask = (
    resource: string,
    name: string,
    more: Partial<ResourceAttributes> = {},
  ): ResourceAttributes => ({
    verb: 'impersonate',
    group: '',
    version: 'v1',
    resource,
    subresource: '',
    name,
    namespace: '',
    ...more,
  });
  const [, namespace, account] = SERVICE_ACCOUNT.exec(user) ?? [];
  const authentication = { group: 'authentication.k8s.io' };
  return [
    namespace !== undefined && account !== undefined
      ? ask('serviceaccounts', account, { namespace })
      : ask('users', user),
    ...groups.map((group) => ask('groups', group)),
    ...extras.flatMap(({ key, values }) =>
      values.map((value) => ask('userextras', value, { ...authentication, subresource: key })),
    ),
    ...(uid === '' ? [] : [ask('uids', uid, authentication)]),
  ];
}

function identityFor(
  user: string,
  uid: string,
  asked: readonly string[],
  extra: Identity['extra'],
): Identity {
  const [, namespace] = SERVICE_ACCOUNT.exec(user) ?? [];
  // A service account brings its groups along unless the caller chose others.
  const groups =
    asked.length === 0 && namespace !== undefined
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : asked;
  if (user === ANONYMOUS) {
    return {
      user,
      uid,
      extra,
      groups: groups.includes(UNAUTHENTICATED) ? groups : [...groups, UNAUTHENTICATED],
    };
  }
  return withAuthenticatedGroup({ user, uid, groups, extra });
}
