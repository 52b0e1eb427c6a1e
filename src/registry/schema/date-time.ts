/**
 * RFC 3339. The CRD says it beside `format: date-time`: what the API server takes for one by that alone may have an offset of 25 hours, which nobody can
 * read as a time, and a certificate would have to be refused by it.
 */
export const DATE_TIME =
  /^\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** Is it a date in that form which there is? JavaScript takes the 30th of February for a day in March. */
export function isDateTime(text: string): boolean {
  if (!DATE_TIME.test(text)) return false;
  const day = text.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
