import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { HubConfig } from '../config/index.ts';
import { createReviewingAuthorizer, createStandaloneAuthorizer } from '../gateway/access/index.ts';
import { createEmbeddedView } from '../gateway/api/index.ts';
import {
  chainAuthenticators,
  createClientCertificateAuthenticator,
  createFrontProxyAuthenticator,
  createTokenReviewAuthenticator,
  identityHeadersOf,
  requireReadableBundle,
  withImpersonation,
} from '../gateway/identity/index.ts';
import type { Authenticator, Authorizer, ClusterReadView, IdentityHeaders } from '../gateway/ports.ts';
import {
  CaBundleKeeper,
  createAccessReviewer,
  createPassThroughView,
  createTokenReviewer,
  CrdStore,
  watchAuthenticationConfig,
  type KubeClient,
  type KubeContext,
} from '../kube/index.ts';
import { systemClock } from '../lib/clock.ts';
import type { Closer } from '../lib/closer.ts';
import type { Log } from '../lib/log.ts';
import type { Authority } from '../pki/index.ts';
import { EmbeddedStore, stateFile } from '../registry/embedded/index.ts';
import type { ClusterStore } from '../registry/ports.ts';
import type { HubFiles } from './hub-files.ts';

/** What stands behind a hub: a hub cluster, or (standalone) a data folder. */
export interface HubBacking {
  readonly store: ClusterStore;
  readonly clusters: ClusterReadView;
  /** Standalone: registrations are served from it, too. */
  readonly registrations: EmbeddedStore | undefined;
  /** Standalone: signs the administrator's client certificate. */
  readonly adminAuthority: Authority | undefined;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly identityHeaders: () => IdentityHeaders;
  /** Why registrations may be out of date; undefined while they are not. */
  readonly fault: () => string | undefined;
}

/** The first list takes a moment; longer than this somebody should look. */
const REGISTRATIONS_PATIENCE_MS = 3_000;

export async function openKubernetesBacking(
  config: HubConfig,
  { clientCa: ownClientCa }: HubFiles,
  { raw, context }: KubeClient,
  gateway: { readonly caBundle: () => string; readonly onChange: (listener: () => void) => void },
  log: Log,
  closer: Closer,
): Promise<HubBacking> {
  const hubCluster = await watchAuthenticationConfig({
    raw,
    clock: systemClock,
    log,
    requireReadable: requireReadableBundle,
    ...(ownClientCa !== undefined && { otherClientCaPem: () => ownClientCa.clientCaPem }),
  });
  closer.add('authentication configuration', () => hubCluster.close());
  const reviewer = createTokenReviewer({ raw, clock: systemClock, audiences: config.tokenAudiences ?? [] });
  const authorizer = createReviewingAuthorizer({
    reviewer: createAccessReviewer({ raw, clock: systemClock }),
    clock: systemClock,
  });
  const direct = withImpersonation({
    authenticator: chainAuthenticators([
      createFrontProxyAuthenticator({
        source: hubCluster,
        clientCas: [hubCluster, ...(ownClientCa === undefined ? [] : [ownClientCa])],
        log,
      }),
      // Direct callers show what they show to the hub's kube-apiserver, unless a CA of their own was given.
      createClientCertificateAuthenticator({ source: ownClientCa ?? hubCluster, log }),
      createTokenReviewAuthenticator({ reviewer, clock: systemClock }),
    ]),
    authorizer,
  });
  const store = new CrdStore({ raw, clock: systemClock, log, random: Math.random });
  closer.add('registrations', () => store.close());
  store.start();
  await registrationsRead(store, context, log);
  const caBundle = new CaBundleKeeper({ raw, clock: systemClock, log, caBundle: gateway.caBundle });
  caBundle.start();
  gateway.onChange(() => caBundle.changed());
  closer.add('caBundle', () => caBundle.close());
  return {
    store,
    clusters: createPassThroughView(raw),
    registrations: undefined,
    adminAuthority: undefined,
    authenticator: direct,
    authorizer,
    identityHeaders: () => identityHeadersOf(hubCluster.requestHeader),
    fault: () => store.fault,
  };
}

/** Waits for the first list of the registrations, and says so when that takes longer: a hub that knows none must not serve. */
async function registrationsRead(store: CrdStore, context: KubeContext, log: Log): Promise<void> {
  const patience = systemClock.after(REGISTRATIONS_PATIENCE_MS, () => {
    log.warn(
      { server: context.server, reason: store.fault },
      'waiting for the registrations; is the CRD installed (kubectl apply -k manifests/crd), and may this user list it?',
    );
  });
  await store.synced;
  patience.cancel();
}

export async function openStandaloneBacking(
  config: HubConfig,
  files: HubFiles,
  admins: Authority,
  log: Log,
): Promise<HubBacking> {
  const store = await EmbeddedStore.open({
    file: stateFile(join(config.dataDir, 'registrations.json')),
    now: Date.now,
    randomUid: randomUUID,
    onListenerError: (error) => log.error({ err: error }, 'a listener for registrations failed'),
  });
  const clientCa = {
    get clientCaPem() {
      return (files.clientCa?.clientCaPem ?? '') + admins.bundle;
    },
  };
  const authorizer = createStandaloneAuthorizer();
  return {
    store,
    clusters: createEmbeddedView({ store, clock: systemClock, now: Date.now, random: Math.random }),
    registrations: store,
    adminAuthority: admins,
    authenticator: withImpersonation({
      authenticator: chainAuthenticators([
        createClientCertificateAuthenticator({ source: clientCa, log }),
        ...(files.tokens === undefined ? [] : [files.tokens]),
      ]),
      authorizer,
    }),
    authorizer,
    identityHeaders: () => identityHeadersOf(undefined),
    fault: () => undefined,
  };
}
