import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from './certificates.ts';

/** How much of each request the audit log keeps; see the `audit.k8s.io/v1` API. */
export type AuditLevel = 'Metadata' | 'Request' | 'RequestResponse';

export interface ApiserverConfiguration {
  /** Where certificates, keys and the audit policy are written. */
  readonly directory: string;
  readonly port: number;
  readonly etcdPort: number;
  readonly serving: KeyPair;
  readonly clientCaCertificate: string;
  readonly frontProxyCaCertificate: string;
  readonly frontProxyClient: KeyPair;
  readonly kubeletCaCertificate: string;
  readonly kubeletClient: KeyPair;
  readonly tokenKey: { readonly privateKey: string; readonly publicKey: string };
  readonly auditLog: { readonly path: string; readonly level: AuditLevel } | undefined;
  /** Without a controller manager no namespace gets its default service account, and pods could not be created. */
  readonly serviceAccountAdmission: boolean;
  readonly extra: readonly string[];
}

/** Writes the files of a kube-apiserver and returns its flags. */
export function apiserverFlags(configuration: ApiserverConfiguration): string[] {
  const { directory, port, etcdPort, auditLog } = configuration;
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const audit =
    auditLog === undefined
      ? []
      : [
          `--audit-log-path=${auditLog.path}`,
          `--audit-policy-file=${file('audit-policy.json', JSON.stringify(auditPolicy(auditLog.level)))}`,
        ];
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    // The only "node" that could be the endpoint of the kubernetes Service has a loopback address, which is refused.
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${file('serving.crt', configuration.serving.certificate)}`,
    `--tls-private-key-file=${file('serving.key', configuration.serving.key)}`,
    `--client-ca-file=${file('client-ca.crt', configuration.clientCaCertificate)}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    ...(configuration.serviceAccountAdmission ? [] : ['--disable-admission-plugins=ServiceAccount']),
    '--allow-privileged=true',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('service-account.pub', configuration.tokenKey.publicKey)}`,
    `--service-account-signing-key-file=${file('service-account.key', configuration.tokenKey.privateKey)}`,
    `--requestheader-client-ca-file=${file('front-proxy-ca.crt', configuration.frontProxyCaCertificate)}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-uid-headers=X-Remote-Uid',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${file('front-proxy-client.crt', configuration.frontProxyClient.certificate)}`,
    `--proxy-client-key-file=${file('front-proxy-client.key', configuration.frontProxyClient.key)}`,
    `--kubelet-certificate-authority=${file('kubelet-ca.crt', configuration.kubeletCaCertificate)}`,
    `--kubelet-client-certificate=${file('kubelet-client.crt', configuration.kubeletClient.certificate)}`,
    `--kubelet-client-key=${file('kubelet-client.key', configuration.kubeletClient.key)}`,
    '--kubelet-preferred-address-types=InternalIP',
    ...audit,
    ...configuration.extra,
  ];
}

function auditPolicy(level: AuditLevel): unknown {
  return {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level }],
  };
}
