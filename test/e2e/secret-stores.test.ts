// CAs and bootstrap tokens as Secrets of a real kube-apiserver: the promises that the folders of a hub without Kubernetes keep, and the races of replicas.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createKubeClient,
  loadKubeconfig,
  SecretKeyStore,
  SecretTokenStore,
  type KubeClient,
} from '../../src/kube/index.ts';
import { AUTHORITY_SECRET_TYPE, TOKEN_SECRET_TYPE, tokenSecretName } from '../../src/kube/secret-names.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openAuthority } from '../../src/pki/authority.ts';
import { keyStoreSuite, unique } from '../contract/key-store-suite.ts';
import { tokenStoreSuite } from '../contract/token-store-suite.ts';
import { outcome } from '../gateway/identity/facts.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, type ControlPlane } from '../kubernetes/index.ts';
import { installation } from '../support/manifests.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describeKubernetes('Secrets of a real apiserver', {}, () => {
  let plane: ControlPlane;
  let client: KubeClient;
  const clients: KubeClient[] = [];

  beforeAll(async () => {
    plane = await startControlPlane({ name: 'secret-stores' });
    client = await createKubeClient(loadKubeconfig(plane.admin.kubeconfig));
    clients.push(client);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    for (const each of clients) await each.close();
    await plane.stop();
  }, 60_000);

  const secretPath = (namespace: string, name: string): string =>
    `/api/v1/namespaces/${namespace}/secrets/${name}`;
  async function newNamespace(): Promise<string> {
    const namespace = `stores-${unique()}`;
    await plane.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
    return namespace;
  }
  async function patch(path: string, data: Record<string, string>): Promise<void> {
    const present = JSON.parse((await plane.request('GET', path)).body) as { data: Record<string, string> };
    const body = { ...present, data: { ...present.data, ...data } };
    expect((await plane.request('PUT', path, { body })).status).toBe(200);
  }

  keyStoreSuite('a namespace', async () => {
    const namespace = await newNamespace();
    const path = secretPath(namespace, 'mctunnel-ca-agent-client');
    return {
      open: () => new SecretKeyStore({ raw: client.raw, namespace, clock: systemClock }),
      damage: () => patch(path, { 'ca.pem': base64('garbage') }),
      remove: async () => {
        expect((await plane.request('DELETE', path)).status).toBe(200);
      },
      source: `Secret ${namespace}/mctunnel-ca-agent-client`,
    };
  });

  tokenStoreSuite('a namespace', async () => {
    const namespace = await newNamespace();
    return {
      open: () => new SecretTokenStore({ raw: client.raw, namespace }),
      damage: (id) => patch(secretPath(namespace, tokenSecretName(id)), { [id]: base64('garbage') }),
    };
  });

  describe('those of the manifests', () => {
    beforeAll(async () => {
      await plane.apply(await installation('hub'));
    });

    async function account(): Promise<KubeClient> {
      const hub = await plane.serviceAccount('mctunnel-system', 'mctunnel-hub');
      const own = await createKubeClient(loadKubeconfig(hub.kubeconfig));
      clients.push(own);
      return own;
    }
    const status = async (method: string, path: string, body?: unknown): Promise<number> => {
      const user = await plane.serviceAccount('mctunnel-system', 'mctunnel-hub');
      return (await plane.request(method, path, { user, ...(body !== undefined && { body }) })).status;
    };

    it('are filled by a hub that may not create any, once for all replicas, and keep type and content when applied again', async () => {
      const replicas = await Promise.all(Array.from({ length: 4 }, account));
      const opened = await Promise.all(
        replicas.map(({ raw }) =>
          openAuthority(
            new SecretKeyStore({ raw, namespace: 'mctunnel-system', clock: systemClock }),
            'hub-client',
          ),
        ),
      );
      expect(new Set(opened.map(({ hash }) => hash)).size).toBe(1);
      await plane.apply(await installation('hub'));
      const path = secretPath('mctunnel-system', 'mctunnel-ca-hub-client');
      const secret = JSON.parse((await plane.request('GET', path)).body) as {
        type: string;
        data: Record<string, string>;
      };
      expect(secret.type).toBe(AUTHORITY_SECRET_TYPE);
      expect(Buffer.from(secret.data['ca.crt'] ?? '', 'base64').toString()).toBe(opened[0]?.bundle);
    });

    it('are all that the hub may read or change, and it may make no others', async () => {
      const secrets = '/api/v1/namespaces/mctunnel-system/secrets';
      await plane.apply([
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'other', namespace: 'mctunnel-system' },
          data: {},
        },
      ]);
      expect(await status('GET', `${secrets}/mctunnel-ca-agent-client`)).toBe(200);
      expect(await status('GET', `${secrets}/mctunnel-tokens-f`)).toBe(200);
      expect(await status('GET', secrets)).toBe(403);
      expect(await status('GET', `${secrets}/other`)).toBe(403);
      expect(await status('DELETE', `${secrets}/mctunnel-tokens-f`)).toBe(403);
      const stolen = {
        ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token' },
        metadata: { name: 'x', annotations: { 'kubernetes.io/service-account.name': 'default' } },
      };
      expect(await status('POST', secrets, stolen)).toBe(403);
      expect(await status('GET', '/api/v1/namespaces/kube-system/secrets/mctunnel-ca-agent-client')).toBe(
        403,
      );
    });

    it('that are missing are told by name', async () => {
      const { raw } = await account();
      expect(
        (await plane.request('DELETE', secretPath('mctunnel-system', 'mctunnel-ca-agent-client'))).status,
      ).toBe(200);
      const store = new SecretKeyStore({ raw, namespace: 'mctunnel-system', clock: systemClock });
      expect(await outcome(() => openAuthority(store, 'agent-client'))).toMatchObject({
        code: 'INTERNAL',
        message: expect.stringMatching(
          /^Secret mctunnel-system\/mctunnel-ca-agent-client: secrets is forbidden/,
        ) as unknown,
      });
      const filled = JSON.parse(
        (await plane.request('GET', secretPath('mctunnel-system', 'mctunnel-tokens-0'))).body,
      ) as {
        type: string;
      };
      expect(filled.type).toBe(TOKEN_SECRET_TYPE);
    });
  });
});
