/**
 * Firmware updates of subdevices: shared types. The gateway gets an offer from the hub, fetches the image, hands it to the
 * subdevice in chunks, and reports the result to the hub.
 *
 * Source of states and codes: the IoT hub's page "Firmware update of devices".
 */

/** Digests and size that identify an image. Two offers with the same ones share one file. */
export interface ImageDigest {
  /** MD5, 32 lower-case hexadecimal digits. */
  readonly md5: string;
  /** SHA-256, 64 lower-case hexadecimal digits. `undefined`: the offer has none. */
  readonly sha256: string | undefined;
  /** Size, 1 to 2^32 − 1 bytes. */
  readonly size: number;
}

/** Names an image: two images with the same digests and size are one. */
export function imageKey({ md5, sha256, size }: ImageDigest): string {
  return `${md5}-${sha256 ?? ''}-${size}`;
}

/** Firmware that the hub offers to a subdevice. */
export interface FirmwareOffer {
  /** Version, 1 to 64 bytes of UTF-8 without control characters. */
  readonly version: string;
  /** Address of the image, `https://…`. */
  readonly url: string;
  readonly image: ImageDigest;
}

/** Reasons of a failure that the hub's documents know, with the codes of the hub. */
export const FIRMWARE_FAILURE_CODES = {
  'timed out': -1,
  'image not found': -2,
  'link expired': -3,
  'wrong digest': -4,
  'not updated': -5,
} as const;

export type FirmwareFailureKind = keyof typeof FIRMWARE_FAILURE_CODES;

export interface FirmwareFailure {
  readonly kind: FirmwareFailureKind;
  /** Sentence for the technician. */
  readonly reason: string;
}

/** State of an update that survives a restart. `wanted`: the image is not complete at the subdevice. */
export type UpdateState = 'wanted' | 'installing' | 'done' | 'failed';

/** Update of one subdevice. */
export interface FirmwareUpdate {
  readonly offer: FirmwareOffer;
  readonly state: UpdateState;
  /** Number of begun attempts to install this image, 1 or more. */
  readonly attempts: number;
  /** Present in the state `failed`, and for the last failed attempt. */
  readonly failure: FirmwareFailure | undefined;
  /** True if the outbox has custody of the report of the final state. */
  readonly isReported: boolean;
}

/** Facts about the firmware of one subdevice that survive a restart. */
export interface FirmwareRecord {
  readonly subdevice: string;
  /** Version that the subdevice reported last. `undefined`: none yet. */
  readonly version: string | undefined;
  /** Newest update. `undefined`: none was offered. */
  readonly update: FirmwareUpdate | undefined;
  /** Last offer that was rejected, if none was accepted since. */
  readonly rejected: RejectedOffer | undefined;
  /** Subscription of the offers. `undefined`: there was none. */
  readonly offers: OfferSubscription | undefined;
}

/** Offer that the gateway has not accepted. `failed before`: an operator can begin the update again. */
export interface RejectedOffer {
  readonly kind: 'invalid' | 'failed before';
  /** Version in the offer. `undefined`: it has none. */
  readonly version: string | undefined;
  /** Sentence for the technician. */
  readonly reason: string;
}

/** Subscription of the offers for one subdevice, by the gateway. */
export interface OfferSubscription {
  /** Filter at the hub. */
  readonly filter: string;
  /** False: the gateway has ended it, so a later one is of the subdevice itself. */
  readonly isActive: boolean;
}

/** Record of a subdevice of which nothing is known. */
export function newRecord(subdevice: string): FirmwareRecord {
  return { subdevice, version: undefined, update: undefined, rejected: undefined, offers: undefined };
}

/** Outcome of a download. `later`: the same request may succeed later. */
export type FetchOutcome =
  /** The image is complete and durable, and its digests are right. @property crc32 CRC-32/ISO-HDLC of the image */
  | { readonly kind: 'complete'; readonly crc32: number }
  | { readonly kind: 'failed'; readonly failure: FirmwareFailure; readonly again: 'later' | 'never' };

/** Step of an update, for reports. */
export type FirmwareStep =
  /** Another image is being downloaded. */
  | 'waiting for the download'
  | 'downloading'
  /** A download failed and is repeated. */
  | 'waiting to download again'
  /** The image is complete at the gateway; the subdevice is away or has not asked for it. */
  | 'waiting for the subdevice'
  | 'sending'
  /** The image is complete at the subdevice. */
  | 'installing'
  | 'done'
  | 'failed';

/** State of the firmware of one subdevice, for reports. */
export interface FirmwareView {
  readonly subdevice: string;
  /** Version that the subdevice reported last. */
  readonly running: string | undefined;
  /** `undefined`: no update is known. */
  readonly update: FirmwareUpdateView | undefined;
  /** Last offer that was rejected, if none was accepted since. */
  readonly rejected: RejectedOffer | undefined;
}

export interface FirmwareUpdateView {
  readonly version: string;
  readonly step: FirmwareStep;
  /** Size of the image, bytes. */
  readonly size: number;
  /** Bytes of the image at the gateway. */
  readonly downloadedBytes: number;
  /** Bytes that the subdevice has confirmed. */
  readonly confirmedBytes: number;
  /** Rate of the last confirmed chunks, bytes per second. `undefined`: unknown. */
  readonly bytesPerS: number | undefined;
  readonly attempts: number;
  /** Last failure. */
  readonly failure: FirmwareFailure | undefined;
  /** True if the outbox has custody of the report of the final state. */
  readonly isReported: boolean;
}

/** Settings of firmware updates, from the configuration. */
export interface FirmwareSettings {
  /** Topic of offers, in the subdevice's own names. */
  readonly offerTopic: string;
  /** Topic of versions, progress and results, in the subdevice's own names. */
  readonly reportTopic: string;
  /** Share of the speed of a line for images, above 0, at most 0.9. */
  readonly lineShare: number;
  /** Largest image, bytes. */
  readonly imageBytesMax: number;
  /** Number of attempts to install one image. */
  readonly attemptsMax: number;
  /** Time without progress after which an update fails, ms. */
  readonly giveUpMs: number;
}

/** Failure of an update that an operator has ended. It needs no action, so it is no condition. */
export const CANCELLED = { kind: 'not updated', reason: 'cancelled by an operator' } as const satisfies FirmwareFailure;

/** Answer to a technician's command about the update of a subdevice. */
export type FirmwareAnswer = 'done' | 'no update' | 'not failed' | 'already ended';
