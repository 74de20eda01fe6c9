/** Firmware of subdevices in reports: the answer of `GET /v1/firmware`, and the numbers in the status. Pure. */
import {
  FIRMWARE_FAILURE_CODES,
  type FirmwareFailure,
  type FirmwareFailureKind,
  type FirmwareStep,
  type FirmwareUpdateView,
  type FirmwareView,
  type RejectedOffer,
} from '../../base/firmware.ts';

/** Answer of `GET /v1/firmware`. */
export interface FirmwareUpdatesReport {
  /** True if firmware updates are on (`firmware.enabled`). */
  readonly enabled: boolean;
  /** Subdevices that have reported a version or got an offer, by name. */
  readonly subdevices: readonly SubdeviceFirmwareReport[];
}

export interface SubdeviceFirmwareReport {
  readonly subdevice: string;
  /** Version that the subdevice reported last; `null`: none yet. */
  readonly running: string | null;
  /** Newest update; `null`: none was offered. */
  readonly update: FirmwareUpdateReport | null;
  /** Last offer that was rejected; `null`: none, or a later one was accepted. */
  readonly rejectedOffer: RejectedOfferReport | null;
}

export interface RejectedOfferReport {
  /** Version in the offer; `null`: it has none. */
  readonly version: string | null;
  readonly reason: string;
  readonly remedy: string;
}

export interface FirmwareUpdateReport {
  readonly version: string;
  readonly step: FirmwareStep;
  /** Size of the image. */
  readonly bytes: number;
  /** Bytes of the image at the gateway. */
  readonly downloadedBytes: number;
  /** Bytes that the subdevice has confirmed. */
  readonly confirmedBytes: number;
  /** Share of the present transfer that is done: of the download until the image is complete, then of the sending. */
  readonly percent: number;
  /** Rate to the subdevice, bytes per second; `null`: unknown, or nothing is being sent. */
  readonly bytesPerS: number | null;
  /** Time until the image is complete at the subdevice, at this rate, ms; `null`: unknown. */
  readonly etaMs: number | null;
  /** Number of begun attempts to install this image. */
  readonly attempts: number;
  /** Last failure; `null`: none. */
  readonly failure: FirmwareFailureReport | null;
  /** True if the report of the final state is in custody, or delivered. */
  readonly isReported: boolean;
}

export interface FirmwareFailureReport {
  readonly kind: FirmwareFailureKind;
  /** Code in the report to the hub. */
  readonly code: number;
  readonly reason: string;
}

/** Firmware updates in the status report. */
export interface FirmwareCounts {
  /** True if firmware updates are on (`firmware.enabled`). */
  readonly enabled: boolean;
  /** Number of subdevices by the step of their newest update. */
  readonly steps: Readonly<Record<FirmwareStep, number>>;
  /** Updates that have ended with success since the start of the process. */
  readonly updated: number;
  /** Updates that have failed since the start of the process. */
  readonly failed: number;
  /** Size of the images that were downloaded completely since the start of the process. */
  readonly downloadedBytes: number;
  /** Failed downloads since the start of the process. */
  readonly downloadsFailed: number;
}

const NO_STEPS: FirmwareCounts['steps'] = {
  'waiting for the download': 0,
  downloading: 0,
  'waiting to download again': 0,
  'waiting for the subdevice': 0,
  sending: 0,
  installing: 0,
  done: 0,
  failed: 0,
};

/** Steps in which the image is not complete at the gateway. */
export const DOWNLOAD_STEPS: ReadonlySet<FirmwareStep> = new Set([
  'waiting for the download',
  'downloading',
  'waiting to download again',
]);

export const NO_FIRMWARE: FirmwareCounts = {
  enabled: false,
  steps: NO_STEPS,
  updated: 0,
  failed: 0,
  downloadedBytes: 0,
  downloadsFailed: 0,
};

export function stepsOf(views: readonly FirmwareView[]): FirmwareCounts['steps'] {
  const steps = { ...NO_STEPS };
  for (const { update } of views) if (update !== undefined) steps[update.step] += 1;
  return steps;
}

export function firmwareReportOf(enabled: boolean, views: readonly FirmwareView[]): FirmwareUpdatesReport {
  const subdevices = views.map(subdeviceFirmwareOf);
  return { enabled, subdevices: subdevices.toSorted((one, other) => (one.subdevice < other.subdevice ? -1 : 1)) };
}

export function subdeviceFirmwareOf({ subdevice, running, update, rejected }: FirmwareView): SubdeviceFirmwareReport {
  return {
    subdevice,
    running: running ?? null,
    update: update === undefined ? null : updateOf(update),
    rejectedOffer: rejected === undefined ? null : rejectedOf(subdevice, rejected),
  };
}

function rejectedOf(subdevice: string, { kind, version, reason }: RejectedOffer): RejectedOfferReport {
  const remedy =
    kind === 'invalid'
      ? 'Correct the offer at the hub, or the key that the reason names.'
      : `Offer another version at the hub, or try again: sudo holdfast firmware retry ${subdevice}.`;
  return { version: version ?? null, reason, remedy };
}

function updateOf(update: FirmwareUpdateView): FirmwareUpdateReport {
  const { version, step, size, downloadedBytes, confirmedBytes, attempts, failure, isReported } = update;
  const bytesPerS = step === 'sending' ? (update.bytesPerS ?? null) : null;
  const left = Math.max(0, size - confirmedBytes);
  return {
    version,
    step,
    bytes: size,
    downloadedBytes,
    confirmedBytes,
    percent: percentOf(DOWNLOAD_STEPS.has(step) ? downloadedBytes : confirmedBytes, size),
    bytesPerS,
    etaMs: bytesPerS === null || bytesPerS <= 0 ? null : Math.ceil((1000 * left) / bytesPerS),
    attempts,
    failure: failure === undefined ? null : failureOf(failure),
    isReported,
  };
}

/** Returns whole percent, rounded down, so that 100 means complete. */
function percentOf(bytes: number, size: number): number {
  return size <= 0 ? 0 : Math.max(0, Math.min(100, Math.floor((100 * bytes) / size)));
}

function failureOf({ kind, reason }: FirmwareFailure): FirmwareFailureReport {
  return { kind, code: FIRMWARE_FAILURE_CODES[kind], reason };
}
