/** Condition for commits that take long. Acknowledgements to subdevices wait for them while the hub is away. Pure. */
import type { CommitPace } from '../../commit/committer.ts';
import type { Condition } from '../reports/report.ts';
import { durationWords } from '../words.ts';

/**
 * Duration of a commit from which it is reported, ms. Healthy SD cards pause for up to about a second while they erase
 * blocks. Own choice.
 */
const SLOW_MS = 2000;
/** Time after which a slow commit is over if no other commit followed, ms. */
const LASTS_MS = 60_000;

export function slowCommitConditions({ runningMs = 0, last }: CommitPace): Condition[] {
  const lastMs = last === undefined || last.agoMs >= LASTS_MS ? 0 : last.ms;
  if (Math.max(runningMs, lastMs) < SLOW_MS) return [];
  const isRunning = runningMs > lastMs;
  const time = durationWords(Math.max(runningMs, lastMs));
  const what = isRunning ? `A commit has been running for ${time}` : `The last commit took ${time}`;
  return [
    {
      code: 'store-slow',
      losing: 'no',
      forMs: isRunning ? runningMs : lastMs + (last?.agoMs ?? 0),
      sentence: `${what}: acknowledgements to subdevices wait for the disk of the state directory.`,
      hint: 'holdfast doctor measures the disk. Replace a worn or cheap card, look for another program that writes (iotop), and at dmesg for errors.',
    },
  ];
}
