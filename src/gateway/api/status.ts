import { ERRORS, type FieldFault, type MctunnelError } from '../../errors.ts';

/** `details` of a Status: what the error is about. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The resource for most errors, the Kind for Invalid: as the API server does it. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly {
    readonly reason?: string;
    readonly message?: string;
    readonly field?: string;
  }[];
  readonly retryAfterSeconds?: number;
}

/** meta/v1 Status. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

export function failureStatus(
  code: number,
  reason: string,
  message: string,
  details?: StatusDetails,
): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code,
  };
}

export function successStatus(details: StatusDetails): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details, code: 200 };
}

const causeOf = ({ field, reason, message }: FieldFault) => ({ reason, message, field });

/** An error of ours as a Status. `about` says which object it is about. */
export function statusOf(error: MctunnelError, about: StatusDetails = {}): Status {
  const row = ERRORS[error.code];
  const causes = [
    ...error.faults.map(causeOf),
    ...(error.statusCause === undefined ? [] : [{ reason: error.statusCause, message: error.message }]),
  ];
  const details: StatusDetails = {
    ...about,
    ...(causes.length > 0 && { causes }),
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
  };
  const hasDetails = Object.keys(details).length > 0;
  return failureStatus(row.http, row.reason, error.message, hasDetails ? details : undefined);
}
