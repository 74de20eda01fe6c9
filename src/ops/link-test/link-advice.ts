/** What a technician does about a line, by what was found on it. Pure. */
import { remedyOf } from '../conditions/discard-remedy.ts';
import { intakeWordsOf } from '../conditions/intake-words.ts';
import { remedyOfRefusal } from '../conditions/unit-words.ts';
import { countOf, countWords } from '../words.ts';
import { countedIn, isAboutContent, type LinkFindings, muteIn, refusingIn, sumOf } from './link-findings.ts';

export function adviceOf(findings: LinkFindings): string[] {
  return [
    ...muteAdvice(findings),
    ...refusalAdvice(findings),
    ...discardAdvice(findings),
    ...lineAdvice(findings),
    ...kernelAdvice(findings),
  ];
}

const ADVICE_MAX = 3;
/** Told by the probes, with names. */
const TOLD_BY_PROBES: readonly string[] = ['unit silent', 'unit exception', 'unit value'];

function refusalAdvice(findings: LinkFindings): string[] {
  return refusingIn(findings).map(({ subdevice, refused }) => {
    const words = refused.join('; ');
    return `${subdevice} answers, and has no value for: ${words}. ${remedyOfRefusal(words) ?? intakeWordsOf({ reason: 'unit value', direction: null }).hint}`;
  });
}

/** For each reason its own remedy; what the wire may be guilty of is told by `lineAdvice`. */
function discardAdvice({ discarded }: LinkFindings): string[] {
  return discarded
    .filter(({ reason }) => !TOLD_BY_PROBES.includes(reason))
    .filter((each) => intakeWordsOf(each).code !== 'frames-broken' || each.reason === 'malformed packet')
    .slice(0, ADVICE_MAX)
    .map((each) => {
      const { noun, why } = intakeWordsOf(each);
      return `${countOf(each.count, noun)} discarded: ${why}; the last: ${each.sample}. ${remedyOf(each)}`;
    });
}

function muteAdvice(findings: LinkFindings): string[] {
  return muteIn(findings).map(({ subdevice, isExcused }) =>
    isExcused
      ? `${subdevice} answers no probe at all, so it was left out: its firmware may not know PINGREQ (MQTT-SN 1.2 §6.11).`
      : `${subdevice} does not answer at all: is it on, is it wired (A and B, RX and TX), is its address the right one, are speed and parity those of the device?`,
  );
}

function lineAdvice(findings: LinkFindings): string[] {
  const { broken, retries } = findings;
  const counted = countedIn(findings);
  const silence = sumOf(counted, 'requests') - sumOf(counted, 'answers') - sumOf(counted, 'damaged');
  const advice: string[] = [];
  if (broken > 0 && !isAboutContent(findings))
    advice.push(
      `Frames arrive broken${brokenWords(findings)}: check that speed and parity are the same at both ends; then the ground wire; on RS-485 the termination (120 Ω at both ends, none between); then what runs beside the cable.`,
    );
  // whoever is mute is repeated to, and named above
  if (silence > 0 || (retries > 0 && muteIn(findings).length === 0))
    advice.push(
      `What was sent met silence (${countOf(silence, 'probe')}, ${countOf(retries, 'repetition')}): a loose plug, noise at the other end, an adapter that switches its direction late, or a device slower than retry_ms.`,
    );
  return advice;
}

/** The most frequent reason, with the last of them. */
function brokenWords({ discarded }: LinkFindings): string {
  const first = discarded.find((each) => intakeWordsOf(each).code === 'frames-broken');
  return first === undefined ? '' : ` (${intakeWordsOf(first).why}; the last: ${first.sample})`;
}

function kernelAdvice({ kernel }: LinkFindings): string[] {
  if (kernel === null) return [];
  const { framing, parity, overruns, bufferOverruns, breaks } = kernel;
  const advice: string[] = [];
  if (overruns + bufferOverruns > 0)
    advice.push(
      `The kernel lost ${countOf(overruns + bufferOverruns, 'byte')} (${countWords(overruns)} in the hardware, ${countWords(bufferOverruns)} in its buffer): this machine is too slow for this port. Lower the speed, or use an adapter with a larger buffer.`,
    );
  if (framing + parity > 0)
    advice.push(
      `The kernel saw ${countOf(framing, 'byte')} without a stop bit and ${countWords(parity)} of wrong parity: the ends differ in speed or parity, or the line is noisy.`,
    );
  if (breaks > 0)
    advice.push(`The line was held low ${countOf(breaks, 'time')}: a loose plug, or A and B are swapped.`);
  return advice;
}
