import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { CertificateAuthority, KeyPair } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';

/** Somebody who can talk to the API server. */
export interface User {
  readonly name: string;
  /** Path of a kubeconfig that names this plane's server and this user. */
  readonly kubeconfig: string;
  /** What authenticates the user: a client certificate, or a service account's token. */
  readonly credentials: KeyPair | { readonly token: string };
}

export interface UsersOptions {
  /** Name of the cluster in the kubeconfigs. */
  readonly cluster: string;
  readonly server: string;
  /** Signs the users' client certificates, and the server's serving certificate. */
  readonly authority: CertificateAuthority;
  /** Where the kubeconfigs are written. */
  readonly directory: string;
}

/** The users of one API server. */
export class Users {
  readonly #options: UsersOptions;
  readonly #known = new Map<string, User>();

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  /** A user with a client certificate: `CN` the name, `O` the groups. The same one every time. */
  named(name: string, groups: readonly string[]): User {
    const key = JSON.stringify([name, ...groups]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { authority } = this.#options;
    const user = this.#create(
      name,
      authority.issue({ commonName: name, organizations: groups, usage: 'client' }),
    );
    this.#known.set(key, user);
    return user;
  }

  withToken(name: string, token: string): User {
    return this.#create(name, { token });
  }

  #create(name: string, credentials: User['credentials']): User {
    const { cluster, server, authority, directory } = this.#options;
    const kubeconfig = writeKubeconfig(join(directory, `${randomUUID()}.kubeconfig`), {
      name: cluster,
      server,
      caCertificate: authority.certificate,
      user: credentials,
    });
    return { name, kubeconfig, credentials };
  }
}
