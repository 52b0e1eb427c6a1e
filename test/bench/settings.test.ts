import { afterAll, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  benchSettings,
  caseSystems,
  refuseUnread,
  scaleSystems,
  whole,
  wholes,
  wholeSeconds,
  type Environment,
} from '../../bench/settings.ts';
import { WrongSetting } from '../../bench/wrong-setting.ts';

const folder = mkdtempSync(join(tmpdir(), 'mctunnel-bench-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const programs = join(folder, 'bin');
mkdirSync(programs);
for (const name of ['anp-server', 'anp-agent']) writeFileSync(join(programs, name), '');

it('takes nothing, and what is empty, for three rounds of four seconds', () => {
  const none = benchSettings({});
  expect(none).toMatchObject({ rounds: 3, seconds: 4, systems: undefined, line: undefined });
  expect(benchSettings({ BENCH_ROUNDS: '', BENCH_DELAY: '', BENCH_JSON: '' })).toEqual(none);
});

it('takes what it is given', () => {
  const settings = benchSettings({
    ...{ BENCH_ROUNDS: '5', BENCH_SECONDS: '0.5', BENCH_SYSTEMS: 'mctunnel,anp-connect,base' },
    ...{ BENCH_BASE: '.', BENCH_RIVALS: programs, BENCH_JSON: join(folder, 'out.json') },
    ...{ BENCH_DELAY: '25ms', BENCH_MBIT: '20' },
  });
  expect(settings).toMatchObject({
    ...{ rounds: 5, seconds: 0.5, systems: ['mctunnel', 'anp-connect', 'base'], rivals: programs },
    ...{ line: { delay: '25ms', megabits: 20 }, isBetweenNamespaces: false },
  });
  expect(benchSettings({ BENCH_HTTP2: '2', BENCH_SYSTEMS: 'apiserver-mctunnel' }).http2).toBe(2);
  expect(wholes({ BENCH_AGENTS: '10,100' }, 'BENCH_AGENTS', [1])).toEqual([10, 100]);
});

const wrong: readonly (readonly [Environment, string])[] = [
  ...['abc', '0', '-1', 'NaN', '1.5', '1e3', '9999999999'].map(
    (rounds) =>
      [{ BENCH_ROUNDS: rounds }, `BENCH_ROUNDS: not a whole number of at least 1: ${rounds}`] as const,
  ),
  ...['abc', '0', '-1', '0.0', 'Infinity'].map(
    (seconds) => [{ BENCH_SECONDS: seconds }, `BENCH_SECONDS: not a number above 0: ${seconds}`] as const,
  ),
  [{ BENCH_HTTP2: 'yes' }, 'BENCH_HTTP2: not a whole number'],
  [{ BENCH_HTTP2: '1' }, 'BENCH_HTTP2: name systems that speak it'],
  [{ BENCH_HTTP2: '1', BENCH_SYSTEMS: 'mctunnel' }, 'BENCH_HTTP2: name systems that speak it'],
  [{ BENCH_SYSTEMS: 'mctunel' }, 'BENCH_SYSTEMS: no such system: mctunel (there are direct mctunnel'],
  [{ BENCH_SYSTEMS: 'mctunnel,' }, 'BENCH_SYSTEMS: no such system'],
  [{ BENCH_SYSTEMS: 'base' }, 'BENCH_SYSTEMS: base needs BENCH_BASE'],
  [{ BENCH_SYSTEMS: 'anp-gw' }, 'BENCH_SYSTEMS: anp-gw needs BENCH_RIVALS'],
  [{ BENCH_SYSTEMS: 'mct', BENCH_RIVALS: programs }, 'BENCH_SYSTEMS: the programs of mct are not in'],
  [{ BENCH_SYSTEMS: 'rd', BENCH_RIVALS: programs }, 'BENCH_SYSTEMS: the programs of rd are not in'],
  [{ BENCH_RIVALS: folder }, "BENCH_RIVALS: no rival's programs in"],
  [{ BENCH_BASE: folder }, 'BENCH_BASE: no checkout of mctunnel in'],
  [{ BENCH_JSON: join(folder, 'missing', 'out.json') }, 'cannot be written'],
  [{ BENCH_JSON: folder }, 'is a folder'],
  [{ BENCH_SECONDS: '0.05' }, 'BENCH_SECONDS: not from 0.1 to 86400'],
  [{ BENCH_SECONDS: '9999999' }, 'BENCH_SECONDS: not from 0.1 to 86400'],
  [{ BENCH_DELAY: '25ms', BENCH_SYSTEMS: 'direct' }, 'BENCH_DELAY: needs BENCH_NAMESPACES=1 for direct'],
  [{ BENCH_BASE: '.', BENCH_SYSTEMS: 'mctunnel' }, 'BENCH_BASE: base is not among BENCH_SYSTEMS'],
  [{ BENCH_NODE_OPTIONS: '--x', BENCH_SYSTEMS: 'direct' }, 'BENCH_NODE_OPTIONS: of mctunnel only'],
  [{ BENCH_DELAY: '99999999999999999999s' }, 'BENCH_DELAY: not a time such as 25ms'],
  [{ BENCH_DELAY: '25' }, 'BENCH_DELAY: not a time such as 25ms: 25'],
  [{ BENCH_DELAY: '-25ms' }, 'BENCH_DELAY: not a time such as 25ms'],
  [{ BENCH_DELAY: '25ms', BENCH_MBIT: '-20' }, 'BENCH_MBIT: not a number above 0'],
  [{ BENCH_MBIT: '20' }, 'BENCH_MBIT needs BENCH_DELAY'],
  [{ BENCH_NAMESPACES: '1' }, 'BENCH_NAMESPACES needs BENCH_DELAY'],
  [{ BENCH_DELAY: '25ms', BENCH_NAMESPACES: 'yes' }, 'BENCH_NAMESPACES: 1 or nothing'],
  [{ BENCH_DELAY: '25ms', BENCH_TCP_BUFFER: '67108864' }, 'BENCH_TCP_BUFFER needs BENCH_NAMESPACES=1'],
  [{ BENCH_DELAY: '25ms', BENCH_TCP_CONGESTION: 'bbr' }, 'BENCH_TCP_CONGESTION needs BENCH_NAMESPACES=1'],
  [
    { BENCH_DELAY: '25ms', BENCH_NAMESPACES: '1', BENCH_TCP_CONGESTION: 'none' },
    process.getuid?.() === 0 ? 'BENCH_TCP_CONGESTION: none is not in net.ipv4' : 'needs root',
  ],
];
it.each(wrong)('refuses %j', (env, why) => {
  expect(() => benchSettings(env)).toThrow(WrongSetting);
  expect(() => benchSettings(env)).toThrow(why);
});

it('refuses a variable that it would not read', () => {
  expect(() => refuseUnread({ BENCH_ROUND: '5' }, 'cases')).toThrow(
    'BENCH_ROUND: not read with cases (BENCH_ROUNDS BENCH_SECONDS',
  );
  expect(() => refuseUnread({ BENCH_SECONDS: '4' }, 'clusters')).toThrow(
    'BENCH_SECONDS: not read with clusters',
  );
  expect(() => refuseUnread({ BENCH_SYSTEMS: 'mct' }, 'clusters')).toThrow(WrongSetting);
  expect(() => refuseUnread({ MCTUNNEL_AUDIT_LOG: 'x' }, 'cases')).toThrow('MCTUNNEL_AUDIT_LOG would change');
  expect(() => refuseUnread({ BENCH_ROUND: '', PATH: 'x', BENCH_AGENTS: '1' }, 'scale')).not.toThrow();
  expect(() => refuseUnread({ BENCH_FAR_NAMESPACE: 'x' }, 'cases')).not.toThrow();
});

it('refuses numbers of agents that are none', () => {
  for (const agents of ['x', '1000,', '10, 100', '0']) {
    expect(() => wholes({ BENCH_AGENTS: agents }, 'BENCH_AGENTS', [1])).toThrow(WrongSetting);
  }
  expect(() => wholeSeconds({ BENCH_REST_SECONDS: '86401' }, 'BENCH_REST_SECONDS', 30)).toThrow(
    'more than a day',
  );
  expect(() => whole({ BENCH_REST_SECONDS: '-1' }, 'BENCH_REST_SECONDS', 30)).toThrow(WrongSetting);
});

it('refuses what the programs that are measured would inherit', () => {
  expect(() => refuseUnread({ GOGC: '400' }, 'cases')).toThrow('GOGC would change the programs');
  expect(() => refuseUnread({ NODE_OPTIONS: '--jitless' }, 'scale')).toThrow('NODE_OPTIONS would change');
});

it('measures all that is there, but the variants of mctunnel', () => {
  const rivals = join(folder, 'bin');
  const own = ['direct', 'mctunnel', 'apiserver-mctunnel', 'apiserver-trivial'];
  expect(caseSystems(benchSettings({}))).toEqual(own);
  expect(caseSystems(benchSettings({ BENCH_BASE: '.', BENCH_RIVALS: rivals }))).toEqual([
    ...own,
    ...['base', 'anp-connect', 'anp-grpc'],
  ]);
  expect(caseSystems(benchSettings({ BENCH_SYSTEMS: 'mctunnel-audit' }))).toEqual(['mctunnel-audit']);
});

it('leaves out what the line does not allow', () => {
  const relayed = benchSettings({ BENCH_DELAY: '25ms' });
  expect(caseSystems(relayed)).toEqual(['mctunnel', 'apiserver-mctunnel']);
  expect(caseSystems({ ...relayed, isBetweenNamespaces: true })).toEqual(['direct', 'mctunnel']);
});

it('measures at rest what has the programs for it', () => {
  const rivals = join(folder, 'idle');
  mkdirSync(rivals);
  expect(scaleSystems({ systems: undefined, rivals: undefined })).toEqual(['mctunnel']);
  for (const name of ['anp-server', 'anp-agent', 'rd-server', 'rd-agent'])
    writeFileSync(join(rivals, name), '');
  expect(scaleSystems({ systems: undefined, rivals })).toEqual(['mctunnel', 'rd']);
  expect(scaleSystems({ systems: ['rd'], rivals })).toEqual(['rd']);
  expect(() => scaleSystems({ systems: ['anp-grpc'], rivals })).toThrow(
    'BENCH_SYSTEMS: BENCH_RIVALS lacks the programs of anp-grpc for scale',
  );
  expect(() => scaleSystems({ systems: ['mctunnel', 'anp-gw'], rivals })).toThrow(
    'BENCH_SYSTEMS: scale knows no anp-gw (there are mctunnel anp-grpc mct rd)',
  );
});
