import type { ServiceDefinition } from '@grpc/grpc-js';
import { mctunnel } from '../gen/tunnel.js';

const wire = mctunnel.tunnel.v1;

/** Largest gRPC message that either side reads; a Batch has at most 128 KiB. */
export const MAX_MESSAGE_BYTES = 262_144;

/**
 * HTTP/2 window of a stream and of the connection, at both ends: so large that it never counts. What arrives is read at once, so it holds no memory; the
 * windows of the tunnel's own streams do. Node gives half of it back at a time: 8 MiB kept 4 in flight, 80 MB/s at a round trip of 50 ms.
 */
export const WINDOW_BYTES = 64 * 1024 * 1024;

// gRPC sees bytes only: decoding happens where a throw is caught (a throw in a deserialiser, or in a 'data' listener, would end the call or the process).
const identity = (bytes: Buffer): Buffer => bytes;
const codec = {
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
};

/** The service of proto/mctunnel/tunnel/v1/tunnel.proto. */
export const TUNNEL_SERVICE = {
  connect: {
    path: '/mctunnel.tunnel.v1.Tunnel/Connect',
    requestStream: true,
    responseStream: true,
    ...codec,
  },
  enroll: {
    path: '/mctunnel.tunnel.v1.Tunnel/Enroll',
    requestStream: false,
    responseStream: false,
    ...codec,
  },
  renew: {
    path: '/mctunnel.tunnel.v1.Tunnel/Renew',
    requestStream: false,
    responseStream: false,
    ...codec,
  },
} satisfies ServiceDefinition;

interface Encoder {
  finish(): Uint8Array;
}

/** What protobufjs' writer returns under Node is a Buffer; this only tells the compiler, without a copy. */
function bytesOf(encoder: Encoder): Buffer {
  const bytes = encoder.finish();
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export interface EnrollRequest {
  readonly token: string;
  readonly csr: Uint8Array;
  readonly clusterUid: string;
  readonly cluster: string;
}

export interface EnrollResponse {
  readonly certificateChain: string;
  readonly caBundle: string;
  readonly cluster: string;
}

export const encodeEnrollRequest = (request: EnrollRequest): Buffer =>
  bytesOf(wire.EnrollRequest.encode(request));
export const decodeEnrollRequest = (bytes: Buffer): EnrollRequest => wire.EnrollRequest.decode(bytes);
export const encodeEnrollResponse = (response: EnrollResponse): Buffer =>
  bytesOf(wire.EnrollResponse.encode(response));
export const decodeEnrollResponse = (bytes: Buffer): EnrollResponse => wire.EnrollResponse.decode(bytes);

export interface RenewRequest {
  readonly csr: Uint8Array;
}

export type RenewResponse = Omit<EnrollResponse, 'cluster'>;

export const encodeRenewRequest = (request: RenewRequest): Buffer =>
  bytesOf(wire.RenewRequest.encode(request));
export const decodeRenewRequest = (bytes: Buffer): RenewRequest => wire.RenewRequest.decode(bytes);
export const encodeRenewResponse = (response: RenewResponse): Buffer =>
  bytesOf(wire.RenewResponse.encode(response));
export const decodeRenewResponse = (bytes: Buffer): RenewResponse => wire.RenewResponse.decode(bytes);
