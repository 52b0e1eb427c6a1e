import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { MctunnelError } from '../../../src/errors.ts';
import { Policy } from '../../../src/upstream/index.ts';
import { parsePolicy } from '../../../src/upstream/policy-schema.ts';
import { parseServiceTarget } from '../../../src/upstream/service/target.ts';
import { TestCa } from '../../pki.ts';

const CA = new TestCa('service CA').certificate.replaceAll('\r', '');
const indented = (pem: string): string => pem.trim().replaceAll(/^/gm, '        ');
const WEB = '- {namespace: default, name: web, port: http, scheme: http}';

const parse = (text: string) => parsePolicy(text, 'hub:');
const faults = (text: string): string[] => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof MctunnelError) return error.message.split('\n');
    throw error;
  }
  return [];
};

describe('services and tcp of a policy', () => {
  it('are empty without a file, so that nothing can be reached', () => {
    const policy = new Policy('east');
    expect([policy.rules.services, policy.rules.tcp]).toEqual([[], []]);
  });

  it('take a port by number or name, and per service how TLS is verified', () => {
    const rules = parse(`
services:
  ${WEB}
  - namespace: shop
    name: api
    port: 8443
    scheme: https
    serverName: api.example.com
    ca: |
${indented(CA)}
  - {namespace: shop, name: old, port: 443, scheme: https, insecureSkipTLSVerify: true, nodeAddresses: true}
tcp:
  - {namespace: shop, name: db, port: 5432}
`);
    expect(rules.services).toEqual([
      { namespace: 'default', name: 'web', port: 'http', scheme: 'http', nodeAddresses: false },
      {
        ...{ namespace: 'shop', name: 'api', port: '8443', scheme: 'https', serverName: 'api.example.com' },
        ...{ ca: CA.trim() + '\n', nodeAddresses: false, insecureSkipTLSVerify: false },
      },
      {
        ...{ namespace: 'shop', name: 'old', port: '443', scheme: 'https' },
        ...{ nodeAddresses: true, insecureSkipTLSVerify: true },
      },
    ]);
    expect(rules.tcp).toEqual([{ namespace: 'shop', name: 'db', port: '5432', nodeAddresses: false }]);
  });

  it.each<[string, string, RegExp]>([
    [
      'a wildcard',
      "{namespace: '*', name: web, port: 80, scheme: http}",
      /^services\[0\]\.namespace: is no name/,
    ],
    [
      'a path',
      '{namespace: default, name: ../x, port: 80, scheme: http}',
      /^services\[0\]\.name: is no name/,
    ],
    [
      'upper case',
      '{namespace: default, name: Web, port: 80, scheme: http}',
      /^services\[0\]\.name: is no name/,
    ],
    ['an address', '{namespace: default, name: 10.0.0.1, port: 80, scheme: http}', /\.name: is no name/],
    ['no port', '{namespace: default, name: web, scheme: http}', /^services\[0\]\.port: is no port/],
    ['port 0', '{namespace: default, name: web, port: 0, scheme: http}', /\.port: is no port/],
    ['port 65536', '{namespace: default, name: web, port: 65536, scheme: http}', /\.port: is no port/],
    ['half a port', '{namespace: default, name: web, port: 1.5, scheme: http}', /\.port: is no port/],
    ['a port range', '{namespace: default, name: web, port: 80:90, scheme: http}', /\.port: is no port/],
    ['another scheme', '{namespace: default, name: web, port: 80, scheme: ftp}', /the scheme must be/],
    ['no scheme', '{namespace: default, name: web, port: 80}', /the scheme must be/],
    [
      'a CA without TLS',
      '{namespace: a, name: b, port: 80, scheme: http, ca: x}',
      /\.ca: there is no such key/,
    ],
    [
      'https without a CA',
      '{namespace: a, name: b, port: 443, scheme: https}',
      /^services\[0\]\.ca: is missing/,
    ],
    ['a CA that is none', '{namespace: a, name: b, port: 443, scheme: https, ca: x}', /\.ca: holds no PEM/],
    [
      'an unknown key',
      '{namespace: a, name: b, port: 1, scheme: http, host: x}',
      /\.host: there is no such key/,
    ],
    [
      'the API server',
      '{namespace: default, name: kubernetes, port: 443, scheme: https, insecureSkipTLSVerify: true}',
      /^services\[0\]\.name: default\/kubernetes is the API server/,
    ],
    [
      'a server name that is an address',
      `{namespace: a, name: b, port: 443, scheme: https, serverName: 10.0.0.1, ca: ${JSON.stringify(CA)}}`,
      /\.serverName: is no host name/,
    ],
    [
      'a CA that is cut short',
      `{namespace: a, name: b, port: 443, scheme: https, ca: ${JSON.stringify(CA.replace(/M/g, 'N'))}}`,
      /\.ca: holds a certificate that cannot be read/,
    ],
    [
      'a private key',
      `{namespace: a, name: b, port: 443, scheme: https, ca: ${JSON.stringify(CA + new TestCa('x').privateKey)}}`,
      /\.ca: holds a private key/,
    ],
    [
      'a CA that would not be looked at',
      `{namespace: a, name: b, port: 443, scheme: https, insecureSkipTLSVerify: true, ca: ${JSON.stringify(CA)}}`,
      /\.ca: means nothing beside insecureSkipTLSVerify/,
    ],
  ])('refuse %s, with its place', (_what, entry, expected) => {
    const found = faults(`services: [${entry}]`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  it('refuse what cannot be a list, a second entry for one port, and the API server behind tcp', () => {
    expect(faults('services: {namespace: default}')[0]).toMatch(/^services: /);
    expect(faults(`services: [${WEB.slice(2)}, ${WEB.slice(2)}]`)).toEqual([
      'services[1]: the same as entry 0',
    ]);
    expect(faults('tcp: [{namespace: default, name: kubernetes, port: 443}]')).toEqual([
      'tcp[0].name: default/kubernetes is the API server, which is never reached as a service',
    ]);
    expect(faults('tcp: [{namespace: a, name: b, port: 1, scheme: tcp}]')).toEqual([
      'tcp[0].scheme: there is no such key',
    ]);
  });
});

describe('the documents', () => {
  const policyIn = (path: string): string => {
    const text = readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8');
    const block = /```yaml\n(services:[^]*?)```/.exec(text)?.[1];
    if (block === undefined) throw new Error(`${path} shows no services`);
    return block.replace(/ +-----BEGIN[^]*?-----END CERTIFICATE-----/, CA.trim().replaceAll(/^/gm, '      '));
  };

  it('show policies that can be used', () => {
    expect(parse(policyIn('policy.md'))).toMatchObject({
      services: [{ port: 'web' }, { serverName: 'api.example.com' }],
      tcp: [{ name: 'db' }],
    });
    expect(parse(policyIn('tutorials/services.md'))).toMatchObject({ services: [{ name: 'web' }] });
  });
});

describe('the target of a service', () => {
  it('is one spelling', () => {
    expect(parseServiceTarget('default/https:web:443')).toEqual({
      ...{ namespace: 'default', scheme: 'https', name: 'web', port: '443', text: 'https:web:443' },
    });
  });

  it.each([
    ...[
      '',
      '/',
      'default',
      'default/web',
      'default/web:80',
      'default/:web:80',
      'default/http:web:',
      'default/http::80',
    ],
    ...[
      'default/HTTP:web:80',
      'default/http:Web:80',
      'default/ftp:web:80',
      'default/http:web:80:90',
      '/http:web:80',
    ],
    ...[
      'default/x/http:web:80',
      'default/http:web.example.com:80',
      'default/http:10.0.0.1:80',
      'default/http:web:80 ',
    ],
    ...[
      'default/http:we%62:80',
      'default/http:wéb:80',
      'default/http:web:80\r\n',
      '../http:web:80',
      `default/http:${'a'.repeat(64)}:80`,
    ],
  ])('refuses %j', (target) => {
    expect(() => parseServiceTarget(target)).toThrow(/names no service/);
  });
});

describe('what a policy says of a request to a service', () => {
  const alice = { user: 'alice', uid: '', groups: ['dev'], extra: [] };
  const web = parseServiceTarget('default/http:web:http');
  const policy = (text: string): Policy => new Policy('east', parse(`services: [${WEB.slice(2)}]\n${text}`));

  it('is no, where it is not listed in just that way', () => {
    expect(policy('').service(alice, web, 'get', false)).toMatchObject({ name: 'web' });
    for (const other of [
      'default/https:web:http',
      'default/http:web:80',
      'other/http:web:http',
      'default/http:web2:http',
    ]) {
      expect(() => policy('').service(alice, parseServiceTarget(other), 'get', false)).toThrow(
        /is not listed \(services\)/,
      );
    }
    expect(() => policy('').tcp(alice, parseServiceTarget('default/tcp:web:http'))).toThrow(
      /is not listed \(tcp\)/,
    );
  });

  it.each<[string, string, string, boolean, string | undefined]>([
    ['users without the caller', 'users: [bob]', 'get', false, 'the user "alice" may not come'],
    ['allowExec: false and a request', 'allowExec: false', 'create', false, undefined],
    ['allowExec: false and an upgrade', 'allowExec: false', 'get', true, '(allowExec: false)'],
    ['readOnly and a read', 'readOnly: true', 'get', false, undefined],
    ['readOnly and a write', 'readOnly: true', 'create', false, '(readOnly: true)'],
    ['readOnly and a method without a verb', 'readOnly: true', '', false, '(readOnly: true)'],
    ['readOnly and an upgrade', 'readOnly: true', 'get', true, '(readOnly: true)'],
    [
      'denyResources of the subresource',
      'denyResources: [{resource: services, subresource: proxy}]',
      'get',
      false,
      '(denyResources)',
    ],
    [
      'denyResources of the namespace',
      'denyResources: [{resource: "*", namespaces: [default]}]',
      'get',
      false,
      '(denyResources)',
    ],
    [
      'denyResources of a verb',
      'denyResources: [{resource: services, verbs: [delete]}]',
      'delete',
      false,
      '(denyResources)',
    ],
    [
      'denyResources of another verb',
      'denyResources: [{resource: services, verbs: [delete]}]',
      'get',
      false,
      undefined,
    ],
    [
      'denyResources of the Services themselves',
      'denyResources: [{resource: services, subresource: ""}]',
      'get',
      false,
      undefined,
    ],
  ])('%s', (_what, text, verb, isUpgrade, refusal) => {
    const ask = () => policy(text).service(alice, web, verb, isUpgrade);
    if (refusal === undefined) expect(ask()).toMatchObject({ name: 'web' });
    else expect(ask).toThrow(refusal);
  });

  it('counts a raw connection as an upgrade', () => {
    const tcp = parseServiceTarget('default/tcp:db:5432');
    const entry = 'tcp: [{namespace: default, name: db, port: 5432}]';
    expect(policy(entry).tcp(alice, tcp)).toMatchObject({ name: 'db' });
    expect(() => policy(`${entry}\nallowExec: false`).tcp(alice, tcp)).toThrow('(allowExec: false)');
    expect(() => policy(`${entry}\nreadOnly: true`).tcp(alice, tcp)).toThrow('(readOnly: true)');
  });
});
