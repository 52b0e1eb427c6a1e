import type { Log } from '../lib/log.ts';
import { type Authority, writeAdminKubeconfig } from '../pki/index.ts';

export interface KeepAdminKubeconfigOptions {
  readonly path: string;
  /** `https://HOST:PORT` of the gateway. */
  readonly server: string;
  /** PEM by which the gateway's certificate is verified, as it is now. */
  readonly caBundle: () => string;
  /** `gateway-client`, which signs it. */
  readonly authority: Authority;
  /** `gateway-serving`. */
  readonly serving: Authority;
  readonly log: Log;
}

/** Writes the administrator's kubeconfig of a standalone hub, now and whenever one of its CAs is another. Throws as `writeAdminKubeconfig`, the first time. */
export async function keepAdminKubeconfig(options: KeepAdminKubeconfigOptions): Promise<void> {
  const { path, server, caBundle, authority, serving, log } = options;
  const write = (): Promise<boolean> =>
    writeAdminKubeconfig({ path, server, caBundle: caBundle(), authority });
  const isNew = await write();
  log.info(
    { path },
    isNew ? "wrote the administrator's kubeconfig" : "the administrator's kubeconfig is in place",
  );
  // One after the other, or an older one could be written last.
  let written: Promise<unknown> = Promise.resolve();
  const again = (): void => {
    written = written.then(write).then(
      (isChanged) => {
        if (isChanged) log.info({ path }, "wrote the administrator's kubeconfig: its CAs have changed");
      },
      (error: unknown) => log.error({ err: error, path }, "the administrator's kubeconfig cannot be written"),
    );
  };
  authority.onChange(again);
  serving.onChange(again);
}
