/**
 * Content of a page about one gateway: the file of `holdfast report` and the live page. The same code renders both, from
 * this content alone. A part that is `null` could not be read; `missing` gives the reasons.
 */
import type { FirmwareUpdatesReport } from '../ops/reports/firmware-updates-report.ts';
import type { LedgerReport } from '../ops/reports/ledger-report.ts';
import type { OfflineSubdevice } from '../ops/reports/offline-report.ts';
import type { Losing, StatusReport, SubdeviceReport } from '../ops/reports/report.ts';

export interface PageContent {
  /** Unix ms by the clock of this machine. */
  readonly madeAtMs: number;
  /** Name of the gateway; `null`: unknown. */
  readonly gateway: string | null;
  readonly verdict: PageVerdict;
  readonly status: StatusReport | null;
  readonly subdevices: readonly SubdeviceReport[] | null;
  /** Subdevices in the store of a gateway that does not run; `null`: the gateway runs, or the store was not read. */
  readonly storedSubdevices: readonly OfflineSubdevice[] | null;
  /** `null`: not read, or the gateway does not run. */
  readonly firmware: FirmwareUpdatesReport | null;
  readonly ledger: LedgerReport | null;
  readonly history: PageHistory | null;
  readonly events: PageEvents | null;
  /** Versions of the parts of the machine, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Parts that are missing, each with its reason as a whole sentence. */
  readonly missing: readonly string[];
}

export interface PageVerdict {
  /** `not running`: no gateway answers, and the store shows what is safe. */
  readonly losing: Losing | 'not running';
  readonly sentence: string;
}

/** Samples of the last hours or days. */
export interface PageHistory {
  readonly step: 'minute' | 'hour';
  readonly series: readonly PageSeries[];
}

export interface PageSeries {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'rate' | 'level';
  /** Start of the step in Unix ms (`null`: the clock was unknown) and value (`null`: no sample), oldest first. */
  readonly points: readonly (readonly [number | null, number | null])[];
  /** Largest sample of each step of `points`. */
  readonly peaks: readonly (number | null)[];
}

export interface PageEvents {
  /** Newest first. */
  readonly events: readonly PageEvent[];
  /** Number of older events in the same time that are not shown. */
  readonly more: number;
}

export interface PageEvent {
  /** Time in words; without a set clock the time in its boot. */
  readonly when: string;
  readonly kind: string;
  readonly sentence: string;
  readonly durationMs: number | null;
}

/** Section of a page. The live page replaces the sections whose markup has changed. */
export interface PageSection {
  /** Unique in the page; letters and hyphens. */
  readonly id: string;
  readonly title: string;
  readonly markup: string;
}
