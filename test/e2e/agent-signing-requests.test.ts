// Agents' certificates as CertificateSigningRequests of a real kube-apiserver, with exactly the rights of the hub's manifests.
import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  AgentSigningRequests,
  createKubeClient,
  loadKubeconfig,
  type KubeClient,
} from '../../src/kube/index.ts';
import { AgentAuthenticator } from '../../src/pki/agent-authenticator.ts';
import type { Authority } from '../../src/pki/authority.ts';
import { BootstrapTokens } from '../../src/pki/bootstrap-tokens.ts';
import { Enroller, type EnrollmentRequest } from '../../src/pki/enroller.ts';
import { FolderTokenStore } from '../../src/pki/folder-token-store.ts';
import { generateKey, type KeyPair } from '../../src/pki/keys.ts';
import { createSigningRequest } from '../../src/pki/signing-request.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, type ControlPlane } from '../kubernetes/index.ts';
import {
  MemoryRegistrations,
  newAuthority,
  rejection,
  temporaryFolder,
  UID_A,
  UID_B,
} from '../pki/support.ts';
import { installation } from '../support/manifests.ts';

const COLLECTION = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const REMOTE = '192.0.2.1:40000';

interface RequestObject {
  readonly metadata: { readonly name: string; readonly annotations: Record<string, string> };
  readonly spec: { readonly signerName: string; readonly username: string; readonly usages: string[] };
  readonly status: {
    readonly certificate?: string;
    readonly conditions?: { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

describeKubernetes("agents' certificate signing requests", {}, () => {
  let plane: ControlPlane;
  let client: KubeClient;
  let agents: Authority;
  let registrations: MemoryRegistrations;
  let tokens: BootstrapTokens;
  let authenticator: AgentAuthenticator;
  let key: KeyPair;

  beforeAll(async () => {
    plane = await startControlPlane({ name: 'signing' });
    await plane.apply(await installation('hub'));
    const hub = await plane.serviceAccount('mctunnel-system', 'mctunnel-hub');
    client = await createKubeClient(loadKubeconfig(hub.kubeconfig));
    agents = await newAuthority('agent-client');
  }, firstStartTimeoutMs);
  afterAll(async () => {
    await client.close();
    await plane.stop();
  }, 60_000);

  beforeEach(async () => {
    registrations = new MemoryRegistrations();
    registrations.set('a', UID_A);
    tokens = new BootstrapTokens({
      store: new FolderTokenStore(await temporaryFolder()),
      liveness: { isConnected: () => false },
      hubCaHash: () => 'sha256:00',
    });
    authenticator = new AgentAuthenticator({ trusted: () => agents.trusted, registrations });
    key = await generateKey();
  });

  /** A hub replica. */
  const enroller = (approve: 'auto' | 'manual' = 'auto', own = tokens): Enroller =>
    new Enroller({
      ...{ tokens: own, registrations, authenticator, authority: agents },
      requests: new AgentSigningRequests({ raw: client.raw, approve, lifetimeMs: 3_600_000 }),
      tunnelCaBundle: () => 'the tunnel CA',
    });
  const issue = async (replace = false, notBefore = new Date(0)): Promise<string> =>
    (await tokens.issue({ cluster: 'a', uid: UID_A, ttlSeconds: 600, replace, notBefore })).token;
  const enrolling = (token: string): EnrollmentRequest => ({
    ...{ token, csr: createSigningRequest(key), clusterUid: '', cluster: 'a', remoteAddress: REMOTE },
  });
  const leafOf = (issued: { certificateChain: string }): X509Certificate =>
    new X509Certificate(issued.certificateChain);
  const nameOfKey = (suffix = ''): string => {
    const spki = key.publicKey.export({ type: 'spki', format: 'der' });
    return `mctunnel-agent-a-${createHash('sha256').update(`${UID_A} `).update(spki).digest('hex').slice(0, 16)}${suffix}`;
  };
  const read = async (name = nameOfKey()): Promise<RequestObject> =>
    JSON.parse((await plane.request('GET', `${COLLECTION}/${name}`)).body) as RequestObject;
  const kubectl = async (...args: string[]): Promise<void> => {
    expect((await plane.kubectl(args)).code).toBe(0);
  };

  it('record who got a certificate and why, by a signer that no API server trusts', async () => {
    const token = await issue();
    const leaf = leafOf(await enroller().enroll(enrolling(token)));
    expect(leaf.subjectAltName).toBe(`URI:mctunnel://a/${UID_A}`);
    const object = await read();
    expect(object.spec).toMatchObject({
      signerName: 'mctunnel.io/agent',
      username: 'system:serviceaccount:mctunnel-system:mctunnel-hub',
      usages: ['digital signature', 'client auth'],
    });
    expect(object.metadata.annotations).toMatchObject({
      'mctunnel.io/registration-uid': UID_A,
      'mctunnel.io/remote-address': REMOTE,
      'mctunnel.io/token': token.slice(0, 10),
    });
    expect(JSON.stringify(object)).not.toContain(token.slice(11));
    expect(object.status.conditions).toMatchObject([{ type: 'Approved', reason: 'BootstrapToken' }]);
    const recorded = new X509Certificate(Buffer.from(object.status.certificate ?? '', 'base64'));
    expect(recorded.fingerprint256).toBe(leaf.fingerprint256);
  });

  it('of an agent whose answer was lost give the same certificate again, at whichever replica', async () => {
    const token = await issue(true);
    const first = leafOf(await enroller().enroll(enrolling(token)));
    const patches = registrations.patches.length;
    const again = await Promise.all(
      [enroller(), enroller()].map((replica) => replica.enroll(enrolling(token))),
    );
    for (const answer of again) expect(leafOf(answer).fingerprint256).toBe(first.fingerprint256);
    // Nobody's certificates were refused once more: the agent's own would be among them.
    expect(registrations.patches).toHaveLength(patches);
  });

  it('that two replicas serve at once end with one certificate', async () => {
    const token = await issue();
    const leaves = await Promise.all(
      Array.from({ length: 4 }, async () => leafOf(await enroller().enroll(enrolling(token)))),
    );
    expect(new Set(leaves.map(({ fingerprint256 }) => fingerprint256)).size).toBe(1);
  });

  it('of a certificate that was revoked since are followed by another', async () => {
    const token = await issue();
    const first = leafOf(await enroller().enroll(enrolling(token)));
    const notBefore = new Date(Date.now() + 1_000).toISOString();
    registrations.set('a', UID_A, { spec: { credentials: { notBefore } } });
    expect((await rejection(enroller().enroll(enrolling(token)))).statusCause).toBe('TokenRevoked');
    const next = await issue(false, new Date(notBefore));
    const second = leafOf(await enroller().enroll(enrolling(next)));
    expect(second.fingerprint256).not.toBe(first.fingerprint256);
    expect(second.validFromDate.getTime()).toBeGreaterThanOrEqual(
      Math.floor(Date.parse(notBefore) / 1000) * 1000,
    );
    expect((await read(nameOfKey('-1'))).status.certificate).toBeDefined();
  });

  it('wait for a person with --approve manual: the agent is told what to run, and the one it replaces goes on until then', async () => {
    const token = await issue(true);
    const manual = enroller('manual');
    const waiting = await rejection(manual.enroll(enrolling(token)));
    expect(waiting).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      statusCause: 'ApprovalPending',
      retryAfterSeconds: 5,
      message: expect.stringContaining(`kubectl certificate approve ${nameOfKey()}`) as unknown,
    });
    expect(registrations.patches).toHaveLength(0);
    expect((await read()).status.certificate).toBeUndefined();
    await kubectl('certificate', 'approve', nameOfKey());
    expect(leafOf(await manual.enroll(enrolling(token))).subjectAltName).toBe(`URI:mctunnel://a/${UID_A}`);
    expect(registrations.patches).toHaveLength(1);
  });

  it('that a person denies are refused for good', async () => {
    const token = await issue();
    const manual = enroller('manual');
    await rejection(manual.enroll(enrolling(token)));
    await kubectl('certificate', 'deny', nameOfKey());
    for (const replica of [manual, enroller()]) {
      expect(await rejection(replica.enroll(enrolling(token)))).toMatchObject({
        code: 'FORBIDDEN',
        statusCause: 'ApprovalDenied',
      });
    }
  });

  it('for renewals are approved without a person', async () => {
    const leaf = agents.issueAgent({ cluster: 'a', uid: UID_A, publicKey: (await generateKey()).publicKey });
    const agent = authenticator.authenticateAgent({ certificate: leaf, remoteAddress: REMOTE });
    const renewed = await enroller('manual').renew({
      agent,
      csr: createSigningRequest(key),
      remoteAddress: REMOTE,
    });
    expect(leafOf(renewed).subjectAltName).toBe(`URI:mctunnel://a/${UID_A}`);
    expect((await read()).status.conditions).toMatchObject([{ type: 'Approved', reason: 'Renewal' }]);
  });

  /** An attacker who may create requests waits for somebody to approve "cluster a", with another key or for another registration behind it. */
  it.each([
    [
      'another key',
      async () => ({
        csr: createSigningRequest(await generateKey()),
        uid: UID_A,
        signer: 'mctunnel.io/agent',
      }),
    ],
    [
      'another registration',
      () => ({ csr: createSigningRequest(key), uid: UID_B, signer: 'mctunnel.io/agent' }),
    ],
    ['another signer', () => ({ csr: createSigningRequest(key), uid: UID_A, signer: 'example.com/other' })],
  ])('that somebody else made under the same name, with %s, are not signed', async (_what, made) => {
    const { csr, uid, signer } = await made();
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${csr.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const answer = await plane.request('POST', COLLECTION, {
      body: {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: {
          name: nameOfKey(),
          labels: { 'mctunnel.io/cluster': 'a' },
          annotations: { 'mctunnel.io/registration-uid': uid },
        },
        spec: { request: Buffer.from(pem).toString('base64'), signerName: signer, usages: ['client auth'] },
      },
    });
    expect(answer.status).toBe(201);
    await kubectl('certificate', 'approve', nameOfKey());
    expect((await rejection(enroller().enroll(enrolling(await issue())))).code).toBe('INTERNAL');
    expect((await read()).status.certificate).toBeUndefined();
  });

  /** A signer's right in the wrong hands must not become a certificate that the hub hands out. */
  it('with a certificate that this hub did not sign do not give that one out', async () => {
    const token = await issue();
    await rejection(enroller('manual').enroll(enrolling(token)));
    await kubectl('certificate', 'approve', nameOfKey());
    const foreign = (await newAuthority('agent-client')).issueAgent({
      cluster: 'a',
      uid: UID_A,
      publicKey: key.publicKey,
    });
    const object = await read();
    const status = { ...object.status, certificate: Buffer.from(foreign.toString()).toString('base64') };
    expect(
      (await plane.request('PUT', `${COLLECTION}/${nameOfKey()}/status`, { body: { ...object, status } }))
        .status,
    ).toBe(200);
    const leaf = leafOf(await enroller().enroll(enrolling(token)));
    expect(leaf.fingerprint256).not.toBe(foreign.fingerprint256);
    expect(leaf.verify(agents.trusted[0].publicKey)).toBe(true);
  });
});
