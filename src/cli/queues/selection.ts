/** Selection of messages on the command line: options, and the selector that they mean. */
import type { Command } from 'commander';
import { Fault } from '../../base/fault.ts';
import { isEmptySelector, type MessageSelector, SELECTED_MAX } from '../../ops/queues/message-selector.ts';
import { collect } from '../commands/add-command.ts';
import { duration } from '../duration.ts';

export interface SelectionOptions {
  readonly subdevice: readonly string[];
  readonly topic: readonly string[];
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly all?: true;
}

const AGE_MS_MAX = 3650 * 86_400_000;

/** Adds the options of a selection. @param hasAges false for a command that also applies to later messages */
export function addSelection(command: Command, hasAges = true): Command {
  command
    .option('--subdevice <id>', 'only messages of this subdevice; may be repeated', collect, [])
    .option(
      '--topic <filter>',
      'only messages on topics at the hub that match (+ and #); may be repeated',
      collect,
      [],
    );
  if (hasAges)
    command
      .option('--older-than <age>', 'only messages that are certainly older, e.g. 2h', duration(0, AGE_MS_MAX))
      .option('--newer-than <age>', 'only messages that are certainly newer, e.g. 30m', duration(0, AGE_MS_MAX));
  return command;
}

/** @throws Fault `usage` */
export function selectorOf(options: SelectionOptions, words: readonly string[] = []): MessageSelector {
  const { subdevice, topic, olderThan, newerThan } = options;
  if (words.length > SELECTED_MAX || subdevice.length > SELECTED_MAX || topic.length > SELECTED_MAX)
    throw new Fault('usage', 'The selection is too long', {
      hint: `Name at most ${SELECTED_MAX}, or use --topic with + and #.`,
    });
  return {
    ...(subdevice.length === 0 ? {} : { subdevices: subdevice }),
    ...(topic.length === 0 ? {} : { topics: topic }),
    ...(words.length === 0 ? {} : { numbers: words.map(messageNumber) }),
    ...(olderThan === undefined ? {} : { olderThanMs: olderThan }),
    ...(newerThan === undefined ? {} : { newerThanMs: newerThan }),
  };
}

/** Selector of a command that changes something: the selection must be explicit. @throws Fault `usage` */
export function explicitSelectorOf(
  verb: string,
  options: SelectionOptions,
  words: readonly string[] = [],
): MessageSelector {
  const selector = selectorOf(options, words);
  if (isEmptySelector(selector) && options.all !== true)
    throw new Fault('usage', `The messages to ${verb} are not selected`, {
      hint: `Use --subdevice ID, --topic FILTER or --all.`,
    });
  if (!isEmptySelector(selector) && options.all === true)
    throw new Fault('usage', '--all and another selection exclude each other', { hint: 'Use one of them.' });
  return selector;
}

/** @throws Fault `usage` */
export function messageNumber(word: string): number {
  if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
  throw new Fault('usage', `${word} is not the number of a message`, {
    hint: 'holdfast outbox list and holdfast inbox list show the numbers.',
  });
}
