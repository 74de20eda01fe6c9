/** Quality of a line in use: the share of broken frames since the start. `holdfast link test` measures more exactly. */
import { BROKEN_FAIR_MAX, BROKEN_GOOD_MAX } from '../link-test/link-score.ts';
import { brokenFrames, type LinkReport } from './link-report.ts';

export type LinkQuality = 'good' | 'fair' | 'bad' | 'no frames yet';

export function qualityOf({ counters }: LinkReport): LinkQuality {
  const broken = brokenFrames(counters);
  const all = counters.framesIn + broken;
  if (all === 0) return 'no frames yet';
  if (broken / all > BROKEN_FAIR_MAX) return 'bad';
  return broken / all > BROKEN_GOOD_MAX ? 'fair' : 'good';
}
