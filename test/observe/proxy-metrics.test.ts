import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { MctunnelError } from '../../src/errors.ts';
import type { ProxyRecord } from '../../src/gateway/ports.ts';
import { auditLine, createProxyMetrics } from '../../src/observe/index.ts';
import { requestInfo } from '../../src/lib/request-info.ts';
import { splitTarget } from '../../src/lib/request-path.ts';

function recordOf(change: Partial<ProxyRecord> = {}): ProxyRecord {
  const path = splitTarget('/api/v1/namespaces/default/pods/web-0/log');
  if (typeof path === 'string') throw new Error(path);
  return {
    auditId: 'id',
    traceparent: '',
    startedAtMs: 0,
    cluster: 'cluster-a',
    caller: { identity: { user: 'jane', uid: '', groups: ['dev'], extra: [] }, method: 'token' },
    sourceIPs: ['192.0.2.1'],
    userAgent: 'kubectl/v1.36.0',
    mappedUser: 'hub:jane',
    method: 'GET',
    inner: requestInfo('GET', path),
    isUpgrade: false,
    status: 200,
    delivered: 'yes',
    receivedBytes: 0,
    sentBytes: 10,
    durationMs: 4,
    failure: undefined,
    ...change,
  };
}

describe('proxy metrics', () => {
  it('counts requests, bytes, durations and errors', async () => {
    const registry = new Registry();
    const metrics = createProxyMetrics(registry);
    metrics.end(recordOf());
    metrics.end(
      recordOf({ status: 502, failure: new MctunnelError('TUNNEL_LOST', 'lost', { hop: 'agent' }) }),
    );
    metrics.refused(new MctunnelError('BAD_REQUEST', 'no HTTP'));
    const text = await registry.metrics();
    expect(text).toContain('mctunnel_errors_total{code="BAD_REQUEST",hop="hub"} 1');
    expect(text).toContain('mctunnel_proxy_requests_total{verb="get",code="200"} 1');
    expect(text).toContain('mctunnel_proxy_requests_total{verb="get",code="502"} 1');
    expect(text).toContain('mctunnel_proxy_request_duration_seconds_bucket{le="0.005",verb="get"} 2');
    expect(text).toContain('mctunnel_proxy_bytes_total{direction="sent"} 20');
    expect(text).toContain('mctunnel_errors_total{code="TUNNEL_LOST",hop="agent"} 1');
  });

  it('keeps watches and upgrades out of the durations', async () => {
    const registry = new Registry();
    const metrics = createProxyMetrics(registry);
    const record = recordOf();
    metrics.start(record);
    expect(await registry.metrics()).toContain('mctunnel_proxy_longrunning_requests 1');
    metrics.end(record);
    const text = await registry.metrics();
    expect(text).toContain('mctunnel_proxy_longrunning_requests 0');
    expect(text).not.toContain('duration_seconds_count{verb="get"} 1');
  });

  it('does not let a client make up series', async () => {
    const registry = new Registry();
    const metrics = createProxyMetrics(registry);
    for (let i = 0; i < 100; i++) {
      const { inner } = recordOf();
      if (inner !== undefined) metrics.end(recordOf({ inner: { ...inner, verb: `verb${i}` } }));
    }
    expect(await registry.metrics()).toContain('mctunnel_proxy_requests_total{verb="other",code="200"} 100');
  });
});

describe('auditLine', () => {
  it('tells who did what where, and what came of it', () => {
    const failure = new MctunnelError('TUNNEL_LOST', 'lost', { delivered: 'unknown' });
    const line = auditLine(recordOf({ status: 502, delivered: 'unknown', failure }), 'ResponseComplete');
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      auditID: 'id',
      stage: 'ResponseComplete',
      time: '1970-01-01T00:00:00.000Z',
      cluster: 'cluster-a',
      user: 'jane',
      groups: ['dev'],
      authenticatedBy: 'token',
      sourceIPs: ['192.0.2.1'],
      userAgent: 'kubectl/v1.36.0',
      mappedUser: 'hub:jane',
      method: 'GET',
      verb: 'get',
      path: '/api/v1/namespaces/default/pods/web-0/log',
      group: '',
      version: 'v1',
      resource: 'pods',
      subresource: 'log',
      namespace: 'default',
      name: 'web-0',
      upgrade: false,
      status: 502,
      delivered: 'unknown',
      receivedBytes: 0,
      sentBytes: 10,
      durationMs: 4,
      error: { code: 'TUNNEL_LOST', hop: 'hub', message: 'lost' },
    });
  });

  it('keeps a hostile name on its line', () => {
    const inner = { ...recordOf().inner, name: 'a\n{"user":"system:admin"}\u2028' } as NonNullable<
      ProxyRecord['inner']
    >;
    expect(auditLine(recordOf({ inner }), 'ResponseComplete').split('\n')).toHaveLength(1);
  });
});
