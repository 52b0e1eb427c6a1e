/** What the demo says: chapters, the commands it runs as a user would type them, and their output. */
export class Narrator {
  readonly #out: NodeJS.WriteStream;
  readonly #stopped: AbortSignal | undefined;

  /** Once `stopped` is aborted nothing new is begun: `chapter` and `command` throw. */
  constructor(out: NodeJS.WriteStream, stopped?: AbortSignal) {
    this.#out = out;
    this.#stopped = stopped;
  }

  chapter(title: string): void {
    this.#stopped?.throwIfAborted();
    this.#out.write(`\n${this.#style('1', `── ${title} ──`)}\n`);
  }

  line(text: string): void {
    this.#out.write(`${text}\n`);
  }

  command(text: string): void {
    this.#stopped?.throwIfAborted();
    this.#out.write(`${this.#style('36', `$ ${text}`)}\n`);
  }

  /** Output of a command, indented; long output is cut in the middle of nowhere, and says so. */
  output(text: string, maxLines = 12): void {
    const lines = text.trimEnd().split('\n');
    for (const line of lines.slice(0, maxLines)) this.#out.write(`  ${line.slice(0, 160)}\n`);
    if (lines.length > maxLines) this.#out.write(`  … ${lines.length - maxLines} more lines\n`);
  }

  failure(text: string): void {
    this.#out.write(`${this.#style('31', `✗ ${text}`)}\n`);
  }

  #style(code: string, text: string): string {
    return this.#out.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
