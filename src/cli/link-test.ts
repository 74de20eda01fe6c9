/**
 * `holdfast link test`: watches a link for some seconds and scores it. It only looks, so the reading socket does, and the
 * line is not disturbed. Exits 1 for a line that is not good.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../base/fault.ts';
import type { LinkReport } from '../ops/link-report.ts';
import { type LinkVerdict, scoreLink } from '../ops/link-score.ts';
import { countWords, printable } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning } from './location.ts';
import { type Tone, wrap } from './terminal.ts';

const TONES: Readonly<Record<LinkVerdict, Tone>> = { good: 'good', fair: 'warning', bad: 'bad', silent: 'warning' };

export async function testLink(context: CommandContext, name: string, seconds: number): Promise<number> {
  const { terminal, asJson } = context;
  const before = await askLink(context, name);
  let score = scoreLink(before, before, 0);
  for (let second = 1; second <= seconds; second += 1) {
    await pause(1000);
    score = scoreLink(before, await askLink(context, name), second);
    const { framesIn, broken } = score;
    if (!asJson && second < seconds)
      terminal.print(
        terminal.tone('quiet', `${second}/${seconds} s  ${countWords(framesIn)} good, ${countWords(broken)} broken`),
      );
  }
  if (asJson) printJson(context, score);
  else
    for (const line of wrap(printable(score.sentence), terminal.width))
      terminal.print(terminal.tone(TONES[score.verdict], line));
  return score.verdict === 'good' || score.verdict === 'fair' ? EXIT.ok : EXIT.refused;
}

async function askLink(context: CommandContext, name: string): Promise<LinkReport> {
  const { links } = await askRunning(context, '/v1/status');
  const link = links.find((one) => one.name === name);
  if (link !== undefined) return link;
  throw new Fault('usage', `No link is called ${name}`, {
    hint: `There are: ${links.map((one) => one.name).join(', ')}.`,
  });
}
