import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ErrorCode, ERRORS, MctunnelError } from '../../src/errors.ts';
import { ForwardingDialer, relay } from '../../src/registry/peers/index.ts';
import type { Head, Open, Session, Stream, StreamHandlers } from '../../src/tunnel/index.ts';
import { openStore } from './open-store.ts';

const OPEN: Open = {
  ...{ protocol: 'http', target: 'a/apiserver', method: 'GET', path: '/x', headers: ['A', 'b'] },
  identity: { user: 'alice', uid: '', groups: ['g'], extra: [] },
  ...{ deadlineMs: 7, traceparent: '', auditId: 'id' },
};

class FakeStream implements Stream {
  readonly id = 1;
  readonly queuedBytes = 0;
  readonly calls: string[] = [];
  isFull = false;
  taken = 0;
  sendHead(head: Head): void {
    this.calls.push(`head ${head.status}`);
  }
  write(chunk: Uint8Array): boolean {
    this.calls.push(`write ${Buffer.from(chunk).toString()}`);
    return !this.isFull;
  }
  end(): void {
    this.calls.push('end');
  }
  take(bytes: number): void {
    this.taken += bytes;
  }
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  stop(): void {
    this.calls.push('stop');
  }
  reset(error: MctunnelError): void {
    this.calls.push(`reset ${error.code}`);
  }
  resetAtEnd(error: MctunnelError): void {
    this.calls.push(`reset at end ${error.code}`);
  }
}

describe('a forwarded stream', () => {
  let inbound: FakeStream;
  let outbound: FakeStream;
  let opened: Open | undefined;
  let fromAgent: StreamHandlers;
  let fromHub: StreamHandlers;
  const session = (): Session =>
    ({
      open: (open: Open, handlers: StreamHandlers) => {
        opened = open;
        fromAgent = handlers;
        return outbound;
      },
    }) as unknown as Session;

  beforeEach(() => {
    [inbound, outbound, opened] = [new FakeStream(), new FakeStream(), undefined];
    fromHub = relay(OPEN, inbound, session);
  });

  it('reaches the agent as the first hub opened it, identity and all, without the name of the cluster', () => {
    expect(opened).toEqual({ ...OPEN, target: 'apiserver' });
  });

  it('carries head, data and ends both ways, each by itself', () => {
    fromHub.data(Buffer.from('up'));
    fromHub.end([]);
    fromAgent.head?.({ status: 200, headers: [] });
    fromAgent.data(Buffer.from('down'));
    fromAgent.end([]);
    expect(outbound.calls).toEqual(['write up', 'end']);
    expect(inbound.calls).toEqual(['head 200', 'write down', 'end']);
    expect([inbound.taken, outbound.taken]).toEqual([2, 4]);
  });

  it('takes no more from one side than the other has room for', () => {
    inbound.isFull = true;
    fromAgent.data(Buffer.from('full'));
    fromAgent.data(Buffer.from('more'));
    expect(outbound.calls).toEqual(['pause']);
    expect(outbound.taken).toBe(0);
    inbound.isFull = false;
    fromHub.drain?.();
    expect(outbound.calls).toEqual(['pause', 'resume']);
    expect(outbound.taken).toBe(8);
  });

  it.each(['stop', 'close'] as const)('gives back what it holds when the reader leaves: %s', (how) => {
    inbound.isFull = true;
    fromAgent.data(Buffer.from('full'));
    fromHub[how]?.();
    expect(outbound.taken).toBe(4);
    if (how === 'stop') expect(outbound.calls).toContain('stop');
  });

  it('ends with the error of either side', () => {
    fromAgent.error(new MctunnelError('POLICY_DENIED', 'no'));
    fromHub.error(new MctunnelError('CANCELLED', 'gone'));
    expect(inbound.calls).toEqual(['reset at end POLICY_DENIED']);
    expect(outbound.calls).toEqual(['reset CANCELLED']);
  });

  it.each([
    ['TUNNEL_LOST', 'UPSTREAM_LOST'],
    ['CLUSTER_DISCONNECTED', 'NO_ENDPOINTS'],
    ['CLUSTER_NOT_FOUND', 'NO_ENDPOINTS'],
    ['DRAINING', 'NO_ENDPOINTS'],
    ['STALLED', 'TIMEOUT'],
    ['TIMEOUT', 'TIMEOUT'],
  ] as const)('does not let an agent speak as the hub: %s goes on as %s', (code, sent) => {
    fromAgent.error(new MctunnelError(code, 'words of the agent', { hop: 'agent' }));
    fromAgent.error(new MctunnelError(code, 'words of the hub', { hop: 'hub' }));
    expect(inbound.calls).toEqual([`reset at end ${sent}`, `reset at end ${code}`]);
    expect(ERRORS[sent].http).toBe(ERRORS[code].http);
  });

  it.each(['', 'apiserver', '/apiserver', '../a/x', 'A/x', 'a.b/x', 'apis/x', `${'a'.repeat(64)}/x`])(
    'without the name of a cluster is refused, and nobody is dialled: %j',
    (target) => {
      const refused = new FakeStream();
      relay({ ...OPEN, target }, refused, () => {
        throw new Error('dialled');
      });
      expect(refused.calls).toEqual(['reset BAD_REQUEST']);
    },
  );

  it('for a cluster that has no session here ends in those words: it goes no further', () => {
    const refused = new FakeStream();
    relay(OPEN, refused, () => {
      throw new MctunnelError('CLUSTER_DISCONNECTED', 'not here');
    });
    expect(refused.calls).toEqual(['reset CLUSTER_DISCONNECTED']);
  });
});

describe('the choice of a replica', () => {
  const here = { state: 'open' } as unknown as Session;
  const absent = (): Session => {
    throw new MctunnelError('CLUSTER_DISCONNECTED', 'no session', { statusCause: 'ClusterDisconnected' });
  };
  const item = (replica: string) => ({
    ...{
      replica,
      instance: 'x',
      since: '2027-01-31T11:00:00Z',
      agentVersion: '0',
      remoteAddress: '192.0.2.1:1',
    },
    roundTripMs: 3,
  });

  it('takes the session that is here, else that of a replica which is said to have one and can be reached', async () => {
    const store = await openStore();
    await store.create({ name: 'a' });
    await store.updateStatus('a', () => ({ sessions: [item('dead'), item('hub-c')] }));
    const asked: string[] = [];
    const opens: Open[] = [];
    let handlers: StreamHandlers | undefined;
    const told: MctunnelError[] = [];
    /** Whose words the first hub takes a Reset of the second one for. */
    const toldAs = (code: ErrorCode): string | undefined => {
      handlers?.error(new MctunnelError(code, 'words'));
      return told.at(-1)?.hop;
    };
    const hubC = {
      state: 'open',
      roundTripMs: 2,
      open: (open: Open, given: StreamHandlers) => {
        opens.push(open);
        handlers = given;
      },
    } as unknown as Session;
    const peer = (replica: string): Session | undefined => {
      asked.push(replica);
      return replica === 'hub-c' ? hubC : undefined;
    };
    expect(new ForwardingDialer({ local: { dial: () => here }, store, peer }).dial('a')).toBe(here);
    expect(asked).toEqual([]);
    const forwarded = new ForwardingDialer({ local: { dial: absent }, store, peer }).dial('a');
    expect(asked).toEqual(['dead', 'hub-c']);
    expect(forwarded.roundTripMs).toBe(5);
    forwarded.open(
      { ...OPEN, target: 'apiserver' },
      { data: () => undefined, end: () => undefined, error: (error) => told.push(error) },
    );
    expect(opens[0]).toEqual(OPEN);
    expect(toldAs('TUNNEL_LOST')).toBe('hub');
    expect(toldAs('CLUSTER_DISCONNECTED')).toBe('hub');
    expect(toldAs('UPSTREAM_LOST')).toBe('agent');
    expect(toldAs('NO_ENDPOINTS')).toBe('agent');
    await store.patch('a', { spec: { paused: true } });
    expect(() => new ForwardingDialer({ local: { dial: absent }, store, peer }).dial('a')).toThrow(
      'no session',
    );
  });
});
