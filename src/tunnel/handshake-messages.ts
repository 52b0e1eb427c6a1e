import { codeFromWire, ERRORS, MctunnelError } from '../errors.ts';
import type { Hop } from '../errors.ts';
import type { GoAwayMessage, HelloMessage, WelcomeMessage } from './frame.ts';
import { DEFAULT_LIMITS, MAX_WINDOW_BYTES, PROTOCOL_VERSION } from './limits.ts';
import type { HelloFacts, SessionLimits, WelcomeFacts } from './session-options.ts';
import type { Hello, Welcome } from './types.ts';

const MAX_VERSIONS = 64;
const MAX_CAPABILITIES = 64;
const MAX_NAME_CHARS = 256;
const MAX_MESSAGE_CHARS = 1024;
const MIN_PING_INTERVAL_MS = 1_000;
const MAX_PING_INTERVAL_MS = 60_000;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const PRINTABLE = /^[^\x00-\x1f\x7f]*$/;

export function toHello(facts: HelloFacts, limits: SessionLimits): HelloMessage {
  return {
    versions: [PROTOCOL_VERSION],
    agentVersion: facts.agentVersion,
    instanceId: facts.instanceId,
    clusterUid: facts.clusterUid,
    capabilities: [...facts.capabilities],
    maxStreams: limits.maxStreams,
    initialWindow: limits.initialWindowBytes,
  };
}

/** Throws MctunnelError UNSUPPORTED (no common version) or PROTOCOL. */
export function fromHello(message: HelloMessage): Hello {
  const versions = message.versions ?? [];
  const capabilities = message.capabilities ?? [];
  if (versions.length > MAX_VERSIONS || capabilities.length > MAX_CAPABILITIES) {
    throw new MctunnelError('PROTOCOL', 'Hello: too long a list');
  }
  if (!versions.includes(PROTOCOL_VERSION)) {
    const offered = versions.join(', ') || 'none';
    throw new MctunnelError(
      'UNSUPPORTED',
      `the hub speaks version ${PROTOCOL_VERSION} of the tunnel protocol, the agent ${offered}: upgrade the older one`,
    );
  }
  return {
    versions,
    agentVersion: name(message.agentVersion, 'agent version'),
    instanceId: name(message.instanceId, 'instance id'),
    clusterUid: name(message.clusterUid, 'cluster uid'),
    capabilities: capabilities.map((capability) => name(capability, 'capability')),
    maxStreams: message.maxStreams ?? 0,
    initialWindowBytes: Math.min(message.initialWindow ?? 0, MAX_WINDOW_BYTES),
  };
}

export function toWelcome(facts: WelcomeFacts, limits: SessionLimits): Welcome {
  return {
    version: PROTOCOL_VERSION,
    hubId: facts.hubId,
    replicas: facts.replicas,
    cluster: facts.cluster,
    maxStreams: limits.maxStreams,
    initialWindowBytes: limits.initialWindowBytes,
    pingIntervalMs: limits.pingIntervalMs,
  };
}

export function toWelcomeMessage(welcome: Welcome): WelcomeMessage {
  return {
    version: welcome.version,
    hubId: welcome.hubId,
    replicas: welcome.replicas,
    cluster: welcome.cluster,
    maxStreams: welcome.maxStreams,
    initialWindow: welcome.initialWindowBytes,
    pingIntervalMs: welcome.pingIntervalMs,
  };
}

/** Throws MctunnelError UNSUPPORTED or PROTOCOL. */
export function fromWelcome(message: WelcomeMessage): Welcome {
  const version = message.version ?? 0;
  if (version !== PROTOCOL_VERSION) {
    throw new MctunnelError(
      'UNSUPPORTED',
      `the hub chose version ${version} of the tunnel protocol, which was not offered`,
    );
  }
  const pingIntervalMs = message.pingIntervalMs ?? 0;
  return {
    version,
    hubId: name(message.hubId, 'hub id'),
    replicas: message.replicas ?? 0,
    cluster: name(message.cluster, 'cluster'),
    maxStreams: message.maxStreams ?? 0,
    initialWindowBytes: Math.min(message.initialWindow ?? 0, MAX_WINDOW_BYTES),
    pingIntervalMs:
      pingIntervalMs === 0
        ? DEFAULT_LIMITS.pingIntervalMs
        : Math.min(Math.max(pingIntervalMs, MIN_PING_INTERVAL_MS), MAX_PING_INTERVAL_MS),
  };
}

/** A fatal GoAway; DRAINING (only a refused handshake) carries when to come again. */
export function toGoAway(error: MctunnelError, lastStream: number): GoAwayMessage {
  return {
    code: ERRORS[error.code].wire,
    message: error.message.slice(0, MAX_MESSAGE_CHARS),
    lastStream,
    retryAfterMs: (error.retryAfterSeconds ?? 0) * 1000,
  };
}

export function fromGoAway(message: GoAwayMessage, hop: Hop): MctunnelError {
  const retryAfterMs = message.retryAfterMs ?? 0;
  const text = (message.message ?? '').slice(0, MAX_MESSAGE_CHARS);
  return new MctunnelError(
    codeFromWire(message.code ?? 0),
    text === '' ? 'the other end closed the tunnel' : text,
    {
      hop,
      delivered: 'unknown',
      ...(retryAfterMs > 0 ? { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) } : {}),
    },
  );
}

function name(value: string | null | undefined, what: string): string {
  const text = value ?? '';
  if (text.length > MAX_NAME_CHARS || !PRINTABLE.test(text)) {
    throw new MctunnelError('PROTOCOL', `a malformed ${what}`);
  }
  return text;
}
