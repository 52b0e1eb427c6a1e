import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from './certificates.ts';

/** The common name of the API server's certificate towards nodes; the node lets in nobody else. */
export const kubeletClientName = 'kube-apiserver-kubelet-client';

export function etcdFlags(dataFolder: string, port: number): string[] {
  const url = `http://127.0.0.1:${port}`;
  return [
    `--data-dir=${dataFolder}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/** `apiserverFolder` is where apiserverFlags has written the API server's files. */
export function controllerManagerFlags(kubeconfig: string, apiserverFolder: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    '--secure-port=0',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${join(apiserverFolder, 'service-account.key')}`,
    `--root-ca-file=${join(apiserverFolder, 'client-ca.crt')}`,
  ];
}

export interface NodeConfiguration {
  readonly name: string;
  /** Of `system:node:NAME` in `system:nodes`. */
  readonly kubeconfig: string;
  /** Of `system:kube-scheduler`: there is no scheduler, the node takes every pod. */
  readonly schedulerKubeconfig: string;
  /** Signs the node's serving certificate and the API server's client certificate. */
  readonly kubeletAuthority: KeyPair;
  readonly directory: string;
}

export function nodeFlags(configuration: NodeConfiguration): string[] {
  const { name, kubeconfig, schedulerKubeconfig, kubeletAuthority, directory } = configuration;
  const certificate = join(directory, 'kubelet-ca.crt');
  const key = join(directory, 'kubelet-ca.key');
  writeFileSync(certificate, kubeletAuthority.certificate, { mode: 0o600 });
  writeFileSync(key, kubeletAuthority.key, { mode: 0o600 });
  return [
    `-name=${name}`,
    `-kubeconfig=${kubeconfig}`,
    `-scheduler-kubeconfig=${schedulerKubeconfig}`,
    `-kubelet-ca=${certificate}`,
    `-kubelet-ca-key=${key}`,
    `-client-name=${kubeletClientName}`,
    `-directory=${directory}`,
  ];
}
