/** Selectors of messages: the form in which they are sent, and the subdevices, topics and ages that they mean. */
import { Fault } from '../../base/fault.ts';
import type { Direction } from '../../base/message.ts';
import type { Age } from '../../base/time.ts';
import { filterProblem } from '../../base/topic.ts';
import { nearestWord } from '../../config/suggestion.ts';
import type { MessageRequest } from '../../custody/message-page.ts';

export type QueueName = 'outbox' | 'inbox';
export const QUEUES: readonly QueueName[] = ['outbox', 'inbox'];

export function directionOf(queue: QueueName): Direction {
  return queue === 'outbox' ? 'uplink' : 'downlink';
}

/** All given parts must match. Of several subdevices, topics or numbers, one must match. Absent: all match. */
export interface MessageSelector {
  readonly subdevices?: readonly string[];
  /** Filters of topics at the hub. */
  readonly topics?: readonly string[];
  readonly numbers?: readonly number[];
  readonly olderThanMs?: number;
  readonly newerThanMs?: number;
}

/** Selector in the terms of the store, and the ages that only the gateway can judge. */
export interface ResolvedSelector {
  readonly selected: Pick<MessageRequest, 'subdevices' | 'filters' | 'numbers'>;
  readonly fits: (age: Age) => boolean;
}

/** Subdevice as the selector finds it. */
export interface NamedLane {
  readonly id: string;
  readonly lane: number;
}

/** Largest number of subdevices, topics or numbers in one selector. */
export const SELECTED_MAX = 1000;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** Decodes a selector of a request. @throws Fault `command-rejected` */
export function selectorIn(body: Readonly<Record<string, unknown>>): MessageSelector {
  return {
    ...listIn(body, 'subdevices', isText, '{"subdevices": ["meter-1"]}'),
    ...listIn(body, 'topics', isText, '{"topics": ["plant/+/state"]}'),
    ...listIn(body, 'numbers', isNumber, '{"numbers": [17]}'),
    ...ageIn(body, 'olderThanMs'),
    ...ageIn(body, 'newerThanMs'),
  };
}

export function isEmptySelector(selector: MessageSelector): boolean {
  return Object.keys(selector).length === 0;
}

/** Query string of a selector, without a question mark. */
export function selectorQuery({ olderThanMs, newerThanMs, ...lists }: MessageSelector): string {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(lists)) for (const value of values) query.append(name, String(value));
  if (olderThanMs !== undefined) query.set('olderThanMs', String(olderThanMs));
  if (newerThanMs !== undefined) query.set('newerThanMs', String(newerThanMs));
  return query.toString();
}

/** @throws Fault `command-rejected` */
export function selectorInQuery(query: URLSearchParams): MessageSelector {
  const body: Record<string, unknown> = {};
  for (const name of ['subdevices', 'topics']) if (query.has(name)) body[name] = query.getAll(name);
  if (query.has('numbers')) body.numbers = query.getAll('numbers').map(Number);
  for (const name of ['olderThanMs', 'newerThanMs']) if (query.has(name)) body[name] = Number(query.get(name));
  return selectorIn(body);
}

/** @throws Fault `command-rejected` with a similar id for an unknown subdevice, or for an invalid filter */
export function resolveSelector(selector: MessageSelector, known: readonly NamedLane[]): ResolvedSelector {
  const { subdevices, topics, numbers, olderThanMs = 0, newerThanMs = Number.POSITIVE_INFINITY } = selector;
  for (const filter of topics ?? []) {
    const problem = filterProblem(filter)?.problem;
    if (problem !== undefined)
      throw rejected(
        `The topic filter ${JSON.stringify(filter)} is invalid: ${problem}`,
        'Example: plant/+/state or plant/#.',
      );
  }
  return {
    selected: {
      ...(subdevices === undefined ? {} : { subdevices: subdevices.map((id) => laneNamed(id, known)) }),
      ...(topics === undefined ? {} : { filters: topics }),
      ...(numbers === undefined ? {} : { numbers }),
    },
    // an age that is a lower bound proves that a message is old, and never that it is new
    fits: ({ ms, quality }) =>
      ms >= olderThanMs && ms < newerThanMs && (quality === 'exact' || newerThanMs === Number.POSITIVE_INFINITY),
  };
}

/** Words of a selector for texts: `of meter-1 on plant/#, older than 2 h`. @param duration words of a duration */
export function selectorWords(selector: MessageSelector, duration: (ms: number) => string): string {
  const { subdevices, topics, numbers, olderThanMs, newerThanMs } = selector;
  const parts = [
    ...(subdevices === undefined ? [] : [`of ${listWords(subdevices)}`]),
    ...(topics === undefined ? [] : [`on ${listWords(topics)}`]),
    ...(numbers === undefined ? [] : [`with number ${listWords(numbers.map(String))}`]),
    ...(olderThanMs === undefined ? [] : [`older than ${duration(olderThanMs)}`]),
    ...(newerThanMs === undefined ? [] : [`newer than ${duration(newerThanMs)}`]),
  ];
  return parts.join(' ');
}

function laneNamed(id: string, known: readonly NamedLane[]): number {
  const found = known.find((one) => one.id === id);
  if (found !== undefined) return found.lane;
  const plain = (word: string): string => word.toLowerCase().replaceAll('-', '_');
  const nearest = nearestWord(
    id,
    known.map((one) => plain(one.id)),
  );
  const meant = known.find((one) => plain(one.id) === nearest)?.id;
  throw rejected(
    `No subdevice has the id ${JSON.stringify(id)}`,
    meant === undefined ? 'holdfast subdevices lists them.' : `Did you mean ${meant}? holdfast subdevices lists all.`,
  );
}

const NAMES_SHOWN_MAX = 3;

function listWords(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN_MAX;
  return `${names.slice(0, NAMES_SHOWN_MAX).join(' or ')}${more > 0 ? ` or ${more} more` : ''}`;
}

function listIn<Name extends string, Value>(
  body: Readonly<Record<string, unknown>>,
  name: Name,
  isValid: (value: unknown) => value is Value,
  form: string,
): { readonly [Key in Name]?: readonly Value[] } {
  const given = body[name];
  if (given === undefined) return {};
  if (Array.isArray(given) && given.length > 0 && given.length <= SELECTED_MAX && given.every(isValid))
    return { [name]: [...new Set<Value>(given)] } as object as { readonly [Key in Name]?: readonly Value[] };
  throw rejected(`Invalid "${name}" in the request`, `Write a list of 1 to ${SELECTED_MAX}: ${form}.`);
}

function ageIn<Name extends string>(
  body: Readonly<Record<string, unknown>>,
  name: Name,
): { readonly [Key in Name]?: number } {
  const given = body[name];
  if (given === undefined) return {};
  if (typeof given === 'number' && Number.isFinite(given) && given >= 0)
    return { [name]: given } as object as { readonly [Key in Name]?: number };
  throw rejected(`Invalid "${name}" in the request`, `Write milliseconds: {"${name}": 7200000}.`);
}

function rejected(what: string, hint: string): Fault {
  return new Fault('command-rejected', what, { hint });
}
