import { setting } from './setting.ts';
import * as values from './values.ts';

/** Of both servers, hub and agent. */
export const serverSettings = {
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
