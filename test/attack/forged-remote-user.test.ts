// The hub's kube-apiserver tells who asks by X-Remote-* headers, and is known by its client certificate alone. Were such headers believed without it, or
// with another certificate that happens to be valid, whoever reaches the gateway's port would be anybody in every cluster.
import type * as StageModule from './stage.ts';
import type { Wire } from './stage.ts';
import { attack, without, type Guard } from './attack.ts';

const NAMES = [
  'X-Remote-User: victim',
  'X-Remote-Group: system:masters',
  'X-Remote-Uid: 1',
  'X-Remote-Extra-A: b',
];
const FRONT_PROXY_AUTHENTICATOR = 'src/gateway/identity/front-proxy.ts';
const TRUST = 'src/gateway/identity/trust-store.ts';
const NO_CERTIFICATE = without(
  FRONT_PROXY_AUTHENTICATOR,
  'if (request.clientCertificates.length === 0) return undefined;',
);
const TRUSTED = without(FRONT_PROXY_AUTHENTICATOR, '!verdict.trusted || ', 'verdict.trusted && ');
const NAMED = without(FRONT_PROXY_AUTHENTICATOR, ' || !reader.allows(verdict.leaf.subject.commonNames)');
const DAY_MS = 86_400_000;

type Stage = typeof StageModule;

function forged(
  what: string,
  weakened: readonly [Guard, ...Guard[]],
  certificate: (stage: Stage) => Wire['certificate'],
  lines = NAMES,
): void {
  attack(`X-Remote-User ${what}`, {
    weakened,
    attempt: async (after) => {
      const own = await import('./stage.ts');
      const stage = await own.startStage();
      after(() => stage.close());
      const shown = certificate(own);
      await own.say(stage.port, own.head(own.PROXY, lines), { certificate: shown });
      await own.say(stage.port, own.head(own.PROXY, [...lines, 'Connection: Upgrade', ...own.UPGRADE]), {
        certificate: shown,
      });
      return own.lootIn(stage.arrivals);
    },
  });
}

forged('without a certificate', [NO_CERTIFICATE, TRUSTED], () => undefined);
forged("with a user's certificate, whose name is the front proxy's", [TRUSTED], ({ CLIENT_CA }) => {
  return CLIENT_CA.issue({
    commonName: 'front-proxy-client',
    organization: 'system:masters',
    usages: ['serverAuth'],
  });
});
forged('with a certificate of an unknown CA', [TRUSTED], ({ STRANGE_CA }) => {
  return STRANGE_CA.issue({ commonName: 'front-proxy-client', usages: ['clientAuth'] });
});
forged(
  "with a certificate of a CA that has the front proxy CA's name",
  [without(TRUST, '!certificate.x509.verify(issuer.x509.publicKey)', 'false')],
  ({ impostorOf, PROXY_CA }) => {
    return impostorOf(PROXY_CA).issue({ commonName: 'front-proxy-client', usages: ['clientAuth'] });
  },
);
forged('with a certificate of the front proxy CA for another name', [NAMED], ({ PROXY_CA }) => {
  return PROXY_CA.issue({ commonName: 'metrics-client', usages: ['clientAuth'] });
});
forged(
  'with a certificate of the front proxy CA for servers',
  [without(TRUST, '!usages.includes(CLIENT_AUTH)', 'false')],
  ({ PROXY_CA }) => {
    return PROXY_CA.issue({ commonName: 'front-proxy-client', usages: ['serverAuth'] });
  },
);
forged(
  "with the front proxy's certificate of last week",
  [without(TRUST, 'nowMs > certificate.notAfterMs', 'false')],
  ({ PROXY_CA }) => {
    const [notBefore, notAfter] = [new Date(Date.now() - 8 * DAY_MS), new Date(Date.now() - DAY_MS)];
    return PROXY_CA.issue({ commonName: 'front-proxy-client', usages: ['clientAuth'], notBefore, notAfter });
  },
);
forged(
  'twice, from the front proxy',
  [without(FRONT_PROXY_AUTHENTICATOR, 'if (values.length > 1)', 'if (false)')],
  ({ FRONT_PROXY }) => FRONT_PROXY,
  ['X-Remote-User: victim', 'X-Remote-User: alice'],
);

attack('a token beside the certificate of a front proxy that names nobody', {
  weakened: [
    without(
      FRONT_PROXY_AUTHENTICATOR,
      "throw unauthenticated('the front proxy names no user')",
      'return undefined as never',
    ),
  ],
  attempt: async (after) => {
    const { BEARER, FRONT_PROXY, head, lootIn, PROXY, say, startStage } = await import('./stage.ts');
    const stage = await startStage();
    after(() => stage.close());
    await say(stage.port, head(PROXY, [BEARER]), { certificate: FRONT_PROXY });
    return lootIn(stage.arrivals);
  },
});

attack("a user's certificate where one CA is for users and front proxy, and no name is asked for", {
  weakened: [
    without('src/kube/authentication-config.ts', 'if (danger !== undefined) throw new Error(danger);'),
  ],
  attempt: async (after) => {
    const { CLIENT_CA, head, lootIn, PROXY, REQUEST_HEADER, say, startStage } = await import('./stage.ts');
    const { readAuthenticationConfig } = await import('../../src/kube/authentication-config.ts');
    const read = (): ReturnType<typeof readAuthenticationConfig> | undefined => {
      try {
        return readAuthenticationConfig({
          data: {
            'client-ca-file': CLIENT_CA.certificate,
            'requestheader-client-ca-file': CLIENT_CA.certificate,
            'requestheader-allowed-names': '[]',
            'requestheader-username-headers': JSON.stringify(REQUEST_HEADER.usernameHeaders),
          },
        });
      } catch {
        // The hub does not start.
        return undefined;
      }
    };
    const requestHeader = read()?.requestHeader;
    if (requestHeader === undefined) return undefined;
    const stage = await startStage({ requestHeader });
    after(() => stage.close());
    const certificate = CLIENT_CA.issue({ commonName: 'mallory', usages: ['clientAuth'] });
    await say(stage.port, head(PROXY, ['X-Remote-User: victim']), { certificate });
    return lootIn(stage.arrivals);
  },
});

attack(
  "a user's certificate with a way to the front proxy's CA over one that is in neither bundle, where no name is asked for",
  {
    weakened: [
      without(
        FRONT_PROXY_AUTHENTICATOR,
        'if (!reader.isNamed && this.#users.some((users) => users.signed(request))) return undefined;',
      ),
    ],
    attempt: async (after) => {
      const { head, lootIn, PROXY, REQUEST_HEADER, say, startStage } = await import('./stage.ts');
      const { authority, client } = await import('../kube/certificates.ts');
      const { readAuthenticationConfig } = await import('../../src/kube/authentication-config.ts');
      const root = authority('front proxy');
      const middle = authority('company', { issuer: root });
      const users = authority('users', { issuer: middle });
      const { requestHeader } = readAuthenticationConfig({
        data: {
          'client-ca-file': users.certificate,
          'requestheader-client-ca-file': root.certificate,
          'requestheader-allowed-names': '[]',
          'requestheader-username-headers': JSON.stringify(REQUEST_HEADER.usernameHeaders),
        },
      });
      if (requestHeader === undefined) throw new Error('the bundles tell of the danger');
      const stage = await startStage({ requestHeader, clientCa: users.certificate });
      after(() => stage.close());
      const mallory = client(users, 'mallory');
      const chain = [mallory, users, middle].map(({ certificate }) => certificate).join('');
      await say(stage.port, head(PROXY, ['X-Remote-User: victim']), {
        certificate: { chain, privateKey: mallory.key },
      });
      // The member must have been asked, as the one who it is.
      return stage.arrivals.length === 0 ? 'nothing arrived' : lootIn(stage.arrivals, 'mallory');
    },
  },
);
