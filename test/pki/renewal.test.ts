import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MctunnelError } from '../../src/errors.ts';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { X509Certificate } from 'node:crypto';
import { writeAdminKubeconfig } from '../../src/pki/admin-kubeconfig.ts';
import { Renewal, renewalTime } from '../../src/pki/renewal.ts';
import { openServingCertificate, servingNames } from '../../src/pki/serving-certificate.ts';
import { eventually } from '../contract/eventually.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { newAuthority, rejection, temporaryFolder } from './support.ts';

const EPOCH = Date.parse('2027-01-31T12:00:00Z');
const DAY = 86_400_000;
const SKEW = 300_000;

describe('renewalTime', () => {
  it('lies between two thirds of the lifetime and its end, also for certificates that live a minute', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3000, max: 400 * DAY }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (lifetimeMs, random) => {
          const notAfter = new Date(EPOCH + lifetimeMs);
          const due = renewalTime({ notBefore: new Date(EPOCH - SKEW), notAfter }, random);
          expect(due).toBeGreaterThanOrEqual(EPOCH + (lifetimeMs * 2) / 3 - 1);
          expect(due).toBeLessThan(notAfter.getTime());
        },
      ),
    );
  });

  it('is before the end also where the certificate was not dated back', () => {
    const due = renewalTime({ notBefore: new Date(EPOCH), notAfter: new Date(EPOCH + 60_000) }, 0.5);
    expect(due).toBeGreaterThan(EPOCH);
    expect(due).toBeLessThan(EPOCH + 60_000);
  });
});

describe('a renewal that the hub refuses for now', () => {
  /** When it is tried, in milliseconds after the first time, of a certificate of which then 20 minutes are left. */
  async function attempts(retryAfterSeconds: number | undefined, random: number): Promise<number> {
    const clock = new FakeClock();
    const began = clock.now();
    const wallNow = (): number => EPOCH + clock.now() - began;
    const tried: number[] = [];
    const refused = new MctunnelError('TOO_MANY_REQUESTS', 'later', {
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
    const renewal = new Renewal({
      ...{ what: 'agent certificate', issuer: 'self', clock, wallNow, random: () => random },
      validity: () => ({
        notBefore: new Date(EPOCH - 40 * 60_000 - SKEW),
        notAfter: new Date(EPOCH + 20 * 60_000),
      }),
      renew: () => {
        tried.push(clock.now());
        return Promise.reject(refused);
      },
    });
    renewal.start();
    clock.advance(0);
    if (tried.length === 0) clock.advance(3 * 60_000);
    await eventually(() => expect(clock.armed).toBe(1));
    for (let second = 0; tried.length < 2 && second < 20 * 60; second++) clock.advance(1_000);
    renewal.close();
    const [first = Number.NaN, second = Number.NaN] = tried;
    return second - first;
  }

  // It came again after its own time, up to sixty times before the hub would have listened.
  it('is tried again when the hub said, and later by up to a quarter', async () => {
    expect(await attempts(undefined, 0)).toBe(30_000);
    expect(await attempts(120, 0)).toBe(120_000);
    expect(await attempts(120, 0.8)).toBeGreaterThan(120_000);
  });

  it('is tried again before half of what is left has gone, whatever the hub said', async () => {
    expect(await attempts(86_400, 0)).toBe(600_000);
  });
});

describe('a serving certificate', () => {
  it('is issued at the start, renewed in time without a busy loop, and ends with close', async () => {
    const clock = new FakeClock();
    const wallNow = (): number => EPOCH + clock.now() - 1_000_000;
    const authority = await newAuthority('gateway-serving', { wallNow, leafLifetimeMs: 60_000 });
    const seen: string[] = [];
    const serving = await openServingCertificate({
      authority,
      hosts: ['Hub.example.org', '127.0.0.1', '[::1]', 'hub.example.org'],
      onChange: (leaf) => void seen.push(leaf.certificate.serialNumber),
      clock,
      wallNow,
      random: () => 0,
    });
    const first = serving.current.certificate;
    expect(first.subjectAltName).toBe(
      'DNS:hub.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    clock.advance(39_999);
    expect(seen).toEqual([]);
    clock.advance(1);
    await eventually(() => expect(seen).toEqual([serving.current.certificate.serialNumber]));
    expect(serving.current.certificate.serialNumber).not.toBe(first.serialNumber);
    await eventually(() => expect(clock.armed).toBe(1));
    clock.advance(40_000);
    await eventually(() => expect(seen).toHaveLength(2));
    await eventually(() => expect(clock.armed).toBe(1));
    serving.close();
    expect(clock.armed).toBe(0);
  });

  it('whose CA is at its end is renewed once a second, not in a busy loop', async () => {
    const clock = new FakeClock();
    const wallNow = (): number => EPOCH + clock.now() - 1_000_000;
    const authority = await newAuthority('gateway-serving', { wallNow, leafLifetimeMs: 0 });
    const serving = await openServingCertificate({
      authority,
      hosts: ['x'],
      clock,
      wallNow,
      random: () => 0,
    });
    clock.advance(0);
    const first = serving.current;
    await eventually(() => expect(serving.current).not.toBe(first));
    await eventually(() => expect(clock.armed).toBe(1));
    const second = serving.current;
    clock.advance(999);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(serving.current).toBe(second);
    serving.close();
  });

  it('needs a host', async () => {
    const authority = await newAuthority('gateway-serving');
    expect((await rejection(openServingCertificate({ authority, hosts: [] }))).code).toBe('INVALID');
    expect(servingNames(['[2001:DB8::1]'])).toEqual({ dnsNames: [], ipAddresses: ['2001:db8::1'] });
  });
});

describe('writeAdminKubeconfig', () => {
  it('writes once, again when something changed or ends soon, and for its owner alone', async () => {
    const path = join(await temporaryFolder(), 'admin.kubeconfig');
    let now = EPOCH;
    const authority = await newAuthority('gateway-client', { wallNow: () => now });
    const options = {
      path,
      server: 'https://localhost:8080',
      caBundle: 'CA\n',
      authority,
      wallNow: () => now,
    };
    expect(await writeAdminKubeconfig(options)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await writeAdminKubeconfig(options)).toBe(false);
    const config = parse(await readFile(path, 'utf8')) as {
      'current-context': string;
      users: [{ user: { 'client-certificate-data': string } }];
    };
    const certificate = new X509Certificate(
      Buffer.from(config.users[0].user['client-certificate-data'], 'base64'),
    );
    expect(certificate.subject).toBe('O=system:masters\nCN=admin');
    expect(certificate.verify(authority.trusted[0].publicKey)).toBe(true);
    // Choosing another context does not make it another file.
    await writeFile(path, stringify({ ...config, 'current-context': 'mine' }));
    expect(await writeAdminKubeconfig(options)).toBe(false);
    expect(await writeAdminKubeconfig({ ...options, server: 'https://hub:8080' })).toBe(true);
    expect(await writeAdminKubeconfig({ ...options, caBundle: 'other' })).toBe(true);
    const otherAuthority = await newAuthority('gateway-client', { wallNow: () => now });
    expect(await writeAdminKubeconfig({ ...options, authority: otherAuthority })).toBe(true);
    now += 280 * DAY;
    expect(await writeAdminKubeconfig({ ...options, authority: otherAuthority })).toBe(true);
    await writeFile(path, '{ half');
    expect(await writeAdminKubeconfig(options)).toBe(true);
  });
});
