/**
 * Score of a link: the verdict of `holdfast link test`, from frames and probes during the test. Pure. Advice is in
 * `link-advice.ts`.
 */

import { networkPortOf } from '../../base/serial-port.ts';
import { looksLikeWords } from '../conditions/misplaced.ts';
import { networkRemedy } from '../conditions/network-remedy.ts';
import { isOnNetwork, remedyOfSilentLine } from '../conditions/way-words.ts';
import type { LinkReport } from '../reports/link-report.ts';
import { countOf, countWords } from '../words.ts';
import { adviceOf } from './link-advice.ts';
import {
  countedIn,
  findingsOf,
  isReplaced,
  type LinkFindings,
  type LinkTrial,
  muteIn,
  refusedIn,
  refusingIn,
  sumOf,
} from './link-findings.ts';

/** `silent`: nothing arrived and no subdevice could be probed, so there is no score. */
export type LinkVerdict = 'good' | 'fair' | 'bad' | 'silent';

export interface LinkScore extends LinkFindings {
  readonly verdict: LinkVerdict;
  readonly sentence: string;
  /** Things to check, one sentence each. */
  readonly advice: readonly string[];
}

/**
 * Largest share of broken frames on a good and on a fair link. 1 in 1000 is normal for a wire. 1 in 50 costs a
 * repetition every few seconds at 10 frames/s.
 */
export const BROKEN_GOOD_MAX = 0.001;
export const BROKEN_FAIR_MAX = 0.02;
/**
 * Largest share of lost probes on a good and on a fair link. A probe is two frames, so it fails twice as often as one
 * frame. 1 lost probe of 20, the default count, may be chance.
 */
const LOST_GOOD_MAX = 2 * BROKEN_GOOD_MAX;
const LOST_FAIR_MAX = 0.05;

/** Noun for a unit of traffic, by driver. */
const UNITS: Readonly<Record<string, string>> = { lines: 'line', modbus: 'answer' };

export function scoreLink(trial: LinkTrial): LinkScore {
  const findings = findingsOf(trial);
  return { ...findings, ...judge(trial, findings) };
}

function judge(trial: LinkTrial, findings: LinkFindings): Pick<LinkScore, 'verdict' | 'sentence' | 'advice'> {
  const report = trial.after;
  const { name, state, lastProblem, driver } = report;
  const { seconds, openSeconds, framesIn, broken, openings, probes, bytesIn } = findings;
  if (state !== 'open') {
    const open = openSeconds === 0 ? '' : ` It was open for ${openSeconds} of ${seconds} s: ${findingWords(findings)}.`;
    const sentence = `Bad: link ${name} is not open (${lastProblem ?? 'it does not open'}).${open}`;
    const advice = ['See holdfast status for the reason and the remedy.', ...adviceOf(findings, report)];
    return { verdict: 'bad', sentence, advice };
  }
  if (openings > 0) {
    const sentence = `Bad: the port of link ${name} was opened ${countOf(openings, 'time')} during the test, and was open for ${openSeconds} of ${seconds} s: ${findingWords(findings)}.`;
    const advice = [remedyOfClosing(trial, openings), ...adviceOf(findings, report)];
    return { verdict: 'bad', sentence, advice };
  }
  const words = looksLikeWords(report, []);
  // Another protocol or speed explains all findings on the line.
  const advice = words === undefined ? adviceOf(findings, report) : [`${words.sentence} ${words.hint}`];
  if (framesIn + broken === 0 && bytesIn > 0 && sumOf(probes, 'answers') === 0) {
    const sentence = `Bad: ${countOf(bytesIn, 'byte')} arrived on link ${name} in ${seconds} s without a valid ${UNITS[driver] ?? 'frame'}.`;
    return { verdict: 'bad', sentence, advice };
  }
  if (framesIn + broken === 0 && sumOf(probes, 'requests') === 0) {
    const sentence = `Nothing arrived on link ${name} in ${seconds} s.`;
    const check = isOnNetwork(report) ? remedyOfSilentLine(report) : 'Check power and wires of the device.';
    const silent = [`${check} If it sends rarely, use a longer test (--seconds).`];
    return { verdict: 'silent', sentence, advice: silent };
  }
  // The line may be good while no subdevice on it is served.
  const refused = report.subdevices.length === 0 ? refusedIn(findings) : undefined;
  const verdict = refused === undefined ? verdictOf(findings) : 'bad';
  const word = { good: 'Good', fair: 'Fair', bad: 'Bad' }[verdict];
  const last = refused === undefined ? '' : `, and no subdevice is served (${refused})`;
  return { verdict, sentence: `${word}: in ${seconds} s ${findingWords(findings)}${last}.`, advice };
}

/** Number of openings by recovery steps. */
function ownOpenings({ recovery }: LinkReport): number {
  return recovery.reopen + recovery.toggle + recovery.reauthorise;
}

/** Remedy for a port that closed during the test. */
function remedyOfClosing(trial: LinkTrial, openings: number): string {
  const { path, lastProblem } = trial.after;
  if (isReplaced(trial)) return 'The configuration of the link was changed during the test. Repeat the test.';
  if (ownOpenings(trial.after) - ownOpenings(trial.before) >= openings)
    return 'The gateway itself opened the port again, because nothing valid arrived.';
  const server = networkPortOf(path);
  if (server !== undefined) return networkRemedy(server, lastProblem ?? '');
  return 'Check plug, USB hub and power supply. dmesg shows the messages of the kernel.';
}

function verdictOf(findings: LinkFindings): 'good' | 'fair' | 'bad' {
  const { framesIn, framesOut, broken, retries, kernel } = findings;
  if (muteIn(findings).some(({ isExcused }) => !isExcused) || refusingIn(findings).length > 0) return 'bad';
  const counted = countedIn(findings);
  const requests = sumOf(counted, 'requests');
  const unanswered = requests === 0 ? 0 : (requests - sumOf(counted, 'answers')) / requests;
  // A repeated packet, or its answer, was lost too.
  const lost = Math.max(unanswered, retries / Math.max(1, framesOut));
  const share = framesIn + broken === 0 ? 0 : broken / (framesIn + broken);
  if (share > BROKEN_FAIR_MAX || lost > LOST_FAIR_MAX) return 'bad';
  const hasLostBytes = kernel !== null && kernel.overruns + kernel.bufferOverruns > 0;
  return share > BROKEN_GOOD_MAX || lost > LOST_GOOD_MAX || hasLostBytes ? 'fair' : 'good';
}

function findingWords(findings: LinkFindings): string {
  const { framesIn, broken, retries, probes, echoes } = findings;
  const noise = `${countWords(broken)} of ${countOf(framesIn + broken, 'frame')} broken`;
  const repeated = retries === 0 ? '' : `, ${countOf(retries, 'repetition')}`;
  const echoed = echoes === 0 ? '' : ', the adapter or the device echoes what is sent';
  const requests = sumOf(probes, 'requests');
  const answers = sumOf(probes, 'answers');
  const asked = requests === 0 ? '' : `, ${countWords(answers)} of ${countOf(requests, 'probe')} answered`;
  const refusing = refusingIn(findings).map(
    ({ subdevice, refused }) => `, and ${subdevice} has no value for ${refused.join(', ')}`,
  );
  const mute = muteIn(findings).flatMap(({ subdevice, isExcused }) =>
    isExcused ? [] : `, and ${subdevice} does not answer`,
  );
  return `${noise}${repeated}${echoed}${asked}${mute.join('')}${refusing.join('')}`;
}
