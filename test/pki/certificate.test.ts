import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { execFile, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { findHubAuthority } from '../../src/pki/hub-authority.ts';
import { addressBytes, signCertificate, spkiHash } from '../../src/pki/certificate.ts';
import { generateKey, privateKeyPem } from '../../src/pki/keys.ts';
import { newAuthority, temporaryFolder, thrown, UID_A } from './support.ts';

const run = promisify(execFile);
const hasProgram = (name: string, argument: string): boolean =>
  spawnSync(name, [argument], { stdio: 'ignore' }).status === 0;
const withOpenSsl = hasProgram('openssl', 'version') ? it : it.skip;
const withGo = hasProgram('go', 'version') ? it : it.skip;

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);

describe('certificates', () => {
  withOpenSsl(
    'are what `openssl verify -x509_strict` accepts, for their purpose and no other',
    async () => {
      const folder = await temporaryFolder();
      const agents = await newAuthority('agent-client');
      const servers = await newAuthority('tunnel-serving');
      await writeFile(join(folder, 'agents.crt'), agents.bundle);
      await writeFile(join(folder, 'servers.crt'), servers.bundle);
      const verify = (ca: string, purpose: string): Promise<unknown> =>
        run('openssl', [
          'verify',
          '-x509_strict',
          '-purpose',
          purpose,
          '-CAfile',
          join(folder, ca),
          join(folder, 'leaf.crt'),
        ]);
      await fc.assert(
        fc.asyncProperty(label, fc.uuid(), fc.ipV4(), fc.ipV6(), async (name, uid, v4, v6) => {
          const { publicKey } = await generateKey();
          const agent = agents.issueAgent({ cluster: name, uid, publicKey });
          await writeFile(join(folder, 'leaf.crt'), agent.toString());
          await verify('agents.crt', 'sslclient');
          await expect(verify('agents.crt', 'sslserver')).rejects.toThrow();
          await expect(verify('servers.crt', 'sslclient')).rejects.toThrow();
          const server = await servers.issueServing({
            dnsNames: [name, `${name}.example.org`],
            ipAddresses: [v4, v6],
          });
          await writeFile(join(folder, 'leaf.crt'), server.certificateChain);
          await verify('servers.crt', 'sslserver');
          await expect(verify('servers.crt', 'sslclient')).rejects.toThrow();
          expect(server.certificate.checkHost(`${name}.example.org`)).toBeDefined();
          expect(server.certificate.checkIP(v4)).toBeDefined();
          expect(server.certificate.checkIP(v6)).toBeDefined();
          expect(server.certificate.checkIP('192.0.2.99') === undefined || v4 === '192.0.2.99').toBe(true);
        }),
        { numRuns: 12 },
      );
    },
    60_000,
  );

  withGo(
    'are what Go accepts, with one URI and one O for an agent',
    async () => {
      const folder = await temporaryFolder();
      const program = join(folder, 'verify');
      await run('go', ['build', '-o', program, join(import.meta.dirname, 'programs/verify/main.go')], {
        env: { ...process.env, GO111MODULE: 'off', CGO_ENABLED: '0' },
      });
      const agents = await newAuthority('agent-client');
      const servers = await newAuthority('gateway-serving');
      await writeFile(join(folder, 'agents.crt'), agents.bundle);
      await writeFile(join(folder, 'servers.crt'), servers.bundle);
      const { publicKey } = await generateKey();
      const agent = agents.issueAgent({ cluster: 'cluster-a', uid: UID_A, publicKey });
      await writeFile(join(folder, 'agent.crt'), agent.toString());
      const server = await servers.issueServing({
        dnsNames: ['hub.example.org', 'localhost'],
        ipAddresses: ['127.0.0.1', '2001:db8::1'],
      });
      await writeFile(join(folder, 'server.crt'), server.certificateChain);
      const path = (name: string): string => join(folder, name);
      const accepted = await run(program, [path('agents.crt'), 'client', path('agent.crt')]);
      expect(accepted.stdout).toBe(`mctunnel://cluster-a/${UID_A} [mctunnel:agents]\n`);
      await run(program, [
        path('servers.crt'),
        'server',
        path('server.crt'),
        'hub.example.org',
        '127.0.0.1',
        '[2001:db8::1]',
      ]);
      await expect(run(program, [path('agents.crt'), 'server', path('agent.crt')])).rejects.toThrow(
        /key usage/,
      );
      await expect(run(program, [path('servers.crt'), 'client', path('agent.crt')])).rejects.toThrow(
        /authority/,
      );
      await expect(
        run(program, [path('servers.crt'), 'server', path('server.crt'), 'other.example.org']),
      ).rejects.toThrow(/not other.example.org/);
    },
    120_000,
  );

  it("carry a mutual TLS handshake, and show the agent the hub's CA by its hash", async () => {
    const agents = await newAuthority('agent-client');
    const servers = await newAuthority('tunnel-serving');
    const serving = await servers.issueServing({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
    const key = await generateKey();
    const leaf = agents.issueAgent({ cluster: 'cluster-a', uid: UID_A, publicKey: key.publicKey });
    const server = createServer({
      cert: serving.certificateChain,
      key: serving.privateKey,
      ca: agents.bundle,
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const client = connect({
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: servers.bundle,
        cert: leaf.toString(),
        key: privateKeyPem(key.privateKey),
      });
      const [[accepted]] = (await Promise.all([
        once(server, 'secureConnection'),
        once(client, 'secureConnect'),
      ])) as [[TLSSocket], unknown];
      expect(accepted.authorized).toBe(true);
      const chain: Buffer[] = [];
      for (
        let shown = client.getPeerX509Certificate();
        shown !== undefined && chain.length < 5;
        shown = shown.issuerCertificate
      ) {
        chain.push(shown.raw);
        if (shown.issuerCertificate?.raw.equals(shown.raw) === true) break;
      }
      expect(findHubAuthority(chain, servers.hash)).toBe(servers.bundle);
      client.destroy();
      accepted.destroy();
    } finally {
      server.close();
      await once(server, 'close');
    }
  });

  it('have serials of 128 bits that never repeat, and dates that forgive five minutes', async () => {
    const now = Date.parse('2027-01-31T12:00:00.700Z');
    const agents = await newAuthority('agent-client', { wallNow: () => now });
    const { publicKey } = await generateKey();
    const leaves = Array.from({ length: 200 }, () =>
      agents.issueAgent({ cluster: 'a', uid: UID_A, publicKey }),
    );
    expect(new Set(leaves.map((leaf) => leaf.serialNumber)).size).toBe(200);
    expect(Math.max(...leaves.map((leaf) => leaf.serialNumber.length))).toBe(32);
    expect(leaves[0]?.validFromDate.toISOString()).toBe('2027-01-31T11:55:00.000Z');
    expect(leaves[0]?.validToDate.toISOString()).toBe('2027-03-02T12:00:00.000Z');
  });

  it('are never dated before spec.credentials.notBefore, nor beyond the end of their CA', async () => {
    const now = Date.parse('2027-01-31T12:00:00Z');
    const agents = await newAuthority('agent-client', {
      wallNow: () => now,
      leafLifetimeMs: 20 * 365 * 86_400_000,
    });
    const { publicKey } = await generateKey();
    const leaf = agents.issueAgent({
      cluster: 'a',
      uid: UID_A,
      publicKey,
      notBefore: new Date(now - 60_500),
    });
    expect(leaf.validFromDate.toISOString()).toBe('2027-01-31T11:59:00.000Z');
    expect(leaf.validToDate).toEqual(agents.trusted[0].validToDate);
  });

  it('write dates from 2050 on as GeneralizedTime', async () => {
    const key = await generateKey();
    const certificate = signCertificate(
      {
        subject: { commonName: 'far' },
        publicKey: key.publicKey,
        notBefore: new Date('2049-12-31T23:59:59Z'),
        notAfter: new Date('2050-01-01T00:00:00Z'),
        isAuthority: true,
        usage: 'client',
      },
      { ownKey: key.privateKey },
    );
    expect(certificate.validFromDate.toISOString()).toBe('2049-12-31T23:59:59.000Z');
    expect(certificate.validToDate.toISOString()).toBe('2050-01-01T00:00:00.000Z');
  });
});

describe('findHubAuthority', () => {
  it('refuses a hub that shows the right CA without having its key, and any other CA', async () => {
    const real = await newAuthority('tunnel-serving');
    const liar = await newAuthority('tunnel-serving');
    const leaf = await liar.issueServing({ dnsNames: ['localhost'], ipAddresses: [] });
    const realCa = real.trusted[0].raw;
    expect(thrown(() => findHubAuthority([leaf.certificate.raw, realCa], real.hash)).message).toContain(
      'its own certificate was not issued by it',
    );
    expect(
      thrown(() => findHubAuthority([leaf.certificate.raw, liar.trusted[0].raw], real.hash)).message,
    ).toContain(liar.hash);
    expect(thrown(() => findHubAuthority([], real.hash)).message).toContain('no certificate');
    expect(thrown(() => findHubAuthority([Buffer.from('junk')], real.hash)).code).toBe('UNAUTHENTICATED');
    // A leaf is no CA, whatever hash was given.
    expect(
      thrown(() => findHubAuthority([leaf.certificate.raw], spkiHash(leaf.certificate.publicKey))).code,
    ).toBe('UNAUTHENTICATED');
  });
});

describe('addressBytes', () => {
  it('agrees with Node on every address', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const bytes = addressBytes(address);
        const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
        expect(new URL(`http://[${groups.join(':')}]/`).hostname).toBe(
          new URL(`http://[${address}]/`).hostname,
        );
      }),
    );
    expect([...addressBytes('192.0.2.7')]).toEqual([192, 0, 2, 7]);
  });

  it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', '::1%eth0', '1::2::3'])('refuses %j', (address) => {
    expect(() => addressBytes(address)).toThrow(RangeError);
  });
});

describe('the hash of a key', () => {
  withOpenSsl('is the SHA-256 of its SubjectPublicKeyInfo, as openssl computes it', async () => {
    const folder = await temporaryFolder();
    const ca = await newAuthority('tunnel-serving');
    await writeFile(join(folder, 'ca.crt'), ca.bundle);
    const { stdout } = await run('sh', [
      '-c',
      'openssl x509 -in "$0" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -r',
      join(folder, 'ca.crt'),
    ]);
    expect(ca.hash).toBe(`sha256:${stdout.slice(0, 64)}`);
    expect(new X509Certificate(ca.bundle).ca).toBe(true);
  });
});
