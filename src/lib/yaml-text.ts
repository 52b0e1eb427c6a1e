import { stringify } from 'yaml';

/**
 * A value as YAML that Kubernetes' programs read as the same value: they keep to YAML 1.1, in which `no`, `on` and `y` are booleans and `2026-01-01` is
 * a date, unless they are quoted.
 */
export function yamlText(value: unknown): string {
  return stringify(value, { compat: 'yaml-1.1' });
}
