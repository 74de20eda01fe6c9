/** Wear of the storage medium: bytes written in the last 24 h of up time, and the life of the medium. */

export interface MediumReport {
  /** Name of the disk, e.g. `mmcblk0`; `null`: unknown, for example in a container. */
  readonly device: string | null;
  /** Bytes written by this process within `overMs`; `null`: not reported by the kernel. */
  readonly bytes: number | null;
  /** Bytes written to the disk by all programs within `overMs`; `null`: not reported. */
  readonly deviceBytes: number | null;
  /** Up time that the bytes cover: at most 24 h, ms. */
  readonly overMs: number;
  /** Used life that the medium itself reports, upper end of its step, 0.1 to 1.1; `null`: it reports none. */
  readonly usedShare: number | null;
  /** Bytes that can be written in the life of the medium; `null`: unknown, or a disk that does not wear. */
  readonly life: { readonly bytes: number; readonly basis: 'configured' | 'assumed' } | null;
}

/** Report while nothing is known. */
export const NO_MEDIUM: MediumReport = {
  device: null,
  bytes: null,
  deviceBytes: null,
  overMs: 0,
  usedShare: null,
  life: null,
};

/**
 * Full writes that a flash medium bears, if the configuration does not say. A low value: chips with three bits per cell
 * are specified for 300 to 3000 cycles, and cards sold for continuous recording for about 900 full writes (117 TB for
 * 128 GB). The file system and the controller write more than the kernel counts.
 */
export const ASSUMED_FULL_WRITES = 300;
