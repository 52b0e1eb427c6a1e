/** RFC 3339 with whole seconds, as people read it in a message and as Kubernetes writes it: `2026-01-31T12:00:00Z`. */
export function formatDate(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
