/** Report of a link: port, line, counters and recovery steps. */

import type { DeviceIdentity } from '../../base/device-note.ts';
import { type LinkCounters, NO_COUNTS } from '../../base/link-counters.ts';
import type { LineErrors } from '../../ports.ts';
import type { DiscardReport } from './intake-report.ts';

export type LinkStateReport = 'stopped' | 'opening' | 'open' | 'waiting to reopen';

export interface LinkReport {
  readonly name: string;
  /** Configured name of the port. */
  readonly path: string;
  /** Current device of the port, e.g. `/dev/ttyUSB0`; `null`: none, or unknown. */
  readonly device: string | null;
  readonly driver: string;
  /** Framing of the packets, such as `rtu` or `mbap`; `null`: the link has not been started. */
  readonly protocol: string | null;
  /** True if the subdevices speak only when they are asked. */
  readonly polled: boolean;
  readonly state: LinkStateReport;
  /** Time in this state, ms; `waiting` and `opening` count as one state. */
  readonly forMs: number;
  /** Time for which the port was open since the start, ms; 0 again after a change of the link in the configuration. */
  readonly openMs: number;
  /** Reason why the port last closed or cannot be opened; `null`: none. */
  readonly lastProblem: string | null;
  /**
   * Reason for not opening the port: not plugged in, ambiguous, used by another link; `null`: opened, or opening
   * failed.
   */
  readonly waits: 'absent' | 'ambiguous' | 'shared' | null;
  /** Ids attached now. */
  readonly subdevices: readonly string[];
  /** Attached subdevices that are asleep, and the time after which each counts as lost. */
  readonly asleep: readonly { readonly subdevice: string; readonly lostInMs: number }[];
  /** Ids that `link test` can probe now; empty if the driver has no probe. */
  readonly probeable: readonly string[];
  /** Subdevices that have identified themselves, in answer to `link test`. */
  readonly identities: readonly IdentityReport[];
  /** Last client that connected and is not on the list, if no subdevice attached since; `null`: none. */
  readonly unlistedDevice: { readonly subdevice: string; readonly forMs: number } | null;
  /** Clients that sent CONNECT recently and are not served here, with the link that each is configured for. */
  readonly unlisted: readonly UnlistedReport[];
  /** Missing subdevices that are configured for this link alone. */
  readonly missing: readonly MissingSubdevice[];
  /** Messages discarded on this link. */
  readonly discarded: readonly DiscardReport[];
  /**
   * Protocol that the newest bytes look like, if the last ones could not be read; `telnet` by the first bytes of the
   * connection, also if they can be read; `null`: unknown, or readable.
   */
  readonly looksLike: string | null;
  readonly counters: LinkCounters;
  /** Errors counted by the kernel since it found the port; `null`: not reported, or the port is not open. */
  readonly kernel: LineErrors | null;
  /** Rates over the last seconds, or since the start if that is less. */
  readonly rates: readonly LinkRate[];
  /** QoS 1 downlinks, from their sending to the PUBACK of the subdevice, since the start. */
  readonly roundTrip: RoundTripReport;
  readonly recovery: RecoveryReport;
}

export interface IdentityReport extends DeviceIdentity {
  readonly subdevice: string;
}

export interface MissingSubdevice {
  readonly subdevice: string;
  /** A frame arrived since the process started. */
  readonly hasSent: boolean;
  /** Time since the last frame, or since the link was opened, ms. */
  readonly forMs: number;
}

export interface UnlistedReport {
  readonly subdevice: string;
  /** Link of the configuration; `null`: none. */
  readonly configuredOn: string | null;
  readonly forMs: number;
}

/** Rates per second. */
export interface LinkRate {
  /** Length of the window, s. */
  readonly overS: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** Frames that are oversize, malformed or have CRC errors. */
  readonly broken: number;
}

export interface RoundTripReport {
  readonly count: number;
  /** Percentiles of the times, ms; `null`: none yet. */
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

/** Number of frames that were received and discarded as broken. */
export function brokenFrames(counters: LinkCounters): number {
  return counters.crcErrors + counters.oversizeFrames + counters.malformedPackets;
}

/** Report of a link that has not been opened. */
export const RESTING = {
  protocol: null,
  openMs: 0,
  polled: false,
  device: null,
  waits: null,
  unlistedDevice: null,
  lastProblem: null,
  subdevices: [],
  rates: [],
  asleep: [],
  probeable: [],
  identities: [],
  kernel: null,
  unlisted: [],
  missing: [],
  discarded: [],
  looksLike: null,
  counters: NO_COUNTS,
  roundTrip: { count: 0, p50Ms: null, p99Ms: null },
  recovery: { resync: 0, reopen: 0, toggle: 0, reauthorise: 0, failures: 0, failure: null },
} satisfies Partial<LinkReport>;
