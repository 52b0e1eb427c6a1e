/** The command line as users meet it: wrong input, refusals, help, signals, and every command against a real hub. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { agentSettings, flagOf, hubSettings, variableOf, type Settings } from '../../src/config/index.ts';
import { authority, withLatin1Name } from '../kube/certificates.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { CertificateAuthority, freePort, waitFor } from '../kubernetes/index.ts';
import { createToken, type Enrolment } from '../support/enrol.ts';
import { begin } from '../support/client.ts';
import { startFakeMember, type FakeMember } from '../support/fake-member.ts';
import { mctunnel, MctunnelProcess, type CliResult } from '../support/mctunnel.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';
import { CLUSTER, startSystem, type System } from '../support/system.ts';

const TEST_MS = 300_000;
/** What an agent asks its cluster first. */
const UID_PATH = '/api/v1/namespaces/kube-system';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mctunnel-command-line-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let files = 0;
const file = (text: string, name = `file-${files++}`): string => {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
};

/** One line a problem on standard error, nothing else, and no stack. */
function expectRefusal(result: CliResult, code: 1 | 2, ...wanted: readonly (string | RegExp)[]): void {
  const lines = errorLines(result.stderr);
  expect({ code: result.code, stdout: result.stdout.replaceAll(/^\{.*\}\n/gm, '') }).toEqual({
    code,
    stdout: '',
  });
  expect(lines).toHaveLength(wanted.length);
  for (const [i, words] of wanted.entries()) expect(lines[i]).toMatch(words);
}

/** Without the log, which servers write as JSON. */
function errorLines(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  for (const line of lines) expect(line).toMatch(/^mctunnel: /);
  return lines;
}

const IDLE_PORTS = ['gateway', 'tunnel', 'ops'].flatMap((port) => [`--${port}-listen`, '127.0.0.1:0']);
/** `mctunnel hub` that is expected to fail before it serves. */
const failingHub = (args: readonly string[]): Promise<CliResult> =>
  mctunnel(['hub', '--data-dir', join(scratch, `hub-${files++}`), ...IDLE_PORTS, ...args]);

describe('wrong usage ends with status 2, and a line for every problem', () => {
  it.each<[string, readonly string[], readonly (string | RegExp)[]]>([
    ['no command', [], [/a command is missing \(see mctunnel --help\)/]],
    ['an unknown command', ['bogus'], [/unknown command 'bogus'/]],
    ['a misspelt command', ['agnet'], [/unknown command 'agnet'.*Did you mean agent/]],
    ['help of an unknown command', ['help', 'token', 'bogus'], [/unknown command 'bogus'/]],
    ['an unknown flag', ['hub', '--bogus'], [/unknown option '--bogus'/]],
    ['an operand too many', ['hub', 'extra'], [/too many arguments for 'hub'/]],
    ['an operand too few', ['clusters', 'delete'], [/missing required argument 'NAME'/]],
    [
      'a flag before the command that has it not',
      ['clusters', '--watch', 'delete', 'x'],
      [/--watch: 'delete' has no such flag/],
    ],
    ['a flag without its value', ['hub', '--data-dir'], [/--data-dir <DIR>' argument missing/]],
    [
      'several bad values',
      ['hub', '--drain-timeout', 'soon', '--gateway-listen', 'y', '--max-in-flight-per-user', '0'],
      [
        /--gateway-listen: "y" is not valid; expected HOST:PORT/,
        /--max-in-flight-per-user/,
        /--drain-timeout/,
      ],
    ],
    ['nothing that an agent needs', ['agent'], [/--hub is missing/, /--cluster is missing/]],
    [
      'a name that is none',
      ['clusters', 'pause', 'A_B'],
      [/NAME: "A_B" is not valid; expected a DNS-1123 label/],
    ],
    ['a format that is none', ['clusters', '-o', 'xml'], [/expected one of table, wide, json, yaml/]],
    ['a format that is none, behind =', ['clusters', '-o=xml'], [/--output: "xml" is not valid/]],
    ['a short flag that there is not', ['kubeconfig', '-o=x'], [/unknown option '-o=x'/]],
    [
      'a config file that is not there',
      ['hub', '--config', '/none.yaml'],
      [/--config: cannot read \/none.yaml: no such file/],
    ],
    ['no cluster for a token', ['token', 'create'], [/--cluster is missing/]],
    [
      'two tokens',
      ['agent', '--hub', 'h:1', '--cluster', 'c', '--bootstrap-token', 'a', '--bootstrap-token-file', 'b'],
      [/give one of them/],
    ],
    [
      'half a pair, twice, and a requirement without what it requires',
      ['hub', '--gateway-cert-file', '/none', '--tunnel-key-file', '/none', '--audit-log-required'],
      [
        /--gateway-cert-file and --gateway-key-file must be given together/,
        /--tunnel-cert-file and --tunnel-key-file must be given together/,
        /--audit-log-required needs --audit-log/,
      ],
    ],
    [
      'a token that lives too long',
      ['token', 'create', '--cluster', 'c', '--ttl', '1000h'],
      [/--ttl: "1000h" is not valid; expected a duration from 1s to 168h/],
    ],
    ['no kubeconfig', ['version', '--kubeconfig', '/none'], [/kubeconfig \/none: no such file/]],
    [
      'a hash that is none',
      ['agent', '--hub', 'h:1', '--cluster', 'c', '--hub-ca-hash', 'abc'],
      [/--hub-ca-hash: "abc" is not valid; expected sha256: followed by 64/],
    ],
  ])(
    '%s',
    async (_title, args, wanted) => {
      expectRefusal(await mctunnel(args), 2, ...wanted);
    },
    TEST_MS,
  );

  it(
    'a config file with wrong keys, and a wrong variable',
    async () => {
      const config = file('tunnel-listen: 1\nbogus: true\n');
      const result = await mctunnel(['hub', '--config', config], { MCTUNNEL_LOG_LEVEL: 'loud' });
      expectRefusal(
        result,
        2,
        /has the unknown key "bogus"/,
        /tunnel-listen in .*: 1 is not valid/,
        /MCTUNNEL_LOG_LEVEL: "loud"/,
      );
    },
    TEST_MS,
  );

  it(
    'never shows a secret that is not valid',
    async () => {
      const result = await mctunnel([
        'agent',
        '--hub',
        'h:1',
        '--cluster',
        'c',
        '--bootstrap-token',
        's3cret\u0007',
      ]);
      expect(result.code).toBe(2);
      expect(result.stderr).toContain('--bootstrap-token');
      expect(result.stderr).not.toContain('s3cret');
    },
    TEST_MS,
  );
});

describe('--help and --version', () => {
  it(
    '--version is the package’s',
    async () => {
      const { version } = JSON.parse(
        readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
      ) as { version: string };
      expect(await mctunnel(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    },
    TEST_MS,
  );

  it(
    'lists every command',
    async () => {
      const { code, stdout } = await mctunnel(['--help']);
      expect(code).toBe(0);
      for (const command of ['hub', 'agent', 'token', 'clusters', 'health', 'kubeconfig', 'version'])
        expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    },
    TEST_MS,
  );

  it.each([[[]], [['clusters']], [['clusters', 'delete']]])(
    'help %j prints what --help does',
    async (names) => {
      const wanted = await mctunnel([...names, '--help']);
      expect(wanted).toMatchObject({ code: 0, stderr: '' });
      expect(await mctunnel(['help', ...names])).toEqual(wanted);
    },
    TEST_MS,
  );

  it.each<[string, Settings]>([
    ['hub', hubSettings],
    ['agent', agentSettings],
  ])(
    '%s: every flag with its default and its variable',
    async (command, settings) => {
      const { code, stdout } = await mctunnel([command, '--help'], { COLUMNS: '400' });
      expect(code).toBe(0);
      const text = stdout.replaceAll(/\s+/g, ' ');
      for (const [key, spec] of Object.entries(settings)) {
        expect(text).toContain(`${flagOf(key)} `);
        expect(text).toContain(`env: ${[variableOf(key), ...spec.alsoEnvironment].join(', ')})`);
        if (spec.default !== undefined && spec.placeholder !== undefined)
          expect(text).toContain(`(default: ${spec.default}; env: ${variableOf(key)}`);
      }
    },
    TEST_MS,
  );

  it.each(['token create', 'clusters', 'clusters delete', 'health', 'kubeconfig', 'version'])(
    '%s',
    async (command) => {
      const { code, stdout } = await mctunnel([...command.split(' '), '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('MCTUNNEL_KUBECONFIG');
      expect(stdout).toContain('MCTUNNEL_DATA_DIR');
    },
    TEST_MS,
  );
});

describe('a hub whose files cannot be used says why in one line, with status 2', () => {
  const garbage = (): string => file('}garbage{');

  it.each<[string, () => readonly string[], RegExp]>([
    ['no kubeconfig', () => ['--kubeconfig', '/none'], /kubeconfig \/none: no such file/],
    ['a garbage kubeconfig', () => ['--kubeconfig', garbage()], /kubeconfig .*: not (YAML|a kubeconfig)/],
    [
      'a kubeconfig without current-context',
      () => ['--kubeconfig', file('apiVersion: v1\nkind: Config\n')],
      /no current-context; set one with "kubectl config use-context NAME"/,
    ],
    ['no client CA', () => ['--client-ca-file', '/none'], /--client-ca-file: cannot read \/none/],
    [
      'a garbage client CA',
      () => ['--client-ca-file', garbage()],
      /--client-ca-file: .* holds no certificate/,
    ],
    [
      'a client CA that OpenSSL reads and the gateway does not',
      () => ['--client-ca-file', file(withLatin1Name(authority('oddly named'), 'oddly named'))],
      /--client-ca-file: \S+: certificate 1 of the bundle cannot be read/,
    ],
    ['no token file', () => ['--token-auth-file', '/none'], /--token-auth-file: cannot read \/none/],
    [
      'no serving certificate',
      () => ['--tunnel-cert-file', '/none', '--tunnel-key-file', '/none'],
      /--tunnel-cert-file and --tunnel-key-file: cannot read \/none/,
    ],
    [
      'a garbage serving certificate',
      () => ['--gateway-cert-file', garbage(), '--gateway-key-file', garbage()],
      /--gateway-cert-file and --gateway-key-file: the certificate in \S+ is no certificate in PEM, or is damaged$/,
    ],
    [
      'no folder for the audit log',
      () => ['--audit-log', '/none/audit'],
      /--audit-log: cannot write \/none\/audit: no such file or folder; make the folder \/none, or name/,
    ],
    [
      'a data folder that is a file',
      () => ['--data-dir', garbage()],
      /--data-dir: cannot make the folder .*: it is a file, a folder is needed/,
    ],
    // Node's own way to make a folder and its parents never comes to an end there.
    [
      'a data folder where there can be none',
      () => ['--data-dir', '/proc/mctunnel/hub'],
      /--data-dir: cannot make the folder \/proc\/mctunnel: no folder can be made in \/proc/,
    ],
  ])(
    '%s',
    async (_title, args, wanted) => {
      expectRefusal(await failingHub(args()), 2, wanted);
    },
    TEST_MS,
  );
});

it(
  'a hub with a hub cluster: every file is looked at before that is contacted',
  async () => {
    let connections = 0;
    const apiServer = createServer(() => connections++).listen(0, '127.0.0.1');
    await once(apiServer, 'listening');
    const { port } = apiServer.address() as AddressInfo;
    const kubeconfig = file(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'a',
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
        clusters: [{ name: 'a', cluster: { server: `https://127.0.0.1:${port}` } }],
        users: [{ name: 'a', user: { token: 'x' } }],
      }),
    );
    try {
      const result = await failingHub([
        ...['--kubeconfig', kubeconfig, '--client-ca-file', '/none', '--audit-log', '/none/audit'],
        ...['--tunnel-cert-file', '/none', '--tunnel-key-file', '/none'],
        ...['--gateway-cert-file', '/none', '--gateway-key-file', '/none', '--token-auth-file', '/none'],
      ]);
      expectRefusal(
        result,
        2,
        /--gateway-cert-file and --gateway-key-file: cannot read \/none/,
        /--tunnel-cert-file and --tunnel-key-file: cannot read \/none/,
        /--client-ca-file: cannot read \/none/,
        /--token-auth-file: cannot read \/none/,
        /--audit-log: cannot write \/none\/audit/,
        /--token-auth-file is for a hub without Kubernetes/,
      );
      expect(connections).toBe(0);
    } finally {
      apiServer.close();
    }
  },
  TEST_MS,
);

describe('a hub that cannot start for another reason says so in one line, with status 1', () => {
  it.each(['gateway', 'tunnel', 'ops'])(
    'the %s port is in use',
    async (port) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
      try {
        const result = await failingHub([`--${port}-listen`, address]);
        expectRefusal(
          result,
          1,
          new RegExp(`--${port}-listen ${address}: the port is in use; end what listens there`),
        );
      } finally {
        other.close();
      }
    },
    TEST_MS,
  );

  it(
    'a CA or registrations that are damaged: named, and left as they are',
    async () => {
      const dataDir = join(scratch, 'damaged');
      const hub = await startStandaloneHub(dataDir);
      await hub.process.stop();
      for (const name of ['agent-client-ca.pem', 'registrations.json']) {
        const path = join(dataDir, name);
        const before = existing(path);
        writeFileSync(path, 'garbage');
        expectRefusal(
          await failingHub(['--data-dir', dataDir]),
          1,
          new RegExp(`${name.replaceAll('.', '\\.')}.*(restore|remove)`),
        );
        expect(readFileSync(path, 'utf8')).toBe('garbage');
        if (before === undefined) rmSync(path);
        else writeFileSync(path, before);
      }
    },
    TEST_MS,
  );
});

function existing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

describe('with a standalone hub', () => {
  let hub: StandaloneHub;
  let member: FakeMember;
  const running: MctunnelProcess[] = [];

  beforeAll(async () => {
    hub = await startStandaloneHub(join(scratch, 'standalone'));
    member = await startFakeMember();
  }, TEST_MS);

  afterEach(async () => {
    await Promise.all(running.splice(0).map((agent) => agent.stop()));
  }, TEST_MS);

  afterAll(async () => {
    await hub.process.stop();
    await member.close();
  }, TEST_MS);

  const admin = (args: readonly string[]): Promise<CliResult> =>
    mctunnel([...args, '--data-dir', hub.dataDir]);
  const token = (cluster: string, args: readonly string[] = []): Promise<Enrolment> =>
    createToken(cluster, hub.admin.kubeconfig, args);
  const agentArgs = (cluster: string, rest: readonly string[]): readonly string[] => [
    ...['--hub', `localhost:${hub.tunnelPort}`, '--cluster', cluster, '--kubeconfig', member.kubeconfig],
    ...['--data-dir', join(scratch, `agent-${files++}`), '--drain-timeout', '5s'],
    ...rest,
  ];
  const enrolmentArgs = ({ token: secret, hubCaHash }: Enrolment): readonly string[] => [
    ...['--bootstrap-token', secret, '--hub-ca-hash', hubCaHash],
  ];
  const startAgent = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): MctunnelProcess => {
    const agent = new MctunnelProcess('agent', args, env);
    running.push(agent);
    agent.start();
    return agent;
  };
  /** An agent that is expected to end by itself. */
  const failingAgent = (cluster: string, rest: readonly string[]): Promise<CliResult> =>
    mctunnel(['agent', ...agentArgs(cluster, rest)]);

  it(
    'an agent that was not told what it needs hears of all of it, with status 2, before it contacts anybody',
    async () => {
      const before = member.asked(UID_PATH);
      const wrong = failingAgent('a', [
        ...['--bootstrap-token', 'nonsense', '--hub-ca-file', '/none', '--kubeconfig', file('}garbage{')],
        ...['--policy', file('readonly: yes\nbogus: 1\n'), '--data-dir', '/proc/mctunnel'],
      ]);
      expectRefusal(
        await wrong,
        2,
        /kubeconfig .*: not (YAML|a kubeconfig)/,
        /--policy: (bogus|readonly): /,
        /--policy: (bogus|readonly): /,
        /--bootstrap-token: the bootstrap token is malformed/,
        /--hub-ca-file: cannot read \/none/,
        /--data-dir: cannot make the folder \/proc\/mctunnel/,
      );
      expectRefusal(await failingAgent('a', []), 2, /this agent is not enrolled yet/, /--hub-ca-hash or/);
      expect(member.asked(UID_PATH)).toBe(before);
    },
    TEST_MS,
  );

  describe('an agent that is refused for good ends with status 1', () => {
    it(
      'a guessed, a used and an expired token',
      async () => {
        const enrolment = await token('tokens');
        const { hubCaHash } = enrolment;
        const first = startAgent(agentArgs('tokens', enrolmentArgs(enrolment)));
        await first.logged('connected to the hub');
        await first.stop();
        running.splice(0);
        const refused = async (secret: string): Promise<CliResult> =>
          failingAgent('tokens', ['--bootstrap-token', secret, '--hub-ca-hash', hubCaHash]);
        const [id] = enrolment.token.split('.');
        const guess = `${id ?? ''}.${'a'.repeat(enrolment.token.length - (id?.length ?? 0) - 1)}`;
        expectRefusal(await refused(guess), 1, /does not know the bootstrap token; .*Make a new one/);
        expectRefusal(
          await refused(enrolment.token),
          1,
          /was used on .*; make a new one \(mctunnel token create --cluster tokens\)/,
        );
        const shortLived = await token('tokens', ['--ttl', '1s']);
        const before = Date.now();
        await waitFor('its end', () => Date.now() > before + 1_500);
        expectRefusal(await refused(shortLived.token), 1, /expired on .*; make a new one/);
      },
      TEST_MS,
    );

    it(
      'the hash or the file of another hub’s CA: nothing is sent to it',
      async () => {
        const enrolment = await token('other-hub');
        const wrongHash = `sha256:${'0'.repeat(64)}`;
        expectRefusal(
          await failingAgent('other-hub', enrolmentArgs({ ...enrolment, hubCaHash: wrongHash })),
          1,
          /either --hub-ca-hash is of another hub, or somebody stands in between; nothing was sent/,
        );
        const otherCa = file(new CertificateAuthority('another').certificate);
        const withFile = ['--bootstrap-token', enrolment.token, '--hub-ca-file'];
        expectRefusal(
          await failingAgent('other-hub', [...withFile, otherCa]),
          1,
          /not vouched for by the CA that this agent trusts .*: give the hub's CA, or its hash/,
        );
        // The token was never shown to anybody, and still works.
        await startAgent(agentArgs('other-hub', enrolmentArgs(enrolment))).logged('connected to the hub');
      },
      TEST_MS,
    );

    it(
      'a name that is taken: connected, or another cluster’s',
      async () => {
        const waiting = await token('taken');
        const first = startAgent(agentArgs('taken', enrolmentArgs(await token('taken'))));
        await first.logged('connected to the hub');
        const connected = /cluster taken is connected; to replace its agent make a token with --replace/;
        expectRefusal(await admin(['token', 'create', '--cluster', 'taken']), 1, connected);
        expectRefusal(await failingAgent('taken', enrolmentArgs(waiting)), 1, connected);
        await waitFor('the uid', async () =>
          (await admin(['clusters', '-o', 'json'])).stdout.includes('"clusterUID"'),
        );
        await first.stop();
        running.splice(0);
        const other = await startFakeMember();
        try {
          const replacing = await token('taken', ['--replace']);
          const result = await failingAgent('taken', [
            ...enrolmentArgs(replacing),
            '--kubeconfig',
            other.kubeconfig,
          ]);
          expectRefusal(
            result,
            1,
            /the name taken belongs to another cluster \(kube-system uid .*; enrol under another name/,
          );
        } finally {
          await other.close();
        }
      },
      TEST_MS,
    );

    it(
      'another cluster’s data folder, or token',
      async () => {
        const enrolment = await token('mine');
        const args = agentArgs('mine', enrolmentArgs(enrolment));
        await startAgent(args).logged('connected to the hub');
        await running.pop()?.stop();
        const renamed = args.map((arg) => (arg === 'mine' ? 'yours' : arg));
        expectRefusal(
          await mctunnel(['agent', ...renamed]),
          1,
          /is for cluster mine, and this agent was started for yours; use --cluster mine/,
        );
        const forOther = await token('other');
        expectRefusal(await failingAgent('mine', enrolmentArgs(forOther)), 1, /token is for cluster other/);
        // It was not used up by that.
        await startAgent(agentArgs('other', enrolmentArgs(forOther))).logged('connected to the hub');
      },
      TEST_MS,
    );

    it(
      'an expired certificate',
      async () => {
        const dataDir = join(scratch, 'expired');
        const enrolment = await token('expired');
        await startAgent([...agentArgs('expired', enrolmentArgs(enrolment)), '--data-dir', dataDir]).logged(
          'connected to the hub',
        );
        await running.pop()?.stop();
        const path = join(dataDir, 'agent.pem');
        const text = readFileSync(path, 'utf8');
        const expired = new CertificateAuthority('any').issue({
          commonName: 'expired',
          organizations: ['mctunnel:agents'],
          usage: 'client',
          notBefore: new Date(Date.now() - 2 * 86_400_000),
          notAfter: new Date(Date.now() - 86_400_000),
        });
        // What stands in the folder of an agent that was switched off for a month, but for the URI that only the hub's CA puts there.
        writeFileSync(path, `${text.split('-----BEGIN')[0] ?? ''}${expired.key}${expired.certificate}`);
        const result = await failingAgent('expired', ['--data-dir', dataDir]);
        expect(result.code).toBe(1);
        expect(errorLines(result.stderr)).toHaveLength(1);
      },
      TEST_MS,
    );

    it(
      'a damaged data folder',
      async () => {
        const dataDir = join(scratch, 'damaged-agent');
        await startAgent([
          ...agentArgs('damaged', enrolmentArgs(await token('damaged'))),
          '--data-dir',
          dataDir,
        ]).logged('connected to the hub');
        await running.pop()?.stop();
        writeFileSync(join(dataDir, 'agent.pem'), 'garbage');
        expectRefusal(
          await failingAgent('damaged', ['--data-dir', dataDir]),
          1,
          /data folder is damaged: .*enrol anew \(mctunnel token create\)/,
        );
      },
      TEST_MS,
    );
  });

  describe('what passes by itself is waited for', () => {
    it(
      'enrols once the hub is there, and says meanwhile why not',
      async () => {
        const enrolment = await token('early');
        const port = await freePort();
        const agent = startAgent([
          ...agentArgs('early', enrolmentArgs(enrolment)),
          ...['--hub', `localhost:${port}`],
        ]);
        const line = await agent.logged(
          /^cannot enrol yet: nothing listens at localhost:\d+ \(connection refused\)/,
        );
        expect(line['retryInMs']).toEqual(expect.any(Number));
        // The hub appears at that address.
        const relay = createServer((socket) => {
          const far = connect(hub.tunnelPort, '127.0.0.1');
          socket.pipe(far).pipe(socket);
          for (const end of [socket, far]) end.on('error', () => undefined);
        });
        relay.listen(port, '127.0.0.1');
        try {
          await agent.logged('connected to the hub', 60_000);
        } finally {
          await running.pop()?.stop();
          relay.close();
        }
      },
      TEST_MS,
    );

    it(
      'SIGTERM while it waits ends it at once, with status 0',
      async () => {
        const { token: secret, hubCaHash } = await token('waiting');
        const args = agentArgs('waiting', enrolmentArgs({ token: secret, hubCaHash }));
        const child = startCli(['agent', ...args, '--hub', `localhost:${await freePort()}`]);
        await child.said('cannot enrol yet');
        child.kill('SIGTERM');
        expect(await child.ended).toBe(0);
      },
      TEST_MS,
    );
  });

  describe('signals', () => {
    it(
      'SIGTERM to a hub and an agent: a clean drain, and status 0',
      async () => {
        const dataDir = join(scratch, 'drained');
        const child = startCli(['hub', '--data-dir', dataDir, ...IDLE_PORTS]);
        await child.said('the hub is ready');
        child.kill('SIGTERM');
        expect(await child.ended).toBe(0);
        expect(child.output()).toContain('the hub has ended');

        const args = agentArgs('drained', enrolmentArgs(await token('drained')));
        const agent = startCli(['agent', ...args]);
        await agent.said('connected to the hub');
        agent.kill('SIGINT');
        expect(await agent.ended).toBe(0);
        expect(agent.output()).toContain('the agent has ended');
      },
      TEST_MS,
    );

    it(
      'a second signal ends it at once',
      async () => {
        const args = agentArgs('held', [...enrolmentArgs(await token('held')), '--drain-timeout', '10m']);
        const agent = startCli(['agent', ...args]);
        await agent.said('connected to the hub');
        member.on('/api/v1/held', (_request, response) => {
          response.writeHead(200);
          response.write('x');
        });
        const held = startCli(['clusters', '--data-dir', hub.dataDir, '--watch']);
        await held.said('held');
        const open = await begin(hub.gateway, '/held/api/v1/held', { user: hub.admin });
        agent.kill('SIGTERM');
        await agent.said('draining');
        agent.kill('SIGTERM');
        expect(await agent.ended).toBe(143);
        open.leave();
        held.kill('SIGINT');
        expect(await held.ended).toBe(0);
      },
      TEST_MS,
    );

    it(
      'SIGTERM while a hub starts ends it promptly',
      async () => {
        // The hub cluster accepts and never answers.
        const silent = createServer(() => undefined).listen(0, '127.0.0.1');
        await once(silent, 'listening');
        const { port } = silent.address() as AddressInfo;
        const kubeconfig = file(
          JSON.stringify({
            apiVersion: 'v1',
            kind: 'Config',
            'current-context': 'x',
            clusters: [{ name: 'x', cluster: { server: `https://127.0.0.1:${port}` } }],
            users: [{ name: 'x', user: { token: 'x' } }],
            contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
          }),
        );
        const connected = once(silent, 'connection');
        const child = startCli([
          'hub',
          '--data-dir',
          join(scratch, 'starting'),
          '--kubeconfig',
          kubeconfig,
          ...IDLE_PORTS,
        ]);
        await connected;
        const before = performance.now();
        child.kill('SIGTERM');
        expect(await child.ended).toBe(0);
        expect(performance.now() - before).toBeLessThan(5_000);
        silent.close();
      },
      TEST_MS,
    );
  });

  it(
    'a hub that cannot be reached',
    async () => {
      const text = readFileSync(hub.admin.kubeconfig, 'utf8').replace(
        /localhost:\d+/,
        `localhost:${await freePort()}`,
      );
      const kubeconfig = file(text);
      for (const args of [['clusters'], ['health'], ['kubeconfig'], ['token', 'create', '--cluster', 'x']])
        expectRefusal(
          await mctunnel([...args, '--kubeconfig', kubeconfig]),
          1,
          /cannot reach the API server https:\/\/localhost:\d+: nothing listens there \(connection refused\); start it, or mend the address in kubeconfig \S+$/,
        );
      const version = await mctunnel(['version', '--kubeconfig', kubeconfig]);
      expect([version.code, version.stdout]).toEqual([
        0,
        expect.stringMatching(/^Client: v\S+ .*\nHub: {4}not reachable: cannot reach/),
      ]);
    },
    TEST_MS,
  );

  it(
    'no hub at all: says how to name one',
    async () => {
      const nowhere = { HOME: join(scratch, 'no-home'), KUBECONFIG: '' };
      const result = await mctunnel(['clusters', '--data-dir', join(scratch, 'no-data')], nowhere);
      expectRefusal(result, 2, /no such file; give --kubeconfig FILE, or --data-dir of a standalone hub/);
      const version = await mctunnel(['version', '--data-dir', join(scratch, 'no-data')], nowhere);
      expect([version.code, version.stdout]).toEqual([
        0,
        expect.stringMatching(/^Client: v.*\nHub: {4}not reachable: .*; give --kubeconfig FILE/),
      ]);
      expectRefusal(
        await mctunnel(['version', '--context', 'foo', '--data-dir', hub.dataDir]),
        2,
        /no context "foo"; it has: /,
      );
    },
    TEST_MS,
  );

  it(
    'clusters, health, kubeconfig, pause, resume, delete, version',
    async () => {
      const agent = startAgent(agentArgs('shown', enrolmentArgs(await token('shown'))));
      await agent.logged('connected to the hub');
      await token('idle');
      await checkCommands(admin, { connected: 'shown', idle: 'idle' });
    },
    TEST_MS,
  );
});

describeKubernetes('with an aggregated hub', {}, () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  }, firstStartTimeoutMs);
  afterAll(() => system.stop(), TEST_MS);

  it(
    'clusters, health, kubeconfig, pause, resume, delete, version',
    async () => {
      const { kubeconfig } = system.hubPlane.admin;
      const admin = (args: readonly string[]): Promise<CliResult> =>
        mctunnel([...args, '--kubeconfig', kubeconfig]);
      await createToken('idle', kubeconfig);
      await checkCommands(admin, { connected: CLUSTER, idle: 'idle' });
    },
    TEST_MS,
  );

  it(
    'without rights: in the API server’s words, status 1',
    async () => {
      const { kubeconfig } = system.user('nobody-in-particular');
      expectRefusal(
        await mctunnel(['clusters', '--kubeconfig', kubeconfig]),
        1,
        /Error from server \(Forbidden\): clusters.gateway.mctunnel.io is forbidden: User "nobody-in-particular" cannot list resource/,
      );
    },
    TEST_MS,
  );

  it(
    'token create --replace hands the name to a new agent',
    async () => {
      const { kubeconfig } = system.hubPlane.admin;
      expectRefusal(
        await mctunnel(['token', 'create', '--cluster', CLUSTER, '--kubeconfig', kubeconfig]),
        1,
        /is connected; .*--replace/,
      );
      const { token, hubCaHash } = await createToken(CLUSTER, kubeconfig, ['--replace']);
      const account = await system.member.serviceAccount('mctunnel-system', 'mctunnel-agent');
      const newer = new MctunnelProcess('agent', [
        ...[
          '--hub',
          `localhost:${system.tunnelPort}`,
          '--cluster',
          CLUSTER,
          '--kubeconfig',
          account.kubeconfig,
        ],
        ...['--data-dir', join(scratch, 'newer'), '--bootstrap-token', token, '--hub-ca-hash', hubCaHash],
      ]);
      newer.start();
      try {
        await newer.logged('connected to the hub');
        await system.agent.logged(/^(disconnected|cannot connect): .*(notBefore|older|replaced)/);
        await system.connected();
      } finally {
        await newer.stop();
      }
    },
    TEST_MS,
  );
});

/** The same commands against any hub. */
async function checkCommands(
  run: (args: readonly string[]) => Promise<CliResult>,
  { connected, idle }: { readonly connected: string; readonly idle: string },
): Promise<void> {
  const ok = async (args: readonly string[]): Promise<string> => {
    const result = await run(args);
    expect({ args, code: result.code, stderr: result.stderr }).toEqual({ args, code: 0, stderr: '' });
    return result.stdout;
  };
  const row = (table: string, name: string): string =>
    table.split('\n').find((line) => line.startsWith(`${name} `)) ?? '';

  await waitFor('the status', async () => row(await ok(['clusters']), connected).includes(' True '));
  const table = await ok(['clusters']);
  expect(table.split('\n')[0]).toMatch(
    /^NAME +CONNECTED +SINCE +AGENT +KUBERNETES +ROUND TRIP +STREAMS +LAST REASON/,
  );
  expect(row(table, connected)).toMatch(/ [\d.]+ms +\d+ *$/);
  expect(row(table, idle)).toMatch(/ False +never +its agent has never connected/);
  expect((await ok(['clusters', '-o', 'wide'])).split('\n')[0]).toContain('CLUSTER UID');
  expect((await ok(['clusters', '-o=wide'])).split('\n')[0]).toContain('CLUSTER UID');
  const list = JSON.parse(await ok(['clusters', '-ojson', '-l', ''])) as {
    items: { metadata: { name: string } }[];
  };
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining([connected, idle]));
  expect(parse(await ok(['clusters', '-o', 'yaml']))).toMatchObject({ kind: 'ClusterList' });

  const health = await ok(['health', connected]);
  expect(row(health, connected)).toMatch(/ True +True +ok \(200\) +[\d.]+ms +[\d.]+ms/);
  const both = await run(['health']);
  expect(both.code).toBe(1);
  expect(row(both.stdout, connected)).toContain('ok (200)');
  expect(row(both.stdout, idle)).toMatch(/ False +False +unreachable .*has never connected/);
  expect((await run(['health', 'no-such-cluster'])).code).toBe(1);

  const kubeconfig = parse(await ok(['kubeconfig', connected])) as {
    'current-context': string;
    clusters: { cluster: { server: string } }[];
  };
  expect(kubeconfig['current-context']).toBe(connected);
  expectRefusal(
    await run(['kubeconfig', connected, 'nope']),
    1,
    /Error from server \(NotFound\): .*"nope" not found/,
    /nothing was written; "mctunnel clusters" lists/,
  );
  expect(kubeconfig.clusters[0]?.cluster.server).toMatch(new RegExp(`/clusters/${connected}/proxy$`));
  const output = join(scratch, `contexts-${files++}`);
  expect(await run(['kubeconfig', '--output', output])).toMatchObject({ code: 0, stdout: '' });
  const all = parse(readFileSync(output, 'utf8')) as { contexts: { name: string }[] };
  expect(all.contexts.map(({ name }) => name)).toEqual(expect.arrayContaining([connected, idle]));

  expect(await ok(['version'])).toMatch(/^Client: v(\S+) \(Node v24\.\S+\)\nHub: {4}v\1 at https:/);

  expect(await ok(['clusters', 'pause', connected])).toBe(`cluster "${connected}" paused\n`);
  await waitFor('the pause', async () => row(await ok(['clusters']), connected).includes(' Paused '));
  await waitFor('its end', async () => (await run(['health', connected])).code === 1);
  expect(await ok(['clusters', 'resume', connected])).toBe(`cluster "${connected}" resumed\n`);
  await waitFor('its return', async () => (await run(['health', connected])).code === 0, {
    timeoutMs: 60_000,
  });

  expect(await ok(['clusters', 'delete', idle])).toBe(`cluster "${idle}" deleted\n`);
  const gone = await run(['clusters', 'delete', idle]);
  expectRefusal(gone, 1, new RegExp(`Error from server \\(NotFound\\): .*"${idle}" not found`));
}

/** A command whose exit status counts. */
function startCli(args: readonly string[]): {
  said(words: string): Promise<void>;
  output(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<number>;
} {
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = new Promise<number>((resolve, reject) => {
    child.once('close', (code, signal) => {
      // What a shell makes of it.
      if (signal === 'SIGTERM') resolve(143);
      else if (code === null) reject(new Error(`${args.join(' ')} ended by ${String(signal)}: ${text}`));
      else resolve(code);
    });
  });
  ended.catch(() => undefined);
  return {
    async said(words) {
      await waitFor(
        `"${words}"`,
        () => {
          if (child.exitCode !== null && !text.includes(words)) throw new Error(`it ended: ${text}`);
          return text.includes(words);
        },
        { timeoutMs: 120_000 },
      );
    },
    output: () => text,
    kill: (signal) => void child.kill(signal),
    ended,
  };
}
