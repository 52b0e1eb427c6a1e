import { beforeEach, describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import type { Link } from '../../src/registry/agent.ts';
import { CredentialNotices, type WantedCredentials } from '../../src/registry/credential-notices.ts';
import type { Open, Stream } from '../../src/tunnel/index.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { agentOf, FakeSession } from './fake-session.ts';

const [A, B] = ['sha256:a', 'sha256:b'] as const;
const DATES = { serial: '1', notBefore: new Date(0), notAfter: new Date(8e12) };

class Listening extends FakeSession {
  readonly opens: Open[] = [];
  override open(open?: Open): Stream {
    if (open !== undefined) this.opens.push(open);
    return { end: () => undefined } as unknown as Stream;
  }
}

let clock: FakeClock;
let wanted: WantedCredentials;
let links: Link[];
let notices: CredentialNotices;

beforeEach(() => {
  clock = new FakeClock();
  wanted = { signers: [A], trusts: [A] };
  links = [];
  notices = new CredentialNotices({ wanted: () => wanted, links: () => links, clock });
});

function agent(authority: string, trusts: readonly string[] | undefined): Listening {
  const session = new Listening();
  links.push({
    session,
    agent: agentOf('a', 'u', { certificate: { ...DATES, authority } }),
    ...{ since: 0, ending: undefined, superseded: false },
    report: {
      version: 1,
      apiServer: { reachable: true },
      ...(trusts !== undefined && { trusts: [...trusts] }),
    },
  });
  return session;
}
const told = ({ opens }: Listening): string[] => opens.map(({ protocol, target }) => `${protocol} ${target}`);

describe('agents are told to renew', () => {
  it('when the hub has one more CA by which it will be known', () => {
    const [knows, lacks] = [agent(A, [A, B]), agent(A, [A])];
    wanted = { signers: [A], trusts: [A, B] };
    notices.changed();
    expect(told(lacks)).toEqual(['renew 40']);
    expect(told(knows)).toEqual([]);
  });

  it('when another CA signs, but not while both may have', () => {
    const session = agent(A, [A]);
    wanted = { signers: [A, B], trusts: [A] };
    notices.changed();
    expect(told(session)).toEqual([]);
    wanted = { signers: [B], trusts: [A] };
    notices.changed();
    expect(told(session)).toEqual(['renew 20']);
  });

  it('when they connect, or report, with what is out of date', () => {
    const session = agent(B, [A]);
    for (const link of links) notices.reported(link);
    expect(told(session)).toEqual(['renew 20']);
  });

  it('of a CA too many after half a minute only: another replica may know it already', () => {
    const session = agent(A, [A, B]);
    notices.changed();
    for (const link of links) notices.reported(link);
    clock.advance(29_999);
    expect(told(session)).toEqual([]);
    clock.advance(1);
    expect(told(session)).toEqual(['renew 20']);
    notices.close();
  });

  it('not when they are too old to say what they have, leave, or are on their way out', () => {
    const sessions = [agent(B, undefined), agent(B, [A]), agent(B, [A])];
    const [, leaving, draining] = links;
    if (leaving !== undefined) leaving.ending = new MctunnelError('FORBIDDEN', 'revoked');
    void draining?.session.drain(0);
    notices.changed();
    expect(sessions.flatMap(told)).toEqual([]);
  });

  it('spread over some minutes when they are many', () => {
    const sessions = Array.from({ length: 100_000 }, () => agent(B, [A]));
    notices.changed();
    expect(told(sessions[0] as Listening)).toEqual(['renew 600000']);
  });
});
