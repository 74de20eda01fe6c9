/**
 * Measures the bytes written to the storage medium in the last 24 h of up time.
 *
 * The time is up time on the monotonic clock, so a wrong or unknown wall clock does not matter. A restart of the
 * process begins the count again; the report gives the time that its bytes cover.
 */
import { looking } from '../../base/events.ts';
import { flashBytesWritten } from '../../io/machine-facts.ts';
import { mediumUnder, type StorageMedium, usedLifeOf, writtenBytesOf } from '../../io/storage-medium.ts';
import type { GatewayView } from '../gateway-view.ts';
import { ASSUMED_FULL_WRITES, type MediumReport } from './medium-report.ts';

export const SPAN_MS = 24 * 3_600_000;
const SAMPLE_MS = 600_000;
const TERABYTE = 1e12;

interface Sample {
  readonly atMs: number;
  readonly bytes: number | null;
  readonly deviceBytes: number | null;
}

export interface MediumOptions {
  readonly gateway: Pick<GatewayView, 'clock' | 'facts' | 'config'>;
  readonly storePath: string;
  /** Folder of the kernel's sysfs. */
  readonly sys?: string;
}

export class MediumMeter {
  readonly #options: MediumOptions;
  readonly #medium: StorageMedium | undefined;
  /** Samples of the last 24 h of up time, the oldest first. */
  readonly #samples: Sample[] = [];
  #usedShare: number | null = null;

  constructor(options: MediumOptions) {
    this.#options = options;
    this.#medium = mediumUnder(options.storePath, options.sys);
    this.#sample();
  }

  report(): MediumReport {
    const now = this.#read();
    const first = this.#samples[0] ?? now;
    return {
      device: this.#medium?.name ?? null,
      bytes: difference(now.bytes, first.bytes),
      deviceBytes: difference(now.deviceBytes, first.deviceBytes),
      overMs: now.atMs - first.atMs,
      usedShare: this.#usedShare,
      life: this.#life(),
    };
  }

  #life(): MediumReport['life'] {
    const medium = this.#medium;
    const { mediumLifeTb } = this.#options.gateway.config.gateway;
    if (mediumLifeTb > 0) return { bytes: mediumLifeTb * TERABYTE, basis: 'configured' };
    if (medium === undefined || medium.isRotating) return null;
    return { bytes: medium.sizeBytes * ASSUMED_FULL_WRITES, basis: 'assumed' };
  }

  #read(): Sample {
    const { clock } = this.#options.gateway;
    const deviceBytes = this.#medium === undefined ? null : writtenBytesOf(this.#medium);
    return { atMs: clock.nowMs(), bytes: flashBytesWritten(), deviceBytes };
  }

  #sample(): void {
    const { clock, facts } = this.#options.gateway;
    const now = this.#read();
    this.#samples.push(now);
    while ((this.#samples[0]?.atMs ?? now.atMs) < now.atMs - SPAN_MS) this.#samples.shift();
    if (this.#medium !== undefined) this.#usedShare = usedLifeOf(this.#medium);
    clock.wakeAt(
      now.atMs + SAMPLE_MS,
      looking(facts, 'samples of the medium', () => this.#sample()),
    );
  }
}

function difference(later: number | null, earlier: number | null): number | null {
  return later === null || earlier === null ? null : Math.max(0, later - earlier);
}
