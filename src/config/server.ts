import { setting } from './setting.ts';
import * as values from './values.ts';

/** Of both servers, hub and agent. */
export const serverSettings = {
  tlsMinVersion: setting(
    values.oneOf('1.2', '1.3'),
    'least version of TLS: of the two ports and between replicas (hub); towards the hub and the API server of the managed cluster (agent)',
    { placeholder: '1.2|1.3', default: '1.2' },
  ),
  auditLog: setting(
    values.filePath.optional(),
    'one JSON line per request (agent: whom it was mapped to, and whether the policy let it); - is standard output',
    { placeholder: 'FILE|-' },
  ),
  auditLogRequired: setting(values.toggle, 'refuse requests while the audit log cannot be written', {
    default: 'false',
  }),
  drainTimeout: setting(values.durationMs, 'how long open requests may run on after SIGTERM', {
    placeholder: 'DURATION',
    default: '60s',
  }),
  logLevel: setting(
    values.oneOf('trace', 'debug', 'info', 'warn', 'error'),
    'trace, debug, info, warn or error',
    {
      placeholder: 'LEVEL',
      default: 'info',
    },
  ),
  logFormat: setting(values.oneOf('json', 'pretty'), 'json or pretty', {
    placeholder: 'FORMAT',
    default: 'json',
  }),
} as const;
