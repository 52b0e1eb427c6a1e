import { Gauge, type Registry } from 'prom-client';

/** A gauge that is read when somebody scrapes; costs nothing otherwise. `read` must not throw. */
export function addReadGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
