import { writeFileSync } from 'node:fs';
import type { KeyPair } from './certificates.ts';

/** How to reach an API server, and as whom. */
export interface KubeconfigOptions {
  /** Name of the cluster, the user and the context. */
  readonly name: string;
  readonly server: string;
  readonly caCertificate: string;
  readonly user: KeyPair | { readonly token: string };
  readonly namespace?: string;
}

/** Writes a kubeconfig (JSON, which is YAML) that holds everything inline, readable by its owner only. */
export function writeKubeconfig(path: string, options: KubeconfigOptions): string {
  const { name, server, caCertificate, user, namespace } = options;
  const credentials =
    'token' in user
      ? { token: user.token }
      : { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.key) };
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(caCertificate) } }],
    users: [{ name, user: credentials }],
    contexts: [
      { name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } },
    ],
    'current-context': name,
  };
  writeFileSync(path, `${JSON.stringify(kubeconfig, null, 2)}\n`, { mode: 0o600 });
  return path;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
