/** The whole way of a request in one process (client, gateway, tunnel, agent, member) with all ways to be somebody, and a member that remembers what reached it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import {
  chainAuthenticators,
  createClientCertificateAuthenticator,
  createFrontProxyAuthenticator,
  identityHeadersOf,
  openStaticTokenFile,
  withImpersonation,
} from '../../src/gateway/identity/index.ts';
import type { AccessAttributes, RequestHeaderConfig } from '../../src/gateway/ports.ts';
import type { Identity } from '../../src/tunnel/index.ts';
import { createUpstream, type MemberEndpoint, type UpstreamOptions } from '../../src/upstream/index.ts';
import { CA as GATEWAY_CA, PROXY, startGateway, until, type TestGatewayOptions } from '../gateway/harness.ts';
import { TestCa, type TestCertificate } from '../pki.ts';
import { startMember, TOKEN } from '../upstream/member.ts';

export { PROXY };

/** Trusted for the front proxy; for client certificates; by nobody. */
export const PROXY_CA = new TestCa('front proxy CA');
export const CLIENT_CA = new TestCa('client CA');
export const STRANGE_CA = new TestCa('strange CA');
/** Another CA of the same name. */
export const impostorOf = (ca: TestCa): TestCa =>
  new TestCa(ca === PROXY_CA ? 'front proxy CA' : 'client CA');
export const FRONT_PROXY = PROXY_CA.issue({ commonName: 'front-proxy-client', usages: ['clientAuth'] });
/** Of the user alice, who may reach clusters and impersonate nobody. */
export const ALICES_TOKEN = 'token-of-alice';
/** Whom attackers want to be. No right of theirs is needed: to arrive under this name is enough. */
export const VICTIM = 'victim';

export const REQUEST_HEADER: RequestHeaderConfig = {
  caPem: PROXY_CA.certificate,
  allowedNames: ['front-proxy-client'],
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

export interface Arrival {
  readonly method: string;
  readonly target: string;
  /** Name, value, …, as they came. */
  readonly lines: readonly string[];
}

export interface StageOptions {
  readonly requestHeader?: RequestHeaderConfig;
  /** PEM. */
  readonly clientCa?: string;
  readonly gateway?: Partial<TestGatewayOptions>;
  readonly upstream?: Partial<UpstreamOptions>;
  /** Instead of the one that remembers. */
  readonly member?: MemberEndpoint;
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Further questions that the authoriser answers with yes; of impersonation none are. */
  readonly mayImpersonate?: (attributes: AccessAttributes) => boolean;
}

export async function startStage(options: StageOptions = {}) {
  const { requestHeader = REQUEST_HEADER, clientCa = CLIENT_CA.certificate } = options;
  const arrivals: Arrival[] = [];
  const record = ({ method = '', url = '', rawHeaders }: IncomingMessage): void => {
    arrivals.push({ method, target: url, lines: rawHeaders });
  };
  const member = await startMember(
    (request, response) => {
      record(request);
      if (options.answer !== undefined) options.answer(request, response);
      else request.resume().on('end', () => response.end('ok'));
    },
    (server) =>
      server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
        record(request);
        socket.on('error', () => undefined);
        socket.end(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade ?? ''}\r\n\r\n`,
        );
      }),
  );
  const upstream = createUpstream({
    cluster: 'cluster-a',
    member: options.member ?? member.endpoint,
    ...options.upstream,
  });
  const authorizer = {
    authorize: (_identity: Identity, attributes: AccessAttributes) => ({
      allowed: attributes.verb !== 'impersonate' || options.mayImpersonate?.(attributes) === true,
      reason: '',
    }),
  };
  const folder = mkdtempSync(join(tmpdir(), 'attack-'));
  writeFileSync(join(folder, 'tokens.csv'), `${ALICES_TOKEN},alice,,dev\n`);
  const tokens = await openStaticTokenFile({ path: join(folder, 'tokens.csv') });
  const authenticator = withImpersonation({
    authenticator: chainAuthenticators([
      createFrontProxyAuthenticator({ source: { requestHeader }, clientCas: [{ clientCaPem: clientCa }] }),
      createClientCertificateAuthenticator({ source: { clientCaPem: clientCa } }),
      tokens,
    ]),
    authorizer,
  });
  const hub = await startGateway({
    accept: upstream.accept,
    authenticator,
    authorizer,
    identityHeaders: () => identityHeadersOf(requestHeader),
    ...options.gateway,
  });
  return {
    hub,
    port: hub.port,
    arrivals,
    async close(): Promise<void> {
      await hub.close();
      await upstream.close();
      await member.close();
      tokens.close();
      rmSync(folder, { recursive: true });
    },
  };
}
export type Stage = Awaited<ReturnType<typeof startStage>>;

/** What a whole request may look like on a connection of its own; `certificate` is the client's. */
export interface Wire {
  readonly certificate?: Pick<TestCertificate, 'chain' | 'privateKey'> | undefined;
}

/** Sends bytes as they are and resolves with all that came back, once the answer is whole or the connection is closed. */
export async function say(port: number, text: string, { certificate }: Wire = {}): Promise<string> {
  const client = new Wiretap(port, certificate);
  client.socket.write(text, 'latin1');
  await until(
    () => client.isOver,
    () => `the end of ${JSON.stringify(client.heard.slice(0, 200))}`,
  );
  client.socket.destroy();
  return client.heard;
}

export class Wiretap {
  readonly socket: TLSSocket;
  heard = '';
  isClosed = false;

  constructor(port: number, certificate?: Wire['certificate']) {
    this.socket = connect({
      host: '127.0.0.1',
      port,
      ca: GATEWAY_CA.certificate,
      servername: 'localhost',
      ...(certificate !== undefined && { cert: certificate.chain, key: certificate.privateKey }),
    });
    this.socket.on('data', (chunk: Buffer) => (this.heard += chunk.toString('latin1')));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.isClosed = true));
  }

  get isOver(): boolean {
    if (this.isClosed) return true;
    const [head = '', body] = this.heard.split(/\r\n\r\n(.*)/s);
    if (body === undefined) return false;
    const length = /^content-length: (\d+)$/im.exec(head)?.[1];
    if (length !== undefined) return body.length >= Number(length);
    return /^HTTP\/1\.1 (101|204|304)/.test(head) || body.endsWith('0\r\n\r\n');
  }
}

/** A request's head, lines as given. */
export function head(target: string, lines: readonly string[] = [], method = 'GET'): string {
  return `${[`${method} ${target} HTTP/1.1`, 'Host: hub', ...lines].join('\r\n')}\r\n\r\n`;
}

export const BEARER = `Authorization: Bearer ${ALICES_TOKEN}`;
export const UPGRADE = [
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: aGVsbG8gd29ybGQhISEhIQ==',
];

const ADDED_BY_AGENT: ReadonlySet<string> = new Set([
  'impersonate-user',
  'impersonate-group',
  'authorization',
]);
const WHOSE = /^(impersonate|x[-_]remote|x[-_]mctunnel|authorization|proxy[-_]authorization|cookie)/;

/** What is wrong with the requests that reached the member, when only `expected` (a user of the hub; undefined: nobody) may have sent them. */
export function lootIn(arrivals: readonly Arrival[], expected?: string): string | undefined {
  for (const { method, target, lines } of arrivals) {
    if (expected === undefined) return `${method} ${target} reached the member: ${lines.join(' ')}`;
    for (let i = 0; i < lines.length; i += 2) {
      const [name = '', value = ''] = [lines[i]?.toLowerCase(), lines[i + 1]];
      const line = `${name}: ${value}`;
      if (name.replaceAll('_', '-').match(WHOSE) !== null && !ADDED_BY_AGENT.has(name)) return line;
      if (value.includes(VICTIM)) return line;
      if (name === 'sec-websocket-protocol' && value.includes('bearer')) return line;
      if (name === 'connection' && !['upgrade', 'keep-alive', 'close'].includes(value.toLowerCase()))
        return line;
    }
    const of = (name: string): string[] =>
      lines.filter((_, at) => at % 2 === 1 && lines[at - 1]?.toLowerCase() === name);
    const [users, credentials] = [of('impersonate-user'), of('authorization')];
    if (users.join() !== `hub:${expected}`) return `it arrived as ${JSON.stringify(users)}`;
    if (credentials.join() !== `Bearer ${TOKEN}`) return `it came with ${JSON.stringify(credentials)}`;
  }
  return undefined;
}
