import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CoreV1Api } from '@kubernetes/client-node';
import {
  createKubeClient,
  loadDefaultKubeconfig,
  loadInCluster,
  loadKubeconfig,
  type KubeClient,
  type KubeContext,
} from '../../src/kube/index.ts';
import { MctunnelError } from '../../src/errors.ts';
import { authority, client as clientCertificate } from './certificates.ts';
import { FakeApiServer, headerLines, sendJson, type Received } from './fake-apiserver.ts';

let folder: string;
let api: FakeApiServer;
const clients: KubeClient[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kube-client-'));
  api = await FakeApiServer.start((_, response) => sendJson(response, 200, { kind: 'PodList', items: [] }));
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await api.stop();
  rmSync(folder, { recursive: true });
});

function first(): Received {
  const [received] = api.received;
  if (received === undefined) throw new Error('nothing was received');
  return received;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

interface Parts {
  user?: object;
  cluster?: object;
  context?: object;
  current?: string;
}

function write(parts: Parts = {}, name = 'config'): string {
  const path = join(folder, name);
  const cluster = {
    server: api.url,
    'certificate-authority-data': base64(api.ca.certificate),
    ...parts.cluster,
  };
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'hub', cluster }],
      users: [{ name: 'ada', user: parts.user ?? { token: 'secret' } }],
      contexts: [{ name: 'work', context: { cluster: 'hub', user: 'ada', ...parts.context } }],
      'current-context': parts.current ?? 'work',
    }),
  );
  return path;
}

async function connect(path: string, now: () => number = () => 0): Promise<KubeClient> {
  const clock = { now, after: () => ({ cancel: () => undefined }), soon: () => undefined };
  const client = await createKubeClient(loadKubeconfig(path), { clock });
  clients.push(client);
  return client;
}

async function refusal(load: () => unknown): Promise<string> {
  try {
    await load();
  } catch (error) {
    expect(error).toBeInstanceOf(MctunnelError);
    expect((error as MctunnelError).code).toBe('INVALID');
    expect((error as MctunnelError).message).not.toContain('\n');
    return (error as MctunnelError).message;
  }
  throw new Error('was accepted');
}

describe('a kubeconfig', () => {
  it('that cannot be used is refused with one line that names the file and the fault', async () => {
    const file = (content: string): string => {
      writeFileSync(join(folder, 'bad'), content);
      return join(folder, 'bad');
    };
    const at = (path: string) => refusal(async () => connect(path));
    expect(await at(join(folder, 'none'))).toBe(`kubeconfig ${folder}/none: no such file`);
    expect(await at(folder)).toBe(`kubeconfig ${folder}: is a folder, not a file`);
    expect(await at(file('a: [b'))).toMatch(/^kubeconfig .*\/bad: not YAML: /);
    expect(await at(file(''))).toMatch(/not a kubeconfig/);
    expect(await at(file('clusters: 7\ncurrent-context: x'))).toMatch(/clusters must be a list/);
    expect(await at(file('clusters: [x]'))).toMatch(/clusters\[0\] must be a mapping/);
    expect(await at(file('users: [{user: {}}]'))).toMatch(/users\[0\] has no name/);
    expect(await at(write({ current: '' }))).toMatch(/no current-context/);
    expect(await at(write({ current: 'other' }))).toMatch(/no context "other"; it has: work$/);
    expect(await at(write({ context: { cluster: 'moon' } }))).toMatch(/context "work": no cluster "moon"/);
    expect(await at(write({ context: { user: 'eve' } }))).toMatch(/context "work": no user "eve"/);
    expect(await at(write({ cluster: { server: 'hub:6443' } }))).toMatch(
      /"hub:6443" is not an https:\/\/ address/,
    );
    expect(await at(write({ cluster: { server: 'https://u@h' } }))).toMatch(
      /must be scheme, host, port and path/,
    );
    expect(await at(write({ cluster: { 'certificate-authority': 'gone.crt' } }))).toMatch(
      /gone\.crt: no such file$/,
    );
    expect(await at(write({ cluster: { 'certificate-authority-data': base64('x') } }))).toMatch(
      /certificate-authority holds no PEM certificate/,
    );
    expect(await at(write({ user: { token: 5 } }))).toMatch(/user "ada": token must be a string/);
    for (const token of ['abc\n', 'a b', 'tökén'])
      expect(await at(write({ user: { token } }))).toMatch(/user "ada": token is not one token/);
    expect(await at(write({ user: { tokenFile: 'gone' } }))).toMatch(/token file .*\/gone: no such file/);
    expect(await at(write({ user: { 'as-groups': ['a'], token: 't' } }))).toMatch(/need "as"/);
    const one = clientCertificate(authority('a'), 'ada');
    const other = clientCertificate(authority('b'), 'ada');
    const pair = (certificate: string, key?: string) => ({
      'client-certificate-data': base64(certificate),
      ...(key !== undefined && { 'client-key-data': base64(key) }),
    });
    expect(await at(write({ user: pair(one.certificate) }))).toMatch(/must be given together/);
    expect(await at(write({ user: pair(one.certificate, other.key) }))).toMatch(/does not belong/);
    expect(await at(write({ user: pair('x', 'y') }))).toMatch(
      /client-certificate is no certificate in PEM, or is damaged$/,
    );
    expect(await at(write({ user: { exec: { command: join(folder, 'no-plugin') } } }))).toMatch(/no-plugin/);
    expect(await refusal(() => loadKubeconfig(write(), { context: 'x' }))).toMatch(/no context "x"/);
  });

  it('may come from a pipe, read once, also where KUBECONFIG lists several', async () => {
    const from = write();
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const load = async (use: () => KubeContext) => {
      const program = spawn('sh', ['-c', 'cat "$1" >"$2"', 'sh', from, pipe]);
      const ended = new Promise((resolve) => program.once('exit', resolve));
      expect(use().config.getCurrentUser()?.token).toBe('secret');
      await ended;
    };
    await load(() => loadKubeconfig(pipe));
    await load(() => loadDefaultKubeconfig({ KUBECONFIG: `${folder}/none:${pipe}` }));
  });

  // The whole process waited in the kernel when one of them became a pipe.
  it('keeps its credential when something else takes the place of a file that it names', async () => {
    const token = join(folder, 'token');
    const caFile = join(folder, 'ca.pem');
    writeFileSync(token, 'first');
    writeFileSync(caFile, api.ca.certificate);
    let nowMs = 0;
    const path = write({
      user: { tokenFile: token },
      cluster: { 'certificate-authority': caFile, 'certificate-authority-data': undefined },
    });
    const client = await connect(path, () => nowMs);
    const get = async () => (await client.raw.request({ method: 'GET', path: '/' })).text(1000);
    await get();
    for (const file of [token, caFile]) {
      rmSync(file);
      execFileSync('mkfifo', [file]);
      nowMs += 20_000;
      await get();
    }
    rmSync(token);
    rmSync(caFile);
    writeFileSync(token, 'second');
    writeFileSync(caFile, api.ca.certificate);
    nowMs += 20_000;
    await get();
    expect(api.received.flatMap((received) => headerLines(received, 'authorization'))).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer first',
      'Bearer second',
    ]);
  });

  it('with a key that stands twice is refused, as kubectl does', async () => {
    const path = write();
    writeFileSync(path, '{"apiVersion": "v1", "users": [], "users": []}');
    expect(await refusal(() => loadKubeconfig(path))).toMatch(/the key "users" stands twice in one mapping$/);
  });

  // Minutes, when each key is compared with all before it.
  it('with a hundred thousand keys is read in linear time', async () => {
    const path = join(folder, 'keys');
    writeFileSync(path, Array.from({ length: 100_000 }, (_, index) => `k${index}: 1\n`).join(''));
    expect(await refusal(() => loadKubeconfig(path))).toMatch(/no current-context/);
  }, 60_000);

  it('is found as kubectl finds it: KUBECONFIG with the first entry winning, else the home folder', async () => {
    const first = write({ user: { token: 'first' } }, 'first');
    const second = write({ user: { token: 'second' }, current: 'work' }, 'second');
    const merged = loadDefaultKubeconfig({
      KUBECONFIG: `${folder}/none:${first}:${second}`,
      HOME: '/nowhere',
    });
    expect(merged.config.getCurrentUser()?.token).toBe('first');
    expect(merged.origin).toBe(`kubeconfig ${first}:${second}`);
    expect(await refusal(() => loadDefaultKubeconfig({ HOME: folder }))).toBe(
      `kubeconfig ${folder}/.kube/config: no such file`,
    );
    expect(await refusal(() => loadDefaultKubeconfig({}))).toMatch(/give --kubeconfig FILE/);
    expect(await refusal(() => loadDefaultKubeconfig({ KUBECONFIG: '/no/a:/no/b' }))).toMatch(
      /none of the other/,
    );
  });

  it('is the service account inside of a pod, and nothing outside of one', async () => {
    writeFileSync(join(folder, 'ca.crt'), api.ca.certificate);
    writeFileSync(join(folder, 'token'), 'pod-token\n');
    writeFileSync(join(folder, 'namespace'), 'mctunnel-system');
    expect(loadInCluster({}, folder)).toBeUndefined();
    const { hostname, port } = new URL(api.url);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    expect(loadInCluster(env, join(folder, 'not-mounted'))).toBeUndefined();
    expect(loadInCluster({ ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' }, folder)?.server).toBe(
      `https://[fd00::1]:${port}`,
    );
    const context = loadInCluster(env, folder);
    expect(context?.namespace).toBe('mctunnel-system');
    if (context === undefined) throw new Error('no context');
    const client = await createKubeClient(context);
    clients.push(client);
    await (await client.raw.request({ method: 'GET', path: '/' })).text(100);
    expect(headerLines(first(), 'authorization')).toEqual(['Bearer pod-token']);
  });
});

describe('the raw client', () => {
  it('sends method, path, lines and body as given, and the credential wins over a line of its name', async () => {
    api.answer = (_, response) => {
      response.writeHead(207, ['X-A', '1', 'X-A', '2', 'X-B', 'caf\u00e9']).end('body');
    };
    const { raw } = await connect(write({ cluster: { server: `${api.url}/prefix/` } }));
    const answer = await raw.request({
      method: 'PATCH',
      path: '/apis/x/../y?a=b%2Fc&a=d',
      headers: ['X-One', 'a', 'X-One', 'b', 'authorization', 'Bearer forged'],
      body: Readable.from(['he', 'llo']),
    });
    expect(answer.status).toBe(207);
    const lines = answer.headers.flatMap((part, i) =>
      i % 2 === 1 ? [] : [`${part}: ${answer.headers[i + 1]}`],
    );
    expect(lines).toEqual(expect.arrayContaining(['X-A: 1', 'X-A: 2', 'X-B: caf\u00e9']));
    expect(await answer.text(4)).toBe('body');
    const received = first();
    expect(received.method).toBe('PATCH');
    expect(received.url).toBe('/prefix/apis/x/../y?a=b%2Fc&a=d');
    expect(received.body).toBe('hello');
    expect(headerLines(received, 'X-One')).toEqual(['a', 'b']);
    expect(headerLines(received, 'Authorization')).toEqual(['Bearer secret']);
  });

  it('keeps a hundred quiet watches and answers others beside them, on connections that it uses again', async () => {
    const hold: (() => void)[] = [];
    api.answer = (received, response) => {
      if (!received.url.startsWith('/watch')) {
        sendJson(response, 200, {});
        return;
      }
      response.writeHead(200).write('{"type":"BOOKMARK"}\n');
      hold.push(() => response.end());
    };
    const { raw } = await connect(write());
    const watches = await Promise.all(
      Array.from({ length: 100 }, (_, i) => raw.request({ method: 'GET', path: `/watch/${i}` })),
    );
    for (let i = 0; i < 10; i++) await (await raw.request({ method: 'GET', path: '/x' })).text(100);
    expect(api.connections).toBeLessThanOrEqual(102);
    for (const end of hold) end();
    for (const watch of watches) expect(await watch.text(100)).toBe('{"type":"BOOKMARK"}\n');
  });

  it('presents the client certificate, and a new one after its files have changed', async () => {
    const ca = authority('client CA');
    const put = (commonName: string): void => {
      const pair = clientCertificate(ca, commonName);
      writeFileSync(join(folder, 'tls.crt'), pair.certificate);
      writeFileSync(join(folder, 'tls.key'), pair.key);
    };
    const names: string[] = [];
    api.answer = (received, response) => {
      const { socket } = received.request;
      if (socket instanceof TLSSocket) names.push(String(socket.getPeerCertificate().subject.CN));
      sendJson(response, 200, {});
    };
    put('before');
    let now = 0;
    const { raw } = await connect(
      write({ user: { 'client-certificate': 'tls.crt', 'client-key': 'tls.key' } }),
      () => now,
    );
    const ask = async () => (await raw.request({ method: 'GET', path: '/' })).text(100);
    await ask();
    put('after');
    await ask();
    now = 10_000;
    await ask();
    // A rotation that is caught half-way (a key without its certificate) keeps the last good pair.
    writeFileSync(join(folder, 'tls.key'), 'garbage');
    now = 20_000;
    await ask();
    expect(names).toEqual(['before', 'before', 'after', 'after']);
  });

  it('reads a token file again, at once after a 401', async () => {
    writeFileSync(join(folder, 'token'), 'one');
    const { raw } = await connect(write({ user: { tokenFile: 'token' } }));
    const ask = async () => (await raw.request({ method: 'GET', path: '/' })).text(100);
    await ask();
    writeFileSync(join(folder, 'token'), 'two\n');
    api.answer = (_, response) => sendJson(response, 401, {});
    await ask();
    await ask();
    expect(api.received.map((received) => headerLines(received, 'authorization')[0])).toEqual([
      'Bearer one',
      'Bearer one',
      'Bearer two',
    ]);
  });

  it('takes tokens of an exec plug-in and sends impersonation of the kubeconfig as lines apart', async () => {
    const plugin = join(folder, 'plugin');
    writeFileSync(plugin, `#!/bin/sh\necho '{"status":{"token":"from-plugin"}}'\n`);
    chmodSync(plugin, 0o700);
    const { raw } = await connect(
      write({
        user: {
          exec: { command: plugin, apiVersion: 'client.authentication.k8s.io/v1' },
          as: 'zoë',
          'as-groups': ['a,b', 'c'],
          'as-user-extra': { 'example.org/Scope': ['x'] },
        },
      }),
    );
    await (await raw.request({ method: 'GET', path: '/' })).text(100);
    const received = first();
    expect(headerLines(received, 'authorization')).toEqual(['Bearer from-plugin']);
    expect(headerLines(received, 'impersonate-group')).toEqual(['a,b', 'c']);
    expect(Buffer.from(headerLines(received, 'impersonate-user')[0] ?? '', 'latin1').toString()).toBe('zoë');
    expect(headerLines(received, 'impersonate-extra-example.org%2FScope')).toEqual(['x']);
  });

  it('starts an exec plug-in from the folder of the kubeconfig, as kubectl does, and says who asks', async () => {
    writeFileSync(join(folder, 'plugin'), `#!/bin/sh\necho '{"status":{"token":"from-plugin"}}'\n`, {
      mode: 0o700,
    });
    const exec = { command: './plugin', apiVersion: 'client.authentication.k8s.io/v1' };
    const context = loadKubeconfig(write({ user: { exec, 'client-certificate': 'a/b.crt' } }));
    expect(context.config.getCurrentUser()?.exec).toMatchObject({ command: join(folder, 'plugin') });
    expect(context.tlsFiles.cert).toBe(join(folder, 'a/b.crt'));
    const client = await createKubeClient(loadKubeconfig(write({ user: { exec } })), { userAgent: 'me/v1' });
    clients.push(client);
    await (
      await client.raw.request({ method: 'GET', path: '/', headers: ['user-agent', 'forged'] })
    ).text(100);
    const received = first();
    expect(headerLines(received, 'authorization')).toEqual(['Bearer from-plugin']);
    expect(headerLines(received, 'user-agent')).toEqual(['me/v1']);
  });

  it('says of an exec plug-in that gives nothing how it ended, and of one that cannot be started why', async () => {
    const plugin = (script: string, mode = 0o700): string => {
      const path = join(folder, 'plugin');
      rmSync(path, { force: true });
      writeFileSync(path, script, { mode });
      return path;
    };
    const fault = async (command: string, env?: Readonly<Record<string, string>>) => {
      const exec = {
        command,
        apiVersion: 'client.authentication.k8s.io/v1',
        ...(env && { env: Object.entries(env).map(([name, value]) => ({ name, value })) }),
      };
      const path = write({ user: { exec } });
      const { code, message } = (await connect(path).catch((thrown: unknown) => thrown)) as MctunnelError;
      expect(message.startsWith(`kubeconfig ${path}: `)).toBe(true);
      return [code, message.slice(`kubeconfig ${path}: `.length)];
    };
    const path = join(folder, 'plugin');
    const none = (how: string) => ['UNAUTHENTICATED', `no credential: exec plug-in ${path} ${how}`];
    expect(await fault(plugin('#!/bin/sh\nexit 3\n'))).toEqual(
      none('ended with exit status 3 and printed nothing'),
    );
    expect(await fault(plugin('#!/bin/sh\nprintf "log in\\nfirst" >&2\nexit 1\n'))).toEqual(
      none('ended with exit status 1: log in'),
    );
    expect(await fault(plugin('#!/bin/sh\nkill -9 $$\n'))).toEqual(
      none('was ended by SIGKILL and printed nothing'),
    );
    expect(await fault(plugin('#!/bin/sh\n'))).toEqual(none('ended with exit status 0 and printed nothing'));
    for (const output of ['eyJhbGciOi.secret', '{"token":"secret"}', '{"status":null}', 'null', '7']) {
      expect(await fault(plugin(`#!/bin/sh\necho '${output}'\n`))).toEqual([
        'UNAUTHENTICATED',
        `no credential: what exec plug-in ${path} printed is no ExecCredential with a status`,
      ]);
    }
    const unstarted = (why: string) => ['INVALID', `exec plug-in ${path}: ${why}`];
    expect(await fault(plugin('#!/no/such/shell\n'))).toEqual(
      unstarted('the interpreter that its first line names was not found'),
    );
    expect(await fault(plugin('#!/bin/sh\n', 0o600))).toEqual(unstarted('permission denied'));
    rmSync(path);
    expect(await fault(path)).toEqual(unstarted('not found'));
    // EACCES, as of a folder that may not be entered (but by root), and ENOTDIR.
    mkdirSync(join(folder, 'no-such-plugin'));
    for (const PATH of [folder, `/nonexistent:${join(folder, 'config')}`]) {
      expect(await fault('no-such-plugin', { PATH })).toEqual([
        'INVALID',
        'exec plug-in no-such-plugin: not found in PATH',
      ]);
    }
  });

  // A single `get clusters` ended the hub when its own account was not allowed to read registrations.
  it('outlives an answer that came whole and that nobody reads', async () => {
    const { raw } = await connect(write({}));
    const { body } = await raw.request({ method: 'GET', path: '/' });
    await (await raw.request({ method: 'GET', path: '/' })).text(100);
    const closed = new Promise((resolve) => body.once('close', resolve));
    body.destroy();
    await closed;
    expect((await raw.request({ method: 'GET', path: '/' })).status).toBe(200);
  });

  it('says what failed and whether the request may have been executed', async () => {
    const { raw } = await connect(write());
    const fails = (request: Partial<Parameters<typeof raw.request>[0]> = {}) =>
      raw.request({ method: 'GET', path: '/', ...request }).then(
        () => {
          throw new Error('was answered');
        },
        (error: unknown) => error as MctunnelError,
      );
    api.answer = (received) => received.request.socket.destroy();
    expect(await fails()).toMatchObject({ code: 'UPSTREAM_LOST', delivered: 'unknown' });
    api.answer = () => undefined;
    expect(await fails({ headTimeoutMs: 50 })).toMatchObject({ code: 'TIMEOUT', delivered: 'unknown' });
    expect(await fails({ signal: AbortSignal.timeout(50) })).toMatchObject({ code: 'CANCELLED' });
    api.answer = (_, response) => sendJson(response, 200, 'a'.repeat(1000));
    const large = await raw.request({ method: 'GET', path: '/' });
    await expect(large.text(999)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    const stranger = authority('not the issuer');
    const wrong = await connect(
      write({ cluster: { 'certificate-authority-data': base64(stranger.certificate) } }),
    );
    const request = wrong.raw.request({ method: 'GET', path: '/' });
    await expect(request).rejects.toMatchObject({ code: 'UPSTREAM_UNREACHABLE', delivered: 'no' });
    const port = new URL(api.url).port;
    // One that has no connection yet: the end of an old one may not have been seen, and then nobody knows what became of the request.
    const late = await connect(write());
    await api.stop();
    const gone = (await late.raw
      .request({ method: 'GET', path: '/' })
      .catch((error: unknown) => error)) as MctunnelError;
    expect(gone).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', delivered: 'no' });
    expect(gone.message).toContain(`cannot reach the API server https://127.0.0.1:${port}`);
  });
});

describe('a typed client', () => {
  it('shares connections and credentials with the raw one', async () => {
    const client = await connect(write({ user: { token: 't', as: 'ada', 'as-groups': ['a', 'b'] } }));
    const core = client.api(CoreV1Api);
    for (let i = 0; i < 3; i++)
      expect((await core.listNamespacedPod({ namespace: 'x y' })).items).toEqual([]);
    await (await client.raw.request({ method: 'GET', path: '/' })).text(100);
    expect(api.connections).toBeLessThanOrEqual(2);
    expect(api.received[0]?.url).toBe('/api/v1/namespaces/x%20y/pods');
    expect(headerLines(first(), 'impersonate-group')).toEqual(['a', 'b']);
    api.answer = (_, response) => sendJson(response, 409, { kind: 'Status', reason: 'Conflict' });
    await expect(core.deleteNamespace({ name: 'x' })).rejects.toMatchObject({
      code: 409,
    });
  });
});
