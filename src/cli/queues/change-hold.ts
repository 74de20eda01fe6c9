/** `holdfast outbox|inbox hold|release|retry`: commands to the running gateway. */
import { EXIT } from '../../base/fault.ts';
import { give } from '../../ops/api/control-client.ts';
import { holdOptions, holdWords } from '../../ops/queues/hold-report.ts';
import type { QueueName } from '../../ops/queues/message-selector.ts';
import type { HoldAnswer, RetryAnswer } from '../../ops/queues/queue-answers.ts';
import { countOf } from '../../ops/words.ts';
import { type CommandContext, printJson } from '../context.ts';
import { locateGateway } from '../location.ts';
import { wrap } from '../terminal.ts';
import { explicitSelectorOf, type SelectionOptions, selectorOf } from './selection.ts';

const NEXT_HOP = { outbox: 'sent to the hub', inbox: 'delivered' } as const;
/** Largest number of holds that a screen names. */
const HOLDS_SHOWN_MAX = 10;

/** @throws Fault `usage`, `command-rejected`, `not-running` */
export async function changeHold(
  context: CommandContext,
  queue: QueueName,
  verb: 'hold' | 'release',
  options: SelectionOptions,
): Promise<number> {
  const selector = explicitSelectorOf(verb, options);
  const { controlSocket } = await locateGateway(context);
  const answer = (await give(controlSocket, `${queue}.${verb}`, { ...selector })) as HoldAnswer;
  if (context.asJson) printJson(context, 'messages-held', answer);
  else
    for (const line of linesOf(queue, verb, answer).flatMap((sentence) => wrap(sentence, context.terminal.width)))
      context.terminal.print(line);
  return EXIT.ok;
}

/** @throws Fault `command-rejected` if nothing waits for a retry */
export async function retryMessages(
  context: CommandContext,
  queue: QueueName,
  options: SelectionOptions,
): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const answer = (await give(controlSocket, `${queue}.retry`, { ...selectorOf(options) })) as RetryAnswer;
  if (context.asJson) printJson(context, 'messages-retried', answer);
  else {
    const what = queue === 'outbox' ? 'Sent again now' : 'Delivered now, without pauses';
    for (const line of wrap(`${what}: ${answer.what.slice(0, HOLDS_SHOWN_MAX).join('; ')}.`, context.terminal.width))
      context.terminal.print(line);
  }
  return EXIT.ok;
}

function linesOf(queue: QueueName, verb: 'hold' | 'release', { holds, onHold }: HoldAnswer): string[] {
  const onHoldNow = `On hold in the ${queue} as far as the gateway has read it: ${countOf(onHold, 'message')}.`;
  const [first] = holds;
  if (first === undefined) return ['These messages are on hold already.', onHoldNow];
  const names = holds.slice(0, HOLDS_SHOWN_MAX).map(holdWords);
  const more = holds.length > HOLDS_SHOWN_MAX ? ` and ${holds.length - HOLDS_SHOWN_MAX} more` : '';
  if (verb === 'release')
    return [`Released: ${names.join('; ')}${more}. The messages are ${NEXT_HOP[queue]} in their order.`, onHoldNow];
  return [
    `On hold: ${names.join('; ')}${more}.`,
    `Messages are accepted and kept, and are not ${NEXT_HOP[queue]} until you release them; a restart changes nothing.`,
    onHoldNow,
    `To release: holdfast ${queue} release ${holds.length === 1 ? holdOptions(first) : '--all'}`,
  ];
}
