import { MctunnelError } from '../errors.ts';
import type { Timer } from '../lib/clock.ts';
import type { Batch } from './frame.ts';
import { fromHello, fromWelcome, toHello, toWelcome, toWelcomeMessage } from './handshake-messages.ts';
import type { Sender } from './sender.ts';
import type { SessionLimits, SessionOptions, WelcomeFacts } from './session-options.ts';
import type { Hello, Welcome } from './types.ts';

export interface HandshakeOptions {
  readonly session: SessionOptions;
  readonly limits: SessionLimits;
  readonly sender: Sender;
  /** Both sides know each other; `hello` at the hub, `welcome` at both (the hub's own). At most once. */
  onDone(welcome: Welcome, hello: Hello | undefined): void;
  onFailed(error: MctunnelError): void;
}

/** Hello and Welcome, within their time. */
export class Handshake {
  readonly #options: HandshakeOptions;
  #timer: Timer | undefined;
  #helloReceived = false;
  #isOver = false;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    const { session, limits, sender } = options;
    this.#timer = session.clock.after(limits.handshakeTimeoutMs, () =>
      this.#fail(new MctunnelError('TIMEOUT', 'the handshake was not finished in time')),
    );
    if (session.role !== 'agent') return;
    sender.hello = toHello(session.hello, limits);
    sender.schedule();
  }

  /** A Batch that came before the handshake was done. Throws MctunnelError PROTOCOL or UNSUPPORTED. */
  receive(batch: Batch): void {
    if (this.#options.session.role === 'agent') {
      if (!batch.welcome) throw new MctunnelError('PROTOCOL', 'the first message is not Welcome');
      this.#done(fromWelcome(batch.welcome), undefined);
      return;
    }
    if (hasFrames(batch)) throw new MctunnelError('PROTOCOL', 'frames before Welcome');
    if (this.#helloReceived) {
      // The Welcome is being prepared; until then the agent may only ask for a sign of life.
      if (batch.hello) throw new MctunnelError('PROTOCOL', 'a second Hello');
      return;
    }
    if (!batch.hello) throw new MctunnelError('PROTOCOL', 'the first message is not Hello');
    this.#helloReceived = true;
    this.#answer(fromHello(batch.hello));
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #answer(hello: Hello): void {
    const { session, limits, sender } = this.#options;
    if (session.role !== 'hub') return;
    const welcome = (facts: WelcomeFacts): void => {
      if (this.#isOver) return;
      const answer = toWelcome(facts, limits);
      sender.welcome = toWelcomeMessage(answer);
      this.#done(answer, hello);
    };
    const refuse = (thrown: unknown): void =>
      this.#fail(MctunnelError.from(thrown, 'INTERNAL', 'the handshake failed'));
    let facts: WelcomeFacts | Promise<WelcomeFacts>;
    try {
      facts = session.welcome(hello);
    } catch (thrown) {
      refuse(thrown);
      return;
    }
    if (facts instanceof Promise) facts.then(welcome, refuse);
    else welcome(facts);
  }

  #done(welcome: Welcome, hello: Hello | undefined): void {
    this.stop();
    this.#options.onDone(welcome, hello);
  }

  #fail(error: MctunnelError): void {
    if (this.#isOver) return;
    this.stop();
    this.#options.onFailed(error);
  }
}

function hasFrames(batch: Batch): boolean {
  return batch.frames !== null && batch.frames !== undefined && batch.frames.length > 0;
}
