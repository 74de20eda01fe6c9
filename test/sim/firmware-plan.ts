/** Firmware updates of a scenario: images with the times of their offers, and the flash of the subdevices. */
import type { Random } from '../../src/base/random.ts';

export interface PlannedOffer {
  readonly atMs: number;
  readonly version: string;
  /** Size of the image. */
  readonly bytes: number;
}

export interface FirmwarePlan {
  readonly offers: readonly PlannedOffer[];
  /** Number of chunks that a subdevice permits at once, and their largest number of octets. */
  readonly window: number;
  readonly chunkBytes: number;
  /** Octets that the flash of a subdevice writes at once. */
  readonly pageBytes: number;
}

/** Version of all subdevices at first. */
export const FIRST_VERSION = 'v0';

/** Draws one to three updates in the first three quarters of a world. */
export function drawFirmware(random: Random, untilMs: number): FirmwarePlan {
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const updates = oneOf(1, 2, 3);
  return {
    offers: Array.from({ length: updates }, (_, index) => ({
      atMs: Math.round(((index + random()) / updates) * untilMs * 0.75),
      version: `v${index + 1}`,
      bytes: Math.ceil(oneOf(700, 5000, 20_000) * (0.5 + random())),
    })),
    window: oneOf(1, 4, 8),
    chunkBytes: oneOf(32, 128),
    pageBytes: oneOf(64, 256),
  };
}
