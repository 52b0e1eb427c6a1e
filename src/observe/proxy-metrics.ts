import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ProxyObserver, ProxyRecord } from '../gateway/ports.ts';

/** Of the API server's own request histogram, as far as a proxied request makes sense of them. Seconds. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

interface Bound {
  readonly total: { inc(): void };
  readonly duration: { observe(seconds: number): void };
}

/** Verbs that Kubernetes knows; whatever else a client makes up is counted together, so that the number of series is bounded. */
const VERBS = new Set([
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'proxy',
]);

/**
 * Counts proxied requests: `mctunnel_proxy_requests_total{verb,code}`, `mctunnel_proxy_request_duration_seconds{verb}`,
 * `mctunnel_proxy_bytes_total{direction}`, `mctunnel_proxy_longrunning_requests`, `mctunnel_errors_total{code,hop}` (every answer that
 * mctunnel itself made, or cut). Series are bound once per combination, so a request costs a map look-up. No label names a cluster or a
 * user: with thousands of clusters that belongs into the audit log.
 */
export function createProxyMetrics(registry: Registry): ProxyObserver {
  const registers = [registry];
  const requests = new Counter({
    name: 'mctunnel_proxy_requests_total',
    help: 'Proxied requests by verb and HTTP status; code 0: cut before an answer',
    labelNames: ['verb', 'code'],
    registers,
  });
  const durations = new Histogram({
    name: 'mctunnel_proxy_request_duration_seconds',
    help: 'From the request head to the end of the answer; upgrades and watches are left out',
    labelNames: ['verb'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const bytes = new Counter({
    name: 'mctunnel_proxy_bytes_total',
    help: 'Bytes of bodies and upgraded connections',
    labelNames: ['direction'],
    registers,
  });
  const longRunning = new Gauge({
    name: 'mctunnel_proxy_longrunning_requests',
    help: 'Watches and upgrades that are open',
    registers,
  });
  const errors = new Counter({
    name: 'mctunnel_errors_total',
    help: 'Answers that mctunnel itself made or cut, by reason and hop (docs/errors.md)',
    labelNames: ['code', 'hop'],
    registers,
  });
  const received = bytes.labels('received');
  const sent = bytes.labels('sent');
  const bound = new Map<string, Map<number, Bound>>();

  const bind = (verb: string, status: number): Bound => {
    let byStatus = bound.get(verb);
    if (byStatus === undefined) bound.set(verb, (byStatus = new Map<number, Bound>()));
    let entry = byStatus.get(status);
    if (entry === undefined) {
      entry = { total: requests.labels(verb, String(status)), duration: durations.labels(verb) };
      byStatus.set(status, entry);
    }
    return entry;
  };

  const started = new WeakSet<ProxyRecord>();
  return {
    start(record) {
      started.add(record);
      longRunning.inc();
    },
    end(record) {
      const verb = record.inner?.verb ?? '';
      const entry = bind(VERBS.has(verb) ? verb : 'other', record.status);
      entry.total.inc();
      if (record.receivedBytes > 0) received.inc(record.receivedBytes);
      if (record.sentBytes > 0) sent.inc(record.sentBytes);
      if (record.failure !== undefined) errors.labels(record.failure.code, record.failure.hop).inc();
      if (started.delete(record)) longRunning.dec();
      else entry.duration.observe(record.durationMs / 1_000);
    },
    refused({ code, hop }) {
      errors.labels(code, hop).inc();
    },
  };
}
