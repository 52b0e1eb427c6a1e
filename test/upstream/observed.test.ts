import { describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import { agentAuditLine } from '../../src/observe/index.ts';
import { createUpstream, Policy, type UpstreamRecord } from '../../src/upstream/index.ts';
import type { Accept, Open, Stream, StreamHandlers } from '../../src/tunnel/index.ts';
import { observed } from '../../src/upstream/observed.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';

const OPEN: Open = {
  protocol: 'http',
  target: 'apiserver',
  method: 'GET',
  path: '/api/v1/namespaces/default/pods/web-0/log?follow=true',
  headers: [],
  identity: { user: 'jane', uid: '', groups: ['dev'], extra: [] },
  deadlineMs: 0,
  traceparent: '',
  auditId: 'audit-1',
};
const IDLE: StreamHandlers = { data: () => undefined, end: () => undefined, error: () => undefined };

/** What the observer hears of one stream; records are read inside the call. */
function observing(accept: Accept, open: Open = OPEN) {
  const clock = new FakeClock();
  const heard: { stage: string; line: Record<string, unknown> }[] = [];
  const hear = (stage: 'ResponseStarted' | 'ResponseComplete') => (record: UpstreamRecord) => {
    heard.push({ stage, line: JSON.parse(agentAuditLine(record, stage)) as Record<string, unknown> });
  };
  const resets: MctunnelError[] = [];
  const stream = {
    ...{ id: 2, queuedBytes: 0, sendHead: () => undefined, write: () => true, end: () => undefined },
    ...{ take: () => undefined, pause: () => undefined, resume: () => undefined, stop: () => undefined },
    ...{ reset: (error: MctunnelError) => resets.push(error), resetAtEnd: () => undefined },
  } as unknown as Stream;
  const handlers = observed(accept, new Set(['http', 'service', 'tcp']), {
    cluster: 'east',
    policy: { current: new Policy('east') },
    observer: { start: hear('ResponseStarted'), end: hear('ResponseComplete') },
    clock,
    wallNow: () => Date.parse('2027-01-31T12:00:00Z'),
  })(open, stream);
  return { handlers, heard, clock, resets };
}

describe('the audit of an agent', () => {
  it('tells who asked, whom they became, and what came of it', () => {
    let served: Stream | undefined;
    const { handlers, heard, clock } = observing((_open, stream) => {
      served = stream;
      return IDLE;
    });
    handlers?.data(Buffer.from('abc'));
    served?.sendHead({ status: 200, headers: [] });
    expect(heard).toHaveLength(1);
    served?.write(Buffer.from('a line\n'));
    clock.advance(1_500);
    served?.end();
    handlers?.close?.();
    expect(heard.map(({ stage }) => stage)).toEqual(['ResponseStarted', 'ResponseComplete']);
    expect(heard[1]?.line).toEqual({
      ...{ auditID: 'audit-1', stage: 'ResponseComplete', time: '2027-01-31T12:00:00.000Z', cluster: 'east' },
      ...{ protocol: 'http', target: 'apiserver', user: 'jane', groups: ['dev'] },
      ...{ mappedUser: 'hub:jane', mappedGroups: ['hub:dev'], method: 'GET', verb: 'get' },
      ...{ path: '/api/v1/namespaces/default/pods/web-0/log', group: '', version: 'v1', resource: 'pods' },
      ...{ subresource: 'log', namespace: 'default', name: 'web-0', upgrade: false, decision: 'allow' },
      ...{ status: 200, delivered: 'yes', receivedBytes: 3, sentBytes: 7, durationMs: 1_500 },
    });
  });

  it('tells what was refused, and by whom', () => {
    const refusal = new MctunnelError('POLICY_DENIED', 'read-only', { hop: 'agent', delivered: 'no' });
    const { handlers, heard, resets } = observing((_open, stream) => {
      stream.reset(refusal);
      return IDLE;
    });
    handlers?.close?.();
    expect(resets).toEqual([refusal]);
    expect(heard).toMatchObject([
      {
        line: {
          ...{ decision: 'forbid', status: 0, delivered: 'no', mappedUser: 'hub:jane' },
          error: { code: 'POLICY_DENIED', hop: 'agent', message: 'read-only' },
        },
      },
    ]);
  });

  it('tells of somebody whom the mapping refuses, without a name of this cluster', () => {
    const { handlers, heard } = observing(
      (_open, stream) => {
        stream.reset(new MctunnelError('POLICY_DENIED', 'no user', { hop: 'agent', delivered: 'no' }));
        return IDLE;
      },
      { ...OPEN, identity: undefined },
    );
    handlers?.close?.();
    expect(heard[0]?.line).toMatchObject({ user: '', mappedUser: '', mappedGroups: [], decision: 'forbid' });
  });

  it('is not misled by a failure of the cluster, or a client that leaves', () => {
    const lost = new MctunnelError('UPSTREAM_LOST', 'broke', { hop: 'agent', delivered: 'unknown' });
    const cut = observing((_open, stream) => {
      stream.reset(lost);
      return IDLE;
    });
    cut.handlers?.close?.();
    expect(cut.heard[0]?.line).toMatchObject({ decision: 'allow', delivered: 'unknown' });
    const left = observing(() => IDLE);
    left.handlers?.error(new MctunnelError('CANCELLED', 'the client went away', { hop: 'hub' }));
    left.handlers?.close?.();
    expect(left.heard[0]?.line).toMatchObject({
      decision: 'allow',
      error: { code: 'CANCELLED', hop: 'hub' },
    });
  });

  it('is told of a path that was refused, and of a protocol that nobody serves', () => {
    const path = observing(() => IDLE, { ...OPEN, path: '/api/../x' });
    path.handlers?.close?.();
    expect(path.heard[0]?.line).toMatchObject({ path: '', verb: '', resource: '' });
    expect(observing(() => undefined).heard[0]?.line).toMatchObject({
      decision: 'forbid',
      error: { code: 'UNSUPPORTED' },
    });
  });

  // The hub's line of the same request says all of this.
  it('has verb and resource of a service as the hub has, and none where the path or the name of the service is refused', () => {
    const service = { protocol: 'service', target: 'shop/https:web:443', path: '/a/b?watch=1' };
    const lineOf = (open: Partial<Open>) => {
      const { handlers, heard } = observing(() => IDLE, { ...OPEN, ...service, ...open });
      handlers?.close?.();
      return heard[0]?.line;
    };
    const named = {
      ...{ group: '', version: 'v1', resource: 'services', subresource: 'proxy-service' },
      ...{ namespace: 'shop', name: 'https:web:443' },
    };
    expect(lineOf({})).toMatchObject({ ...named, verb: 'get', path: '/a/b' });
    expect(lineOf({ method: 'DELETE' })).toMatchObject({ ...named, verb: 'delete' });
    expect(lineOf({ method: 'POST', path: '/' })).toMatchObject({ ...named, verb: 'create', path: '/' });
    expect(lineOf({ method: 'OPTIONS' })).toMatchObject({ ...named, verb: '' });
    expect(lineOf({ protocol: 'tcp', method: '', path: '' })).toMatchObject({
      ...named,
      verb: 'get',
      path: '',
    });
    const nothing = { verb: '', resource: '', namespace: '', name: '' };
    expect(lineOf({ path: '/a/../b' })).toMatchObject({ ...nothing, path: '' });
    for (const target of ['', 'shop', 'shop/a:b:1/c']) expect(lineOf({ target })).toMatchObject(nothing);
  });

  it('leaves notices alone', () => {
    const { handlers, heard } = observing(() => IDLE, { ...OPEN, protocol: 'replicas' });
    expect(handlers).toBe(IDLE);
    expect(heard).toEqual([]);
  });
});

describe('an agent', () => {
  const upstream = (more: Partial<Parameters<typeof createUpstream>[0]>) => {
    const decisions: string[] = [];
    const { accept } = createUpstream({
      cluster: 'east',
      member: {
        server: 'https://127.0.0.1:1',
        credential: { authorization: () => 'Bearer x', rejected: () => undefined },
      },
      onDecision: (decision, reason) => decisions.push(`${decision} ${reason}`),
      ...more,
    });
    const resets: MctunnelError[] = [];
    const stream = {
      ...{ reset: (error: MctunnelError) => resets.push(error), sendHead: () => undefined },
    } as unknown as Stream;
    return { accept, decisions, resets, stream };
  };

  it('counts what it decides, with an audit log and without', () => {
    for (const observer of [undefined, { start: () => undefined, end: () => undefined }]) {
      const { accept, decisions, stream } = upstream(observer === undefined ? {} : { observer });
      const refused = accept({ ...OPEN, identity: undefined }, stream);
      refused?.close?.();
      const allowed = accept(OPEN, stream);
      allowed?.close?.();
      expect(decisions).toEqual(['forbid POLICY_DENIED', 'allow ']);
    }
  });

  it('serves nothing that it cannot record, when it is told so', () => {
    const unrecorded = new MctunnelError('INTERNAL', 'the disk is full', { hop: 'agent', delivered: 'no' });
    const { accept, decisions, resets, stream } = upstream({ refusal: () => unrecorded });
    accept(OPEN, stream);
    expect(resets).toEqual([unrecorded]);
    expect(decisions).toEqual([]);
  });
});
