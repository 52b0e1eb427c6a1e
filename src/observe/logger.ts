import { pino, type DestinationStream, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';

export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'json' | 'pretty';
  /** Default: standard error, so that standard output stays free for what a command prints. */
  readonly destination?: DestinationStream;
}

/** A pino logger that never writes a credential: the fields that carry one are redacted wherever they turn up. */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? pino.destination({ dest: 2, sync: true });
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: [
        'token',
        'authorization',
        'headers.authorization',
        'headers.cookie',
        '*.token',
        '*.authorization',
      ],
    },
    options.format === 'pretty'
      ? PinoPretty({ destination, colorize: false, ignore: 'pid,hostname' })
      : destination,
  );
}
