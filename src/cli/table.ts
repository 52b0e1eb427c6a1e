/** Columns as kubectl prints them: upper-case heads, three spaces between, no spaces at the end. Control characters are shown as `?`. */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heads, ...rows].map((row) => row.map(printable));
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        row
          .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
          .join('')
          .trimEnd() + '\n',
    )
    .join('');
}

/** What a hub or an agent sent must not reach the terminal as an escape sequence. */
export function printable(cell: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced
  return cell.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** At most `maxChars`, the last of them an ellipsis where something was left out. */
export function shortened(cell: string, maxChars: number): string {
  // Not between the halves of a surrogate pair.
  const chars = Array.from(cell);
  return chars.length <= maxChars
    ? cell
    : `${chars
        .slice(0, maxChars - 1)
        .join('')
        .trimEnd()}…`;
}

/** `5s`, `12m`, `3h`, `2d`: an age as kubectl shows it; `<unknown>` for what is no time. */
export function formatAge(since: string | undefined, nowMs: number): string {
  const seconds = Math.floor((nowMs - Date.parse(since ?? '')) / 1_000);
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
