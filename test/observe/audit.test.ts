import { describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import type { ApiRecord, Caller, ProxyRecord } from '../../src/gateway/ports.ts';
import { requestInfo } from '../../src/lib/request-info.ts';
import { splitTarget } from '../../src/lib/request-path.ts';
import { apiAuditLine, auditLine } from '../../src/observe/index.ts';

const ADMIN = {
  user: 'admin',
  uid: 'uid-of-admin',
  groups: ['system:masters'],
  extra: [{ key: '__proto__', values: ['a', 'b'] }],
};
const JANE: Caller = {
  identity: { user: 'jane', uid: '', groups: ['dev'], extra: [] },
  method: 'client-certificate',
  impersonator: ADMIN,
};

function infoOf(method: string, target: string) {
  const path = splitTarget(target);
  if (typeof path === 'string') throw new Error(path);
  return requestInfo(method, path);
}

const COMMON = {
  auditId: 'id',
  startedAtMs: 0,
  caller: JANE,
  sourceIPs: ['198.51.100.7', '192.0.2.1'],
  userAgent: 'curl/8',
  durationMs: 4.00049,
  failure: undefined,
};

const proxied = (change: Partial<ProxyRecord> = {}): ProxyRecord => ({
  ...COMMON,
  traceparent: '',
  cluster: 'paris',
  mappedUser: 'hub:jane',
  method: 'GET',
  inner: infoOf('GET', '/api/v1/pods'),
  isUpgrade: false,
  status: 200,
  delivered: 'yes',
  receivedBytes: 0,
  sentBytes: 10,
  ...change,
});

const own = (change: Partial<ApiRecord> = {}): ApiRecord => ({
  ...COMMON,
  method: 'POST',
  info: infoOf('POST', '/apis/gateway.mctunnel.io/v1/clusters/berlin/bootstraptoken'),
  query: 'fieldManager=me',
  annotations: { replace: 'true' },
  status: 201,
  ...change,
});

const parsed = (line: string) => JSON.parse(line) as Record<string, unknown>;

describe('a line of the audit log', () => {
  it('names who impersonates beside whom they impersonate, and where they are', () => {
    for (const line of [auditLine(proxied(), 'ResponseComplete'), apiAuditLine(own())]) {
      expect(parsed(line)).toMatchObject({
        user: 'jane',
        groups: ['dev'],
        impersonator: { user: 'admin', uid: 'uid-of-admin', groups: ['system:masters'] },
        authenticatedBy: 'client-certificate',
        sourceIPs: ['198.51.100.7', '192.0.2.1'],
        userAgent: 'curl/8',
      });
      expect(line).toContain('"extra":{"__proto__":["a","b"]}');
    }
  });

  it('names nobody where nobody is known', () => {
    const line = parsed(auditLine(proxied({ caller: undefined }), 'ResponseComplete'));
    expect(line).toMatchObject({ user: '', groups: [] });
    for (const field of ['uid', 'extra', 'impersonator', 'authenticatedBy']) {
      expect(line).not.toHaveProperty(field);
    }
  });

  it('shows a terminal nothing but text, and keeps what it was', () => {
    const hostile = 'a\n{"user":"x"}\u007f\u009b2J\u2028\u2029\u202e\u2066\u200f\u061c\ud800ü';
    const line = apiAuditLine(own({ info: { ...own().info, name: hostile } }));
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    expect(line).toContain('ü');
    expect(parsed(line)['name']).toBe(hostile);
  });

  it('of the hub itself tells what was done to what', () => {
    expect(parsed(apiAuditLine(own({ caller: { identity: ADMIN, method: 'token' } })))).toEqual({
      auditID: 'id',
      stage: 'ResponseComplete',
      time: '1970-01-01T00:00:00.000Z',
      cluster: '',
      user: 'admin',
      uid: 'uid-of-admin',
      groups: ['system:masters'],
      extra: Object.fromEntries([['__proto__', ['a', 'b']]]) as object,
      authenticatedBy: 'token',
      sourceIPs: ['198.51.100.7', '192.0.2.1'],
      userAgent: 'curl/8',
      method: 'POST',
      verb: 'create',
      path: '/apis/gateway.mctunnel.io/v1/clusters/berlin/bootstraptoken',
      query: 'fieldManager=me',
      group: 'gateway.mctunnel.io',
      version: 'v1',
      resource: 'clusters',
      subresource: 'bootstraptoken',
      namespace: '',
      name: 'berlin',
      annotations: { replace: 'true' },
      status: 201,
      durationMs: 4,
    });
  });

  it('of the hub itself quotes no body in the words of an error', () => {
    for (const code of ['BAD_REQUEST', 'INVALID'] as const) {
      const line = apiAuditLine(own({ status: 400, failure: new MctunnelError(code, 'near "s3cret"') }));
      expect(parsed(line)['error']).toEqual({ code, hop: 'hub' });
    }
    const failure = new MctunnelError('FORBIDDEN', 'User "jane" cannot create');
    expect(parsed(apiAuditLine(own({ status: 403, failure })))['error']).toEqual({
      code: 'FORBIDDEN',
      hop: 'hub',
      message: 'User "jane" cannot create',
    });
  });
});
