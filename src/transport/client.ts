import { status, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { MctunnelError } from '../errors.ts';
import { systemClock, type Timer } from '../lib/clock.ts';
import { createSession, type TunnelSession } from '../tunnel/index.ts';
import { CallTransport } from './call-transport.ts';
import { explainStatus, timedOut } from './dial-error.ts';
import { openChannel } from './hub-channel.ts';
import type { DialOptions, TunnelConnection } from './options.ts';
import { TUNNEL_SERVICE } from './service.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** After the session ended, what it said last has this long to reach the hub; then the connection is destroyed. */
const LINGER_MS = 1_000;

/**
 * Opens one connection to a hub and waits for its Welcome. Rejects with an MctunnelError whose message says in one line what is wrong and what to do:
 * UPSTREAM_UNREACHABLE, UNAUTHENTICATED (either side's certificate), TIMEOUT, CANCELLED (`signal`), or the hub's own words and code
 * (FORBIDDEN, DRAINING with retryAfterSeconds, …). Leaves nothing behind then.
 */
export function dialTunnel(options: DialOptions): Promise<TunnelConnection> {
  const { hello, accept, tunnel, handlers, signal } = options;
  const clock = options.clock ?? systemClock;
  const channel = openChannel(options.hub, options.credentials, options.wallNow ?? Date.now);
  const { path, requestSerialize, responseDeserialize } = TUNNEL_SERVICE.connect;
  return new Promise((resolve, reject) => {
    const call: ClientDuplexStream<Buffer, Buffer> = channel.client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
    );
    let isOpen = false;
    let linger: Timer | undefined;
    const cancel = (): void => session.abort(cancelled(signal));
    const timer = clock.after(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, () =>
      session.abort(timedOut(channel.facts, channel.phase)),
    );
    const transport = new CallTransport(
      call,
      () => {
        call.end();
        // Before Welcome nothing that we said matters to the hub.
        if (!isOpen) {
          call.cancel();
          channel.destroy();
        } else linger = clock.after(LINGER_MS, () => channel.destroy());
      },
      channel,
    );
    const session: TunnelSession = createSession({
      role: 'agent',
      clock,
      transport,
      hello,
      accept,
      ...(tunnel?.limits === undefined ? {} : { limits: tunnel.limits }),
      ...(tunnel?.processBudget === undefined ? {} : { processBudget: tunnel.processBudget }),
      onOpen: () => {
        isOpen = true;
        timer.cancel();
        signal?.removeEventListener('abort', cancel);
        const { welcome } = session;
        if (welcome !== undefined) resolve({ session, welcome, remoteAddress: channel.remoteAddress });
      },
      onDraining: (retryAfterMs) => handlers?.draining?.(retryAfterMs),
      onClosed: (reason) => {
        timer.cancel();
        signal?.removeEventListener('abort', cancel);
        if (isOpen) handlers?.closed?.(reason);
        else reject(reason);
      },
    });
    // A status always comes, last; 'error' comes besides when it is not OK.
    call.on('error', () => undefined);
    call.on('status', (received: StatusObject) => {
      transport.ended(
        received.code === status.OK ? undefined : explainStatus(received, channel.socketError, channel.facts),
      );
      linger?.cancel();
      channel.destroy();
    });
    transport.attach(session);
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
  });
}

export function cancelled(signal: AbortSignal | undefined): MctunnelError {
  const reason: unknown = signal?.reason;
  return reason instanceof MctunnelError
    ? reason
    : new MctunnelError('CANCELLED', 'dialling was given up', { cause: reason, hop: 'agent' });
}
