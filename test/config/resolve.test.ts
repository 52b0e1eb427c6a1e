import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  agentSettings,
  hubSettings,
  resolveSettings,
  setting,
  values,
  type Sources,
} from '../../src/config/index.ts';

const none: Sources = { flags: {}, environment: {} };

function problemsOf(sources: Partial<Sources>): readonly string[] {
  const resolution = resolveSettings(hubSettings, { ...none, ...sources });
  return resolution.ok ? [] : resolution.problems;
}

describe('resolveSettings', () => {
  it('gives the documented defaults', () => {
    const resolution = resolveSettings(hubSettings, none);
    if (!resolution.ok) throw new Error(resolution.problems.join('\n'));
    expect(resolution.config).toMatchObject({
      gatewayListen: { host: '0.0.0.0', port: 8080 },
      tunnelListen: { host: '0.0.0.0', port: 8443 },
      opsListen: { host: '127.0.0.1', port: 8081 },
      dataDir: './.mctunnel/hub',
      drainTimeout: 60_000,
      logLevel: 'info',
    });
    expect(Object.isFrozen(resolution.config)).toBe(true);
  });

  it('prefers a flag to the environment, and that to the file', () => {
    const file = { path: 'hub.yaml', text: 'log-level: error\ndrain-timeout: 5m\nlog-format: pretty' };
    const environment = { MCTUNNEL_LOG_LEVEL: 'warn', MCTUNNEL_DRAIN_TIMEOUT: '2m' };
    const resolution = resolveSettings(hubSettings, { flags: { logLevel: 'debug' }, environment, file });
    if (!resolution.ok) throw new Error(resolution.problems.join('\n'));
    expect(resolution.config).toMatchObject({
      logLevel: 'debug',
      drainTimeout: 120_000,
      logFormat: 'pretty',
    });
  });

  it('reads HUB_ADDR, CLUSTER_NAME and BOOTSTRAP_TOKEN, and takes an empty variable for unset', () => {
    const environment = { HUB_ADDR: 'hub.example.com:8443', CLUSTER_NAME: 'a', MCTUNNEL_POLICY: '' };
    const resolution = resolveSettings(agentSettings, { ...none, environment });
    if (!resolution.ok) throw new Error(resolution.problems.join('\n'));
    expect(resolution.config).toMatchObject({ hub: { host: 'hub.example.com', port: 8443 }, cluster: 'a' });
    expect(resolution.config.policy).toBeUndefined();
  });

  it('names every wrong value at once, with its origin and what would be right', () => {
    const problems = problemsOf({
      flags: { gatewayListen: 'nowhere', drainTimeout: '60' },
      environment: { MCTUNNEL_LOG_LEVEL: 'loud' },
      file: { path: 'hub.yaml', text: 'log-format: xml\nsurprise: 1' },
    });
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).toMatch(/^--config: hub\.yaml has the unknown key "surprise"/m);
    expect(problems.join('\n')).toMatch(/^--gateway-listen: "nowhere" is not valid; expected HOST:PORT/m);
    expect(problems.join('\n')).toMatch(/^--drain-timeout: "60" is not valid; expected a duration/m);
    expect(problems.join('\n')).toMatch(/^MCTUNNEL_LOG_LEVEL: "loud" is not valid; expected one of trace/m);
    expect(problems.join('\n')).toMatch(
      /^log-format in hub\.yaml: "xml" is not valid; expected one of json, pretty/m,
    );
  });

  it('names the bounds of a duration', () => {
    const settings = { ttl: setting(values.duration('1s', '168h'), 'x', { default: '1h' }) };
    const ttl = (text: string): unknown => {
      const resolution = resolveSettings(settings, { ...none, flags: { ttl: text } });
      return resolution.ok ? resolution.config.ttl : resolution.problems;
    };
    expect(['1s', '168h', '167h60m', '1h30m5s'].map(ttl)).toEqual([
      1_000, 604_800_000, 604_800_000, 5_405_000,
    ]);
    for (const text of ['0s', '999ms', '168h1ms', '1000h', '-1s', '1', '', 'soon', '1d', '1h 5m']) {
      expect(ttl(text)).toEqual([
        `--ttl: "${text}" is not valid; expected a duration from 1s to 168h, such as 90s, 5m or 1h30m`,
      ]);
    }
  });

  it('never shows a secret', () => {
    const resolution = resolveSettings(agentSettings, {
      ...none,
      flags: { bootstrapToken: 'secret\nvalue' },
    });
    if (resolution.ok) throw new Error('accepted');
    expect(resolution.problems.join('\n')).not.toContain('secret\\nvalue');
  });

  it.each([
    ['broken YAML', 'a: [', /not valid YAML/],
    ['a list', '- a', /must be a mapping/],
    [
      'a value of another kind',
      'drain-timeout: {a: 1}',
      /drain-timeout in f.*expected a value of another kind/,
    ],
    ['an alias', 'a: &x 1\nb: *x', /not valid YAML/],
    ['a key given twice', 'log-level: info\nlog-level: warn', /not valid YAML/],
  ])('refuses a file with %s', (_name, text, message) => {
    expect(problemsOf({ file: { path: 'f', text } }).join('\n')).toMatch(message);
  });

  // Minutes, when each key is compared with all before it.
  it('reads a file of a hundred thousand keys in linear time, and tells of ten that it does not know', () => {
    const text = Array.from({ length: 100_000 }, (_, index) => `k${index}: 1\n`).join('');
    expect(problemsOf({ file: { path: 'f', text } })).toHaveLength(10);
  }, 60_000);

  it.each([
    '8080',
    'a b:1',
    '::1:80',
    '[::1]',
    '[1.2.3.4]:80',
    'host:65536',
    'https://host:1',
    'host:-1',
    '',
    'ho_st:1',
    'a..b:1',
  ])('refuses the address %j', (address) => {
    expect(problemsOf({ flags: { tunnelListen: address } })).toHaveLength(1);
  });

  it.each([
    [':0', { host: '0.0.0.0', port: 0 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
    ['hub.example.com:1', { host: 'hub.example.com', port: 1 }],
  ])('reads the address %j', (address, expected) => {
    const resolution = resolveSettings(hubSettings, { ...none, flags: { tunnelListen: address } });
    expect(resolution).toMatchObject({ ok: true, config: { tunnelListen: expected } });
  });

  it.each(['A', '-a', 'a-', 'a.b', 'a/b', 'a'.repeat(64), '', 'ä', 'a\n'])(
    'refuses the cluster name %j',
    (cluster) => {
      const resolution = resolveSettings(agentSettings, { ...none, flags: { cluster } });
      expect(resolution.ok).toBe(false);
    },
  );

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom(...Object.keys(hubSettings)),
        fc.anything(),
        (text, key, value) => {
          resolveSettings(hubSettings, {
            flags: { [key]: value },
            environment: {},
            file: { path: 'f', text },
          });
        },
      ),
    );
  });
});
