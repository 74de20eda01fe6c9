/** What the control API tells of a link: its port, its line and what was done about them. */

import type { LinkCounters } from '../../base/link-counters.ts';
import type { LineErrors } from '../../ports.ts';
import type { DiscardReport } from './intake-report.ts';

export type LinkStateReport = 'stopped' | 'opening' | 'open' | 'waiting to reopen';

export interface LinkReport {
  readonly name: string;
  /** As configured: a stable name. */
  readonly path: string;
  /** The device it leads to now, e.g. `/dev/ttyUSB0`; `null`: none, or not known. */
  readonly device: string | null;
  readonly driver: string;
  readonly state: LinkStateReport;
  /** How long it has been in this state; `waiting` and `opening` count as one. */
  readonly forMs: number;
  /** Why it last closed, or cannot be opened yet; `null`: it never has. */
  readonly lastProblem: string | null;
  /** Why its port is not opened: nothing is plugged in, several are meant, another link has it; `null`: it is, or fails. */
  readonly waits: 'absent' | 'ambiguous' | 'shared' | null;
  /** Ids attached now. */
  readonly subdevices: readonly string[];
  /** Those of them that sleep, and when each counts as lost unless it wakes before. */
  readonly asleep: readonly { readonly subdevice: string; readonly lostInMs: number }[];
  /** Ids that `link test` could ask something now; none where the driver knows no probe. */
  readonly probeable: readonly string[];
  /** Who said hello last and is not on its list, with nobody attached since; `null`: nobody. */
  readonly unlistedDevice: { readonly subdevice: string; readonly forMs: number } | null;
  /** Who says hello here lately and is not served here, and the link that each is configured for. */
  readonly unlisted: readonly UnlistedReport[];
  /** Configured for this link alone, and not there. */
  readonly missing: readonly MissingSubdevice[];
  /** What ended here without being taken into custody. */
  readonly discarded: readonly DiscardReport[];
  /** What the newest bytes look like where none of the last could be read; `null`: nothing known, or they can be. */
  readonly looksLike: string | null;
  readonly counters: LinkCounters;
  /** Counted by the kernel since it found the port; `null`: its driver does not report them, or it is not open. */
  readonly kernel: LineErrors | null;
  /** Over the last seconds, or since the start if that is less. */
  readonly rates: readonly LinkRate[];
  /** QoS 1 downlinks, from their sending to the PUBACK of the subdevice, since the start. */
  readonly roundTrip: RoundTripReport;
  readonly recovery: RecoveryReport;
}

export interface MissingSubdevice {
  readonly subdevice: string;
  /** Heard since the process started. */
  readonly wasHeard: boolean;
  /** Since it was heard last, or since its link is open. */
  readonly forMs: number;
}

export interface UnlistedReport {
  readonly subdevice: string;
  /** `null`: none. */
  readonly configuredOn: string | null;
  readonly forMs: number;
}

/** Per second. */
export interface LinkRate {
  /** The span looked at, s. */
  readonly overS: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** Frames with CRC errors, oversize, or without sense. */
  readonly broken: number;
}

export interface RoundTripReport {
  readonly count: number;
  /** `null`: none yet. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Number of runs of each recovery step for lines that were open and did not work. */
export interface RecoveryReport {
  readonly resync: number;
  readonly reopen: number;
  readonly toggle: number;
  readonly reauthorise: number;
  readonly failures: number;
  /** All recovery steps failed and the trouble lasts. `null`: no failure. */
  readonly failure: { readonly trouble: 'silence' | 'noise'; readonly forMs: number } | null;
}

/** Frames that came and were of no use. */
export function brokenFrames(counters: LinkCounters): number {
  return counters.crcErrors + counters.oversizeFrames + counters.malformedPackets;
}

/** Of a link that nothing is known of yet. */
export const RESTING = {
  ...{ device: null, waits: null, unlistedDevice: null, lastProblem: null, subdevices: [], rates: [] },
  ...{ asleep: [], probeable: [], kernel: null, unlisted: [], missing: [], discarded: [], looksLike: null },
  counters: {
    ...{ openings: 0, bytesIn: 0, bytesOut: 0, framesIn: 0, framesOut: 0, crcErrors: 0, oversizeFrames: 0 },
    ...{ malformedPackets: 0, unexpectedPackets: 0, refusedUplinks: 0, duplicates: 0, retries: 0 },
  },
  roundTrip: { count: 0, p50Ms: null, p99Ms: null },
  recovery: { resync: 0, reopen: 0, toggle: 0, reauthorise: 0, failures: 0, failure: null },
} satisfies Partial<LinkReport>;
