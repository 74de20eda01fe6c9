/**
 * How good a line is: the verdict of `holdfast link test`, from what came over it in a while and what its probes met. Pure.
 * What is to be done about it is in `link-advice.ts`.
 */

import { looksLikeWords } from '../conditions/misplaced.ts';
import type { LinkReport } from '../reports/link-report.ts';
import { countOf, countWords } from '../words.ts';
import { adviceOf } from './link-advice.ts';
import {
  countedIn,
  findingsOf,
  type LinkFindings,
  type LinkTrial,
  muteIn,
  refusedIn,
  refusingIn,
  sumOf,
} from './link-findings.ts';

/** `silent`: nothing came and nobody could be asked, so nothing can be said. */
export type LinkVerdict = 'good' | 'fair' | 'bad' | 'silent';

export interface LinkScore extends LinkFindings {
  readonly verdict: LinkVerdict;
  readonly sentence: string;
  /** What to check, one sentence each. */
  readonly advice: readonly string[];
}

/** Of all frames: one in a thousand is a wire; one in fifty costs a repetition every few seconds at 10 frames/s. */
const BROKEN_GOOD_MAX = 0.001;
const BROKEN_FAIR_MAX = 0.02;
/** A probe is two frames, so it fails twice as often; 1 of 20, the number one test asks, may be chance. */
const LOST_GOOD_MAX = 2 * BROKEN_GOOD_MAX;
const LOST_FAIR_MAX = 0.05;

/** What the bytes should have made. */
const UNITS: Readonly<Record<string, string>> = { lines: 'line', modbus: 'answer' };

export function scoreLink(trial: LinkTrial): LinkScore {
  const findings = findingsOf(trial);
  return { ...findings, ...judge(trial.after, findings) };
}

function judge(report: LinkReport, findings: LinkFindings): Pick<LinkScore, 'verdict' | 'sentence' | 'advice'> {
  const { name, state, lastProblem, driver } = report;
  const { seconds, framesIn, broken, openings, probes, bytesIn } = findings;
  if (state !== 'open') {
    const sentence = `Bad: link ${name} is not open (${lastProblem ?? 'it does not open'}).`;
    const advice = ['See holdfast status, and holdfast ports for what is plugged in.', ...adviceOf(findings)];
    return { verdict: 'bad', sentence, advice };
  }
  if (openings > 0) {
    const sentence = `Bad: the port of link ${name} came back ${countOf(openings, 'time')} meanwhile.`;
    const advice = ['Check plug, USB hub and power supply; dmesg tells what the kernel saw.', ...adviceOf(findings)];
    return { verdict: 'bad', sentence, advice };
  }
  const words = looksLikeWords(report, []);
  // what else the bytes look like explains all that is found on the line
  const advice = words === undefined ? adviceOf(findings) : [`${words.sentence} ${words.hint}`];
  if (framesIn + broken === 0 && bytesIn > 0 && sumOf(probes, 'answers') === 0) {
    const sentence = `Bad: ${countOf(bytesIn, 'byte')} came over link ${name} in ${seconds} s, and no ${UNITS[driver] ?? 'frame'} could be made of them.`;
    return { verdict: 'bad', sentence, advice };
  }
  if (framesIn + broken === 0 && sumOf(probes, 'requests') === 0) {
    const sentence = `Nothing came over link ${name} in ${seconds} s.`;
    const silent = ['Is the device on, and wired? If it only speaks now and then, test for longer.'];
    return { verdict: 'silent', sentence, advice: silent };
  }
  // the line is good, and nobody on it is served
  const refused = report.subdevices.length === 0 ? refusedIn(findings) : undefined;
  const verdict = refused === undefined ? verdictOf(findings) : 'bad';
  const word = { good: 'Good', fair: 'Fair', bad: 'Bad' }[verdict];
  const last = refused === undefined ? '' : `, and nobody is served (${refused})`;
  return { verdict, sentence: `${word}: ${findingWords(findings)}${last}.`, advice };
}

function verdictOf(findings: LinkFindings): 'good' | 'fair' | 'bad' {
  const { framesIn, framesOut, broken, retries, kernel } = findings;
  if (muteIn(findings).some(({ isExcused }) => !isExcused) || refusingIn(findings).length > 0) return 'bad';
  const counted = countedIn(findings);
  const requests = sumOf(counted, 'requests');
  const unanswered = requests === 0 ? 0 : (requests - sumOf(counted, 'answers')) / requests;
  // whatever the gateway had to repeat was lost too, or its answer
  const lost = Math.max(unanswered, retries / Math.max(1, framesOut));
  const share = framesIn + broken === 0 ? 0 : broken / (framesIn + broken);
  if (share > BROKEN_FAIR_MAX || lost > LOST_FAIR_MAX) return 'bad';
  const hasLostBytes = kernel !== null && kernel.overruns + kernel.bufferOverruns > 0;
  return share > BROKEN_GOOD_MAX || lost > LOST_GOOD_MAX || hasLostBytes ? 'fair' : 'good';
}

function findingWords(findings: LinkFindings): string {
  const { seconds, framesIn, broken, retries, probes } = findings;
  const noise = `${countWords(broken)} of ${countOf(framesIn + broken, 'frame')} broken`;
  const repeated = retries === 0 ? '' : `, ${countOf(retries, 'repetition')}`;
  const requests = sumOf(probes, 'requests');
  const answers = sumOf(probes, 'answers');
  const asked = requests === 0 ? '' : `, ${countWords(answers)} of ${countOf(requests, 'probe')} answered`;
  const refusing = refusingIn(findings).map(
    ({ subdevice, refused }) => `, and ${subdevice} has no value for ${refused.join(', ')}`,
  );
  const mute = muteIn(findings).flatMap(({ subdevice, isExcused }) =>
    isExcused ? [] : `, and ${subdevice} answers nothing`,
  );
  return `in ${seconds} s ${noise}${repeated}${asked}${mute.join('')}${refusing.join('')}`;
}
