import { request } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { MctunnelError } from '../errors.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { explainSocketError, timedOut, type DialFacts } from './dial-error.ts';
import { formatAddress, parseAddress, parseProxy } from './hub-address.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** Certificates that are looked at; a chain may be a loop. */
const MAX_CHAIN = 10;

export interface PeekOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly wallNow?: () => number;
}

/**
 * The certificates that a server shows (DER, leaf first), NOT verified: for finding a CA by its hash before anything is sent. Nothing but the TLS
 * handshake is sent. Rejects as `dialTunnel` does.
 */
export function peekChain(address: string, proxy?: string, options: PeekOptions = {}): Promise<Buffer[]> {
  const { host, port } = parseAddress(address);
  const via = proxy === undefined ? undefined : parseProxy(proxy);
  const facts: DialFacts = {
    address,
    host,
    proxy: via && formatAddress(via),
    wallNow: options.wallNow ?? Date.now,
  };
  const sockets = new Set<{ destroy(): unknown }>();
  const clock = options.clock ?? systemClock;
  return new Promise<Buffer[]>((resolve, reject) => {
    const fail = (error: MctunnelError): void => {
      timer.cancel();
      reject(error);
      for (const socket of sockets) socket.destroy();
    };
    const timer = clock.after(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, () =>
      fail(timedOut(facts, 'connection')),
    );
    const onError = (error: Error): void => fail(explainSocketError(error, facts));
    const onTcp = (socket: Socket): void => {
      sockets.add(socket);
      const tls = connectTls({
        socket,
        host,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ALPNProtocols: ['h2'],
        // On purpose: nothing is trusted here. The caller looks for a CA that it knows by its hash, and connects again, verifying.
        rejectUnauthorized: false,
      });
      sockets.delete(socket);
      sockets.add(tls);
      tls.on('error', onError);
      tls.once('close', () => onError(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
      tls.once('secureConnect', () => {
        timer.cancel();
        resolve(derChain(tls.getPeerCertificate(true)));
        tls.destroy();
      });
    };
    if (via === undefined) {
      const socket = connectTcp({ host, port });
      sockets.add(socket);
      socket.on('error', onError);
      socket.once('connect', () => onTcp(socket));
      return;
    }
    const target = formatAddress({ host, port });
    const asking = request({
      host: via.host,
      port: via.port,
      method: 'CONNECT',
      path: target,
      headers: {
        Host: target,
        ...(via.credentials === undefined
          ? {}
          : { 'Proxy-Authorization': `Basic ${Buffer.from(via.credentials).toString('base64')}` }),
      },
    });
    sockets.add(asking);
    asking.on('error', onError);
    // The listeners of 'connect' own the socket whatever the status is.
    asking.on('connect', (answer, socket: Socket, head) => {
      sockets.add(socket);
      socket.on('error', onError);
      if (answer.statusCode !== 200) {
        const text = `the proxy ${facts.proxy ?? ''} refused to connect to ${address} (HTTP ${answer.statusCode ?? 0})`;
        fail(new MctunnelError('UPSTREAM_UNREACHABLE', text, { hop: 'agent' }));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      onTcp(socket);
    });
    asking.on('response', (answer) => {
      const text = `the proxy ${facts.proxy ?? ''} refused to connect to ${address} (HTTP ${answer.statusCode ?? 0})`;
      fail(new MctunnelError('UPSTREAM_UNREACHABLE', text, { hop: 'agent' }));
    });
    asking.end();
  });
}

function derChain(leaf: PeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  let certificate: (PeerCertificate & { readonly issuerCertificate?: PeerCertificate }) | undefined = leaf;
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate.raw);
    const issuer: PeerCertificate | undefined = certificate.issuerCertificate;
    certificate = issuer === certificate ? undefined : issuer;
  }
  return chain;
}
