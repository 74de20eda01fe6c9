/** Advice for a technician, from the findings of a link test. Pure. */
import { remedyOf } from '../conditions/discard-remedy.ts';
import { failedRequests, isFailedReadout, READOUT_REMEDY } from '../conditions/failed-requests.ts';
import { intakeWordsOf } from '../conditions/intake-words.ts';
import { remedyOfRefusal } from '../conditions/unit-words.ts';
import { causesOfLoss, checksOfSilentDevice, isOnNetwork, remedyOfNoise, type Way } from '../conditions/way-words.ts';
import type { LinkReport } from '../reports/link-report.ts';
import { countOf, countWords } from '../words.ts';
import { countedIn, isAboutContent, type LinkFindings, muteIn, refusingIn, sumOf } from './link-findings.ts';

/** @param report of the link at the end of the test */
export function adviceOf(findings: LinkFindings, report: LinkReport): string[] {
  const way: Way = report;
  const failed = failedRequests(report);
  return [
    ...failedAdvice(findings, failed),
    ...muteAdvice(findings, way)
      .filter(({ subdevice }) => !isFailedReadout(failed.get(subdevice)))
      .map(({ words }) => words),
    ...refusalAdvice(findings),
    ...discardAdvice(findings, way),
    ...lineAdvice(findings, way),
    ...kernelAdvice(findings),
  ];
}

const ADVICE_MAX = 3;
/** Reasons that the probes report with names. */
const REPORTED_BY_PROBES: readonly string[] = ['unit silent', 'unit exception', 'unit value'];

function refusalAdvice(findings: LinkFindings): string[] {
  return refusingIn(findings).map(({ subdevice, refused }) => {
    const words = refused.join('; ');
    const reason = / exception \d/.test(words) ? 'unit exception' : 'unit value';
    return `${subdevice} answers, and has no value for: ${words}. ${remedyOfRefusal(words) ?? intakeWordsOf({ reason, direction: null }).hint}`;
  });
}

/** Remedy for each reason; `lineAdvice` covers faults of the wire. */
function discardAdvice({ discarded }: LinkFindings, way: Way): string[] {
  return discarded
    .filter(({ reason }) => !REPORTED_BY_PROBES.includes(reason))
    .filter((each) => intakeWordsOf(each).code !== 'frames-broken' || each.reason === 'malformed packet')
    .slice(0, ADVICE_MAX)
    .map((each) => {
      const { noun, why } = intakeWordsOf(each);
      return `${countOf(each.count, noun)} discarded: ${why}; last: ${each.sample}. ${remedyOf(each, way)}`;
    });
}

/** Requests that failed at a known step during the test. */
function failedAdvice({ probes, discarded }: LinkFindings, failed: ReadonlyMap<string, string>): string[] {
  if (!discarded.some(({ reason }) => reason === 'unit silent')) return [];
  return probes.flatMap(({ subdevice, requests, answers }) => {
    const words = answers < requests ? failed.get(subdevice) : undefined;
    if (words === undefined) return [];
    return [`${subdevice}: ${words}.${isFailedReadout(words) ? ` ${READOUT_REMEDY}.` : ''}`];
  });
}

interface MuteAdvice {
  readonly subdevice: string;
  readonly words: string;
}

function muteAdvice(findings: LinkFindings, way: Way): MuteAdvice[] {
  return muteIn(findings).map(({ subdevice, isExcused }) => ({
    subdevice,
    words: isExcused
      ? `${subdevice} answers no probe and is not counted: its firmware may not support PINGREQ (MQTT-SN 1.2 §6.11).`
      : `${subdevice} does not answer. ${checksOfSilentDevice(way)}.`,
  }));
}

function lineAdvice(findings: LinkFindings, way: Way): string[] {
  const { broken, retries, lateAnswers } = findings;
  const counted = countedIn(findings);
  const silence = sumOf(counted, 'requests') - sumOf(counted, 'answers') - sumOf(counted, 'damaged');
  const advice: string[] = [];
  if (lateAnswers > 0 && (silence > 0 || retries > 0 || muteIn(findings).length > 0) && !isExplained(findings))
    advice.push(
      `${countOf(lateAnswers, 'time')} something arrived that no request was waiting for. These may be late answers: raise retry_ms of the link.`,
    );
  if (broken > 0 && !isAboutContent(findings))
    advice.push(
      isOnNetwork(way)
        ? `Frames arrive broken${brokenWords(findings)}. ${remedyOfNoise(way)}`
        : `Frames arrive broken${brokenWords(findings)}: check that speed and parity are the same at both ends; then the ground wire; on RS-485 the termination (120 Ω at both ends, none between); then sources of noise beside the cable.`,
    );
  // Packets to a silent subdevice are repeated; the advice above names that subdevice.
  if (silence > 0 || (retries > 0 && muteIn(findings).length === 0))
    advice.push(
      `Some packets were not answered (${countOf(silence, 'probe')}, ${countOf(retries, 'repetition')}). Possible causes: ${causesOfLoss(way)}.`,
    );
  return advice;
}

/** True if a discard already says what arrives in place of answers. */
function isExplained({ discarded }: LinkFindings): boolean {
  return discarded.some(({ reason }) => reason === 'unit mismatch' || reason === 'line unexpected');
}

/** Most frequent reason, with its last sample. */
function brokenWords({ discarded }: LinkFindings): string {
  const first = discarded.find((each) => intakeWordsOf(each).code === 'frames-broken');
  return first === undefined ? '' : ` (${intakeWordsOf(first).why}; last: ${first.sample})`;
}

function kernelAdvice({ kernel }: LinkFindings): string[] {
  if (kernel === null) return [];
  const { framing, parity, overruns, bufferOverruns, breaks } = kernel;
  const advice: string[] = [];
  if (overruns + bufferOverruns > 0)
    advice.push(
      `The kernel lost ${countOf(overruns + bufferOverruns, 'byte')} (${countWords(overruns)} in the hardware, ${countWords(bufferOverruns)} in its buffer): the machine is too slow for this port. Lower the speed, or use an adapter with a larger buffer.`,
    );
  if (framing + parity > 0)
    advice.push(
      `The kernel saw ${countOf(framing, 'byte')} without a stop bit and ${countWords(parity)} of wrong parity: the ends differ in speed or parity, or the line is noisy.`,
    );
  if (breaks > 0)
    advice.push(`The line was held low ${countOf(breaks, 'time')}: a loose plug, or A and B are swapped.`);
  return advice;
}
