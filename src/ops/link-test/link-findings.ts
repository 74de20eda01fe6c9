/** What came to light about a line while it was looked at and asked: the ground of its score. Pure. */
import { driverNamed } from '../../driver/drivers.ts';
import type { IntakeReason } from '../../flow/intake.ts';
import type { LineErrors } from '../../ports.ts';
import type { DiscardReport } from '../reports/intake-report.ts';
import { brokenFrames, type LinkReport } from '../reports/link-report.ts';
import type { ProbeReport } from './probe-tally.ts';

/** What a clean wire carries, too. */
const CONTENT: readonly IntakeReason[] = [
  ...(['line pattern', 'line encoding', 'line not JSON', 'line field', 'line sequence'] as const),
  ...(['line subdevice', 'line too long', 'malformed packet'] as const),
];

/** What is known of a line by looking at it and asking on it. */
export interface LinkTrial {
  readonly before: LinkReport;
  readonly after: LinkReport;
  readonly seconds: number;
  readonly probes: readonly ProbeReport[];
}

/** What happened in the trial. */
export interface LinkFindings {
  readonly link: string;
  readonly driver: string;
  readonly seconds: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly broken: number;
  readonly retries: number;
  readonly openings: number;
  /** `null`: the driver of the port does not report them. */
  readonly kernel: LineErrors | null;
  readonly probes: readonly ProbeReport[];
  /** What was discarded in the trial, the most first. */
  readonly discarded: readonly TrialDiscard[];
  readonly bytesIn: number;
}

export type TrialDiscard = Pick<DiscardReport, 'reason' | 'direction' | 'count' | 'sample' | 'size'>;

/** So many questions without any answer: that is no noise. */
const MUTE_REQUESTS_MIN = 3;

export function findingsOf({ before, after, seconds, probes }: LinkTrial): LinkFindings {
  const grown = (count: (report: LinkReport) => number): number => count(after) - count(before);
  return {
    ...{ link: after.name, driver: after.driver, seconds, probes },
    framesIn: grown(({ counters }) => counters.framesIn),
    framesOut: grown(({ counters }) => counters.framesOut),
    broken: grown(({ counters }) => brokenFrames(counters)),
    retries: grown(({ counters }) => counters.retries),
    openings: grown(({ counters }) => counters.openings),
    kernel: grownErrors(before.kernel, after.kernel),
    discarded: discardedIn(before, after),
    bytesIn: grown(({ counters }) => counters.bytesIn),
  };
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

/** Are most of the broken frames whole, and only not what is configured? Then the wire is not to blame. */
export function isAboutContent({ discarded, broken }: LinkFindings): boolean {
  const ofContent = discarded.filter(({ reason }) => CONTENT.includes(reason));
  return broken > 0 && ofContent.reduce((sum, { count }) => sum + count, 0) * 2 > broken;
}

/** The counters of a port that was plugged in anew begin anew. */
function grownErrors(before: LineErrors | null, after: LineErrors | null): LineErrors | null {
  if (before === null || after === null) return null;
  const grown = (key: keyof LineErrors): number => Math.max(0, after[key] - before[key]);
  return {
    ...{ framing: grown('framing'), parity: grown('parity'), breaks: grown('breaks') },
    ...{ overruns: grown('overruns'), bufferOverruns: grown('bufferOverruns') },
  };
}

/** Units that answer and have no value for some of what they are asked. */
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

/** The last CONNECT that was refused, with the reason; `undefined`: none was. */
export function refusedIn({ discarded }: LinkFindings): string | undefined {
  return discarded.find(({ reason }) => reason === 'client refused')?.sample;
}

interface Mute {
  readonly subdevice: string;
  /** Its silence says nothing of the line: frames come, and its firmware may not know the question. */
  readonly isExcused: boolean;
}

/** Who answered nothing at all. A unit of Modbus knows its own registers; not every MQTT-SN client knows PINGREQ. */
export function muteIn({ driver, framesIn, probes }: LinkFindings): Mute[] {
  const isExcused = driverNamed(driver).mayIgnoreProbes && framesIn > 0;
  return probes
    .filter(({ requests, answers, damaged }) => requests >= MUTE_REQUESTS_MIN && answers + damaged === 0)
    .map(({ subdevice }) => ({ subdevice, isExcused }));
}

/** The probes by which the line is judged. */
export function countedIn(findings: LinkFindings): readonly ProbeReport[] {
  const mute = new Set(muteIn(findings).map(({ subdevice }) => subdevice));
  return findings.probes.filter(({ subdevice }) => !mute.has(subdevice));
}

export function sumOf(probes: readonly ProbeReport[], key: 'requests' | 'answers' | 'damaged'): number {
  return probes.reduce((sum, probe) => sum + probe[key], 0);
}
