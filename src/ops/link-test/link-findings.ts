/** Findings of a link test, from which the score is computed. Pure. */

import { NO_COUNTS } from '../../base/link-counters.ts';
import { driverNamed } from '../../driver/drivers.ts';
import type { IntakeReason } from '../../flow/intake.ts';
import type { LineErrors } from '../../ports.ts';
import type { DiscardReport } from '../reports/intake-report.ts';
import { brokenFrames, type IdentityReport, type LinkReport } from '../reports/link-report.ts';
import type { ProbeReport } from './probe-tally.ts';

/** Reasons that also occur on a line without noise. */
const CONTENT: readonly IntakeReason[] = [
  'line pattern',
  'line encoding',
  'line not JSON',
  'line field',
  'line sequence',
  'line subdevice',
  'line too long',
  'malformed packet',
];

/** Input of the score: reports before and after the test, and the probes. */
export interface LinkTrial {
  readonly before: LinkReport;
  readonly after: LinkReport;
  readonly seconds: number;
  readonly probes: readonly ProbeReport[];
}

/** Changes during the test. */
export interface LinkFindings {
  readonly link: string;
  readonly driver: string;
  readonly seconds: number;
  /** Time for which the port was open during the test, s. */
  readonly openSeconds: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly broken: number;
  readonly retries: number;
  readonly openings: number;
  /** Frames or lines that came back to the gateway. */
  readonly echoes: number;
  /** Frames of polled devices that no request was waiting for. */
  readonly lateAnswers: number;
  /** Kernel errors; `null`: the driver of the port does not report them. */
  readonly kernel: LineErrors | null;
  readonly probes: readonly ProbeReport[];
  /** Discards during the test, the most frequent first. */
  readonly discarded: readonly TrialDiscard[];
  readonly bytesIn: number;
  /** Subdevices that have identified themselves. */
  readonly identities: readonly IdentityReport[];
}

export type TrialDiscard = Pick<DiscardReport, 'reason' | 'direction' | 'count' | 'sample' | 'size'>;

/** Smallest number of probes without any answer that shows a silent subdevice and not noise. */
const MUTE_REQUESTS_MIN = 3;

/** True if the link was replaced during the test, because its configuration was changed: its counters began again. */
export function isReplaced({ before, after }: Pick<LinkTrial, 'before' | 'after'>): boolean {
  const keys = ['openings', 'bytesIn', 'bytesOut', 'framesIn', 'framesOut'] as const;
  return after.openMs < before.openMs || keys.some((key) => after.counters[key] < before.counters[key]);
}

export function findingsOf(trial: LinkTrial): LinkFindings {
  const { after, seconds, probes } = trial;
  const before = isReplaced(trial) ? { ...trial.before, counters: NO_COUNTS, openMs: 0 } : trial.before;
  const grown = (count: (report: LinkReport) => number): number => count(after) - count(before);
  return {
    link: after.name,
    driver: after.driver,
    seconds,
    openSeconds: openSecondsOf({ before, after, seconds }),
    probes,
    framesIn: grown(({ counters }) => counters.framesIn),
    framesOut: grown(({ counters }) => counters.framesOut),
    broken: grown(({ counters }) => brokenFrames(counters)),
    retries: grown(({ counters }) => counters.retries),
    openings: grown(({ counters }) => counters.openings),
    echoes: grown(({ counters }) => counters.echoes),
    lateAnswers: after.polled ? grown(({ counters }) => counters.unexpectedPackets) : 0,
    kernel: grownErrors(before.kernel, after.kernel),
    discarded: discardedIn(before, after),
    bytesIn: grown(({ counters }) => counters.bytesIn),
    identities: after.identities,
  };
}

/** The whole test, if the port was open at both ends and not opened meanwhile. */
function openSecondsOf({ before, after, seconds }: Omit<LinkTrial, 'probes'>): number {
  const wasOpen = before.state === 'open' && after.state === 'open';
  if (wasOpen && before.counters.openings === after.counters.openings) return seconds;
  return Math.min(seconds, Math.max(0, Math.round((after.openMs - before.openMs) / 1000)));
}

function discardedIn(before: LinkReport, after: LinkReport): TrialDiscard[] {
  const counts = new Map<IntakeReason, TrialDiscard>();
  for (const { subdevice, reason, direction, count, sample, size } of after.discarded) {
    const earlier = before.discarded.find((one) => one.subdevice === subdevice && one.reason === reason)?.count ?? 0;
    const sum = count - earlier + (counts.get(reason)?.count ?? 0);
    if (sum > 0) counts.set(reason, { reason, direction, count: sum, sample, size });
  }
  return [...counts.values()].toSorted((one, other) => other.count - one.count);
}

/** True if most broken frames are whole and only differ from the configuration, so that the wire is not the cause. */
export function isAboutContent({ discarded, broken }: LinkFindings): boolean {
  const ofContent = discarded.filter(({ reason }) => CONTENT.includes(reason));
  return broken > 0 && ofContent.reduce((sum, { count }) => sum + count, 0) * 2 > broken;
}

/** Growth of the kernel counters; they restart at 0 when a port is plugged in again. */
function grownErrors(before: LineErrors | null, after: LineErrors | null): LineErrors | null {
  if (before === null || after === null) return null;
  const grown = (key: keyof LineErrors): number => Math.max(0, after[key] - before[key]);
  return {
    framing: grown('framing'),
    parity: grown('parity'),
    breaks: grown('breaks'),
    overruns: grown('overruns'),
    bufferOverruns: grown('bufferOverruns'),
  };
}

/** Units that answer without a value for some of their points. */
export function refusingIn({
  probes,
  discarded,
}: LinkFindings): { readonly subdevice: string; readonly refused: readonly string[] }[] {
  const probed = probes.filter(({ refused }) => refused.length > 0);
  if (probed.length > 0) return probed;
  return discarded
    .filter(({ reason }) => reason === 'unit exception' || reason === 'unit value')
    .map(({ sample }) => ({ subdevice: 'A unit', refused: [sample] }));
}

/** Last CONNECT that was refused, with the reason; `undefined`: none. */
export function refusedIn({ discarded }: LinkFindings): string | undefined {
  return discarded.find(({ reason }) => reason === 'client refused')?.sample;
}

interface Mute {
  readonly subdevice: string;
  /** True if silence is no evidence against the line: frames arrive, and the firmware may not support probes. */
  readonly isExcused: boolean;
}

/**
 * Subdevices that answered nothing. Every Modbus unit can answer a probe; not every MQTT-SN client supports PINGREQ.
 */
export function muteIn({ driver, framesIn, probes }: LinkFindings): Mute[] {
  const isExcused = driverNamed(driver).mayIgnoreProbes && framesIn > 0;
  return probes
    .filter(({ requests, answers, damaged }) => requests >= MUTE_REQUESTS_MIN && answers + damaged === 0)
    .map(({ subdevice }) => ({ subdevice, isExcused }));
}

/** Probes that count for the score. */
export function countedIn(findings: LinkFindings): readonly ProbeReport[] {
  const mute = new Set(muteIn(findings).map(({ subdevice }) => subdevice));
  return findings.probes.filter(({ subdevice }) => !mute.has(subdevice));
}

export function sumOf(probes: readonly ProbeReport[], key: 'requests' | 'answers' | 'damaged'): number {
  return probes.reduce((sum, probe) => sum + probe[key], 0);
}
