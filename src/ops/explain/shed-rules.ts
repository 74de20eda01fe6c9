/** Rules that would end the custody of a waiting message without delivery, and the distance to each. Pure. */
import type { OverflowPolicy } from '../../base/overflow-policy.ts';
import type { Age } from '../../base/time.ts';
import { bytesWords, countOf, countWords, durationWords } from '../words.ts';
import type { CountRange, ShedRule } from './explain-report.ts';

export interface UplinkBounds {
  readonly overflow: OverflowPolicy;
  /** Room of the outbox; `bytesLeft` null = no bound. */
  readonly messagesLeft: number;
  readonly bytesLeft: number | null;
  /** Age at which it expires, ms; 0: never. */
  readonly ageMsMax: number;
}

export interface DownlinkBounds {
  readonly overflow: 'drop-oldest' | 'drop-newest';
  /** Room of the inbox of this subdevice. */
  readonly messagesLeft: number;
  readonly ageMsMax: number;
  readonly lasting: boolean;
}

interface Waiting {
  readonly age: Age;
  readonly before: CountRange;
}

const NO_DISTANCE = { messagesLeft: null, bytesLeft: null, msLeft: null } as const;

export function uplinkShedRules(bounds: UplinkBounds, waiting: Waiting): ShedRule[] {
  const { overflow, messagesLeft, bytesLeft } = bounds;
  const room = `${countOf(messagesLeft, 'message')}${bytesLeft === null ? '' : ` or ${bytesWords(bytesLeft)}`}`;
  const rules = ageRules(bounds.ageMsMax, waiting.age);
  if (overflow === 'drop-oldest') {
    const first =
      waiting.before.max === 0 ? '' : ` ${beforeWords(waiting.before)} of its subdevice are shed before it.`;
    rules.push({
      ...NO_DISTANCE,
      rule: 'overflow',
      messagesLeft,
      bytesLeft,
      sentence: `drop-oldest sheds the oldest message of a subdevice that sends while the outbox is full: ${room} away.${first}`,
    });
  }
  if (overflow === 'keep-latest')
    rules.push({
      ...NO_DISTANCE,
      rule: 'replaced',
      sentence: 'keep-latest: the next message on its topic replaces it.',
    });
  if (rules.length > 0) return rules;
  const instead =
    overflow === 'reject' ? 'new messages are rejected, and subdevices send again later' : 'new messages are shed';
  return [
    {
      ...NO_DISTANCE,
      rule: 'none',
      sentence: `No rule sheds it. When the outbox is full (${room} away), ${instead} (${overflow}).`,
    },
  ];
}

export function downlinkShedRules(bounds: DownlinkBounds, waiting: Waiting): ShedRule[] {
  const rules = ageRules(bounds.ageMsMax, waiting.age);
  const { messagesLeft } = bounds;
  if (bounds.overflow === 'drop-oldest') {
    const away = countOf(messagesLeft + waiting.before.max, 'further downlink');
    rules.push({
      ...NO_DISTANCE,
      rule: 'overflow',
      messagesLeft: messagesLeft + waiting.before.max,
      sentence: `drop-oldest sheds it after ${away} for its subdevice.`,
    });
  }
  if (!bounds.lasting)
    rules.push({
      ...NO_DISTANCE,
      rule: 'session',
      sentence: 'It is shed when its subdevice disconnects (clean session).',
    });
  if (rules.length > 0) return rules;
  const room = countOf(messagesLeft, 'message');
  return [
    {
      ...NO_DISTANCE,
      rule: 'none',
      sentence: `No rule sheds it. When the inbox of its subdevice is full (${room} away), new messages are shed.`,
    },
  ];
}

function ageRules(ageMsMax: number, age: Age): ShedRule[] {
  if (ageMsMax === 0) return [];
  const msLeft = Math.max(0, ageMsMax - age.ms);
  const words = age.quality === 'exact' ? `in ${durationWords(msLeft)}` : `in at most ${durationWords(msLeft)}`;
  const max = durationWords(ageMsMax);
  return [{ ...NO_DISTANCE, rule: 'age', msLeft, sentence: `It expires ${words}, at an age of ${max}.` }];
}

/** `11 messages`, `64 to 1,204 messages` */
export function beforeWords({ min, max }: CountRange): string {
  return min === max ? countOf(min, 'message') : `${countWords(min)} to ${countOf(max, 'message')}`;
}
