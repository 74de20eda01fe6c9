/**
 * Facts that a link has learned about a device and that outlive a restart. A note may be lost: its facts are learned
 * again, at the cost of a few requests.
 */
export interface DeviceNote {
  /** Digest of the settings of the device. With other settings the note is invalid. */
  readonly basis: string;
  /** Points that the device refuses to send. */
  readonly refused: readonly RefusedPoint[];
  /** Points that the device refuses to send together with the previous one. */
  readonly apart: readonly string[];
  /** `undefined`: the device was not asked, or does not identify itself. */
  readonly identity: DeviceIdentity | undefined;
}

/** Texts by which a device identifies itself; '' is missing. */
export interface DeviceIdentity {
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
}

export interface RefusedPoint {
  /** Name of the point. */
  readonly name: string;
  /** Place in the device: `holding 7`. */
  readonly place: string;
  /** Number of the reason, in the protocol of the driver. */
  readonly code: number;
  /** Reason as text. */
  readonly words: string;
  /** Consecutive refusals. */
  readonly times: number;
  /** Monotonic ms of the last refusal; negative if it was before this boot. */
  readonly atMs: number;
}
