/** How good a line is, from what came over it in a while: the verdict of `holdfast link test`. Pure. */
import { brokenFrames, type LinkReport } from './link-report.ts';
import { countOf, countWords } from './words.ts';

/** `silent`: nothing came, so nothing can be said. */
export type LinkVerdict = 'good' | 'fair' | 'bad' | 'silent';

export interface LinkScore {
  readonly link: string;
  readonly verdict: LinkVerdict;
  readonly sentence: string;
  readonly seconds: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly broken: number;
  readonly retries: number;
  readonly openings: number;
}

/** Of all frames: one in a thousand is a wire; one in fifty costs a repetition every few seconds at 10 frames/s. */
const BROKEN_GOOD_MAX = 0.001;
const BROKEN_FAIR_MAX = 0.02;

export function scoreLink(before: LinkReport, after: LinkReport, seconds: number): LinkScore {
  const framesIn = after.counters.framesIn - before.counters.framesIn;
  const framesOut = after.counters.framesOut - before.counters.framesOut;
  const broken = brokenFrames(after.counters) - brokenFrames(before.counters);
  const retries = after.counters.retries - before.counters.retries;
  const openings = after.counters.openings - before.counters.openings;
  const counted = { link: after.name, seconds, framesIn, framesOut, broken, retries, openings };
  return { ...counted, ...judge(after, counted) };
}

function judge(
  { name, state, lastProblem, roundTrip }: LinkReport,
  { seconds, framesIn, broken, retries, openings }: Omit<LinkScore, 'verdict' | 'sentence'>,
): Pick<LinkScore, 'verdict' | 'sentence'> {
  if (state !== 'open')
    return { verdict: 'bad', sentence: `Bad: link ${name} is not open (${lastProblem ?? 'it does not open'}).` };
  if (openings > 0)
    return {
      verdict: 'bad',
      sentence: `Bad: the port of link ${name} came back ${countOf(openings, 'time')} meanwhile.`,
    };
  if (framesIn + broken === 0) {
    const sentence = `Nothing came over link ${name} in ${seconds} s. Is the device on, and wired? If it only speaks now and then, test for longer.`;
    return { verdict: 'silent', sentence };
  }
  const share = broken / (framesIn + broken);
  const verdict = share <= BROKEN_GOOD_MAX ? 'good' : share <= BROKEN_FAIR_MAX ? 'fair' : 'bad';
  const noise = `${countWords(broken)} of ${countOf(framesIn + broken, 'frame')} broken`;
  const repeated = retries === 0 ? '' : `, ${countOf(retries, 'repetition')}`;
  const trips =
    roundTrip.p50Ms === null || roundTrip.p99Ms === null
      ? ''
      : `, a delivery acknowledged within ${Math.ceil(roundTrip.p50Ms)} ms (99 %: ${Math.ceil(roundTrip.p99Ms)} ms)`;
  const advice = {
    good: '',
    fair: ' Look at ground and cable when there is time.',
    bad: ' Check speed, ground, termination.',
  };
  const word = { good: 'Good', fair: 'Fair', bad: 'Bad' }[verdict];
  return { verdict, sentence: `${word}: in ${seconds} s ${noise}${repeated}${trips}.${advice[verdict]}` };
}
