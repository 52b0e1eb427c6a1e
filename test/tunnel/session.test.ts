import { describe, expect, it } from '@jest/globals';

import type { Open, StreamHandlers } from '../../src/tunnel/index.ts';
import { createMemoryPair } from './memory-pair.ts';

const OPEN: Open = {
  protocol: 'http',
  target: 'apiserver',
  method: 'GET',
  path: '/api',
  headers: ['accept', '*/*'],
  identity: undefined,
  deadlineMs: 0,
  traceparent: '',
  auditId: '',
};

describe('a session', () => {
  it('carries a request and its answer', async () => {
    const pair = createMemoryPair({
      agent: {
        accept: (open, stream) => ({
          data: (chunk) => {
            stream.take(chunk.length);
            stream.write(Buffer.from(chunk));
          },
          end: () => stream.end(),
          error: () => undefined,
          head: () => stream.sendHead({ status: 200, headers: ['x', open.path] }),
          ...(stream.sendHead({ status: 200, headers: ['x', open.path] }), {}),
        }),
      },
    });
    await pair.ready;
    const got: string[] = [];
    await new Promise<void>((resolve) => {
      const handlers: StreamHandlers = {
        head: (head) => void got.push(`head ${head.status} ${head.headers.join()}`),
        data: (chunk) => {
          got.push(Buffer.from(chunk).toString());
          stream.take(chunk.length);
        },
        end: () => void got.push('end'),
        error: (error) => void got.push(error.message),
        close: resolve,
      };
      const stream = pair.hub.open(OPEN, handlers);
      stream.write(Buffer.from('hello '));
      stream.write(Buffer.from('world'));
      stream.end();
    });
    expect(got).toEqual(['head 200 x,/api', 'hello ', 'world', 'end']);
    expect(pair.hub.streamCount).toBe(0);
    expect(pair.agent.streamCount).toBe(0);
    pair.close();
  });
});
