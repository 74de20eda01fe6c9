/** Counts of firmware updates since the start, and downloads that fail at present, from the facts of the gateway. */
import type { GatewayView } from '../gateway-view.ts';
import { DOWNLOAD_STEPS, type FirmwareCounts, stepsOf } from './firmware-updates-report.ts';

/** Download that has failed and is repeated. */
export interface FailingDownload {
  readonly version: string;
  readonly reason: string;
  readonly forMs: number;
  /** Subdevices that wait for this image. */
  readonly subdevices: readonly string[];
}

/** Largest number of versions whose downloads fail; the oldest is forgotten. */
const FAILING_MAX = 64;

type MeteredGateway = Pick<GatewayView, 'facts' | 'clock' | 'config' | 'firmware'>;

export class FirmwareMeter {
  readonly #gateway: MeteredGateway;
  /** Version → last reason, and monotonic ms of the first failure. */
  readonly #failing = new Map<string, { readonly reason: string; readonly sinceMs: number }>();
  #updated = 0;
  #failed = 0;
  #downloadedBytes = 0;
  #downloadsFailed = 0;

  constructor(gateway: MeteredGateway) {
    this.#gateway = gateway;
    const { facts, clock } = gateway;
    facts.on('firmwareUpdated', () => {
      this.#updated += 1;
    });
    facts.on('firmwareFailed', () => {
      this.#failed += 1;
    });
    facts.on('firmwareDownloaded', ({ version, bytes }) => {
      this.#downloadedBytes += bytes;
      this.#failing.delete(version);
    });
    facts.on('firmwareDownloadFailed', ({ version, reason, again }) => {
      this.#downloadsFailed += 1;
      const sinceMs = this.#failing.get(version)?.sinceMs ?? clock.nowMs();
      if (!again) this.#failing.delete(version);
      else this.#failing.set(version, { reason, sinceMs });
      const [oldest] = this.#failing.keys();
      if (this.#failing.size > FAILING_MAX && oldest !== undefined) this.#failing.delete(oldest);
    });
  }

  get counts(): FirmwareCounts {
    const { config, firmware } = this.#gateway;
    return {
      enabled: config.firmware !== undefined,
      steps: stepsOf(firmware()),
      updated: this.#updated,
      failed: this.#failed,
      downloadedBytes: this.#downloadedBytes,
      downloadsFailed: this.#downloadsFailed,
    };
  }

  /** Downloads that have failed, are repeated, and are still needed. */
  get failing(): readonly FailingDownload[] {
    const { clock, firmware } = this.#gateway;
    if (this.#failing.size === 0) return [];
    const views = firmware();
    return [...this.#failing].flatMap(([version, { reason, sinceMs }]) => {
      const waiting = views.filter(({ update }) => update?.version === version && DOWNLOAD_STEPS.has(update.step));
      if (waiting.length === 0) {
        this.#failing.delete(version); // cancelled, or replaced by another offer
        return [];
      }
      const forMs = clock.nowMs() - sinceMs;
      return [{ version, reason, forMs, subdevices: waiting.map(({ subdevice }) => subdevice) }];
    });
  }
}
