/** Failure of a download, with the words of the hub for it. */
import type { FetchOutcome, FirmwareFailure, FirmwareFailureKind } from '../../base/firmware.ts';

type Again = Extract<FetchOutcome, { readonly kind: 'failed' }>['again'];

export class DownloadFailed extends Error {
  readonly failure: FirmwareFailure;
  readonly again: Again;

  /** @param reason sentence for the technician, without a full stop */
  constructor(kind: FirmwareFailureKind, reason: string, again: Again) {
    super(reason);
    this.name = 'DownloadFailed';
    this.failure = { kind, reason };
    this.again = again;
  }
}

/** Failure for which the hub has no kind, and that may end by itself: no room, no connection, a busy server. */
export function failedForNow(reason: string): DownloadFailed {
  return new DownloadFailed('timed out', reason, 'later');
}
