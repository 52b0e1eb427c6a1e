/** What JSON leaves as it is, and a terminal or an editor takes for a command, the end of a line, or a turn of the writing's direction. */
const ACTIVE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One object on one line, which shows what it holds to whoever reads it with `cat`: nothing in it but text, and JSON still. */
export function jsonLine(fields: object): string {
  return JSON.stringify(fields).replace(
    ACTIVE,
    (active) => `\\u${active.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
