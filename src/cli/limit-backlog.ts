/** `holdfast backlog pause|resume|rate`: commands to the running gateway. */
import { BACKLOG_LIMITS } from '../base/backlog-limits.ts';
import { EXIT, Fault } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import { perSWords } from '../ops/conditions/backlog-conditions.ts';
import type { BacklogReport } from '../ops/reports/report.ts';
import { countOf, durationWords } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';
import { wrap } from './terminal.ts';

export interface LimitOptions {
  /** Duration, ms. */
  readonly for: number;
}

export function pauseBacklog(context: CommandContext, options: LimitOptions): Promise<number> {
  return command(context, 'backlog.pause', { forMs: options.for });
}

export function resumeBacklog(context: CommandContext): Promise<number> {
  return command(context, 'backlog.resume', {});
}

/** @param word number of messages per second, or `default` */
export function setBacklogRate(context: CommandContext, word: string, options: LimitOptions): Promise<number> {
  if (word === 'default') return command(context, 'backlog.rate-default', {});
  const { perSMin, perSMax } = BACKLOG_LIMITS.rate;
  if (!/^\d{1,5}(\.\d)?$/.test(word) || Number(word) < perSMin || Number(word) > perSMax)
    throw new Fault('usage', `${word} is not a rate for the backlog`, {
      hint:
        `Write messages per second from ${perSMin} to ${perSMax}, not above hub.messages_per_s, with at most one decimal ` +
        'place, e.g. 5 or 0.5; or default.',
    });
  return command(context, 'backlog.rate', { perS: Number(word), forMs: options.for });
}

async function command(context: CommandContext, name: string, body: object): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const answer = (await give(controlSocket, name, body)) as BacklogReport;
  if (context.asJson) printJson(context, 'backlog', answer);
  else
    for (const line of linesOf(answer).flatMap((sentence) => wrap(sentence, context.terminal.width)))
      context.terminal.print(line);
  return EXIT.ok;
}

function linesOf({ pause, rate, messages }: BacklogReport): string[] {
  const waiting = `${countOf(messages, 'message')} in the outbox.`;
  if (pause !== null)
    return [
      `The backlog is paused for ${durationWords(wholeSeconds(pause.leftMs))}. ${waiting}`,
      'Alarms and live messages are still sent; new messages of a subdevice with a backlog wait behind it.',
      'To end the pause earlier: holdfast backlog resume',
      ...(rate === null ? [] : [`After the pause the backlog is sent at ${perSWords(rate.perS)}.`]),
    ];
  if (rate !== null)
    return [
      `The backlog is sent at ${perSWords(rate.perS)} at most, for ${durationWords(wholeSeconds(rate.leftMs))}. ${waiting}`,
      'Alarms and live messages are sent at the rate of the hub.',
      'To end the lower rate earlier: holdfast backlog rate default',
    ];
  return [`The backlog is sent at the rate of the hub. ${waiting}`];
}

/** Rounds up, so that the answer shows the duration of the request and not what is left some milliseconds later. */
function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}
