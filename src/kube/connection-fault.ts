import type { KubeContext } from './kubeconfig.ts';
import { codeOf, firstLine } from './system-error.ts';

/** Names of a certificate that are told: a certificate may have thousands. */
const MAX_NAMES = 8;

const OTHER_CA =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA|CERT_REJECTED)/;
const REFUSES_CLIENT =
  /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_(EXPIRED|REQUIRED|REVOKED|UNKNOWN)|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/;

/**
 * Why the server of a context cannot be talked to, and what to do, in one line without Node's or OpenSSL's own words, where these are known: of any other error
 * its first line. To be put behind `cannot reach the API server URL: `.
 */
export function connectionFault(
  error: unknown,
  { server, origin }: Pick<KubeContext, 'server' | 'origin'>,
): string {
  const code = codeOf(error);
  const { hostname } = new URL(server);
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens there (connection refused); start it, or mend the address in ${origin}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${hostname} is not known to this machine; mend the address in ${origin}, or look at the machine's DNS`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to it from this machine; look at its network, or mend the address in ${origin}`;
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `it does not answer; look whether it runs, and whether a firewall stands before it`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is not for ${hostname}${namesOf(error)}; use a name that is in the certificate (${origin}), or have this one put there (a hub: --advertise)`;
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired; have it renewed there, and look at the clock of this machine';
    case 'CERT_NOT_YET_VALID':
      return 'its certificate is not valid yet; look at the clock of this machine and at that of the server';
    case 'INVALID_PURPOSE':
      return 'its certificate is not one for a server; have another one put there';
    case 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL':
      return `this port does not speak HTTP/1.1; of a hub it is the port for agents (8443 unless told otherwise): put that of the gateway (8080) into ${origin}`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `this port does not speak TLS; mend the address in ${origin}`;
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
      return 'it speaks no version of TLS, or no cipher, that is spoken here';
  }
  if (OTHER_CA.test(code)) {
    return `its certificate is not of the CA in ${origin}: another server answers there, or the CA was exchanged; take a kubeconfig of that server as it is now`;
  }
  if (REFUSES_CLIENT.test(code)) {
    return `it does not accept the client certificate in ${origin}; take a new one`;
  }
  // undici gives this one no code.
  if ((error as { readonly name?: unknown }).name === 'HTTPParserError') {
    return `it answers with something that is not HTTP; mend the port in ${origin}`;
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET') {
    return 'the other end closed it before it had answered';
  }
  return firstLine(error);
}

/** ` (it is for DNS:localhost, …)`. */
function namesOf(error: unknown): string {
  const { cert } = error as { readonly cert?: { readonly subjectaltname?: unknown } };
  if (typeof cert?.subjectaltname !== 'string') return '';
  const names = cert.subjectaltname.split(', ');
  const shown = names.slice(0, MAX_NAMES).map((name) => name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100));
  return ` (it is for ${shown.join(', ')}${names.length > MAX_NAMES ? ', …' : ''})`;
}
