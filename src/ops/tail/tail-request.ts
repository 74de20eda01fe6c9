/**
 * Request of a reader of the tail, as the query of `GET /v1/tail`:
 *
 *     subdevice=ID  topic=FILTER  event=NAME|KIND   each may be repeated; one of them must match
 *     direction=up|down           payload_bytes=N   0 (no payloads) to 16384
 */
import type { EventName } from '../../base/events.ts';
import { filterProblem } from '../../base/topic.ts';
import { EVENT_NAMES } from '../narration.ts';
import { DIRECTIONS, TAIL_CLASSES, TAIL_KINDS, type TailDirection } from './event-kinds.ts';

/** Largest payload part in an event: a third of the bytes that may wait for a reader, as base64. */
export const PAYLOAD_BYTES_MAX = 16_384;
/** Largest number of values of one filter. */
const VALUES_MAX = 16;
const VALUE_LENGTH_MAX = 1024;

export interface TailRequest {
  /** Ids of subdevices; empty: events of all, and events without a subdevice. */
  readonly subdevices: readonly string[];
  /** Topic filters of MQTT; empty: events on all topics, and events without a topic. */
  readonly topics: readonly string[];
  readonly direction: TailDirection | undefined;
  /** Names or kinds of events; empty: all. */
  readonly events: readonly string[];
  /** Largest number of bytes of each payload; 0: no payloads. */
  readonly payloadBytes: number;
}

export const EVERYTHING: TailRequest = {
  subdevices: [],
  topics: [],
  direction: undefined,
  events: [],
  payloadBytes: 0,
};

/** Reads the query of a reader. @returns the problem as a sentence if a value is invalid */
export function tailRequestOf(query: URLSearchParams): TailRequest | string {
  const request = {
    subdevices: query.getAll('subdevice'),
    topics: query.getAll('topic'),
    events: query.getAll('event'),
    payloadBytes: Number(query.get('payload_bytes') ?? 0),
  };
  const direction = query.get('direction') ?? undefined;
  const known = DIRECTIONS.find((one) => one === direction);
  if (known !== direction) return `direction is ${DIRECTIONS.join(' or ')}`;
  return problemOf({ ...request, direction: known }) ?? { ...request, direction: known };
}

/** First problem of a request; `undefined`: none. */
export function problemOf({ subdevices, topics, events, payloadBytes }: TailRequest): string | undefined {
  for (const values of [subdevices, topics, events]) {
    if (values.length > VALUES_MAX) return `at most ${VALUES_MAX} values are allowed for one filter`;
    if (values.some((value) => value === '' || value.length > VALUE_LENGTH_MAX))
      return `a value has 1 to ${VALUE_LENGTH_MAX} characters`;
  }
  for (const topic of topics) {
    const found = filterProblem(topic);
    if (found !== undefined) return `${JSON.stringify(topic)} is no topic filter: ${found.problem}`;
  }
  for (const event of events)
    if (namesOf(event).length === 0)
      return `${JSON.stringify(event)} is neither an event nor a kind of events (${TAIL_KINDS.join(', ')})`;
  if (!Number.isInteger(payloadBytes) || payloadBytes < 0 || payloadBytes > PAYLOAD_BYTES_MAX)
    return `payload_bytes is a whole number from 0 to ${PAYLOAD_BYTES_MAX}`;
  return undefined;
}

/** Query with its question mark; '' for a request without filters. */
export function queryOf({ subdevices, topics, direction, events, payloadBytes }: TailRequest): string {
  const query = new URLSearchParams();
  for (const id of subdevices) query.append('subdevice', id);
  for (const topic of topics) query.append('topic', topic);
  for (const event of events) query.append('event', event);
  if (direction !== undefined) query.append('direction', direction);
  if (payloadBytes > 0) query.append('payload_bytes', String(payloadBytes));
  return query.size === 0 ? '' : `?${query}`;
}

/** Names of the events that the request may admit. */
export function wantedNames({ events, direction }: TailRequest): readonly EventName[] {
  return EVENT_NAMES.filter(
    (name) =>
      (events.length === 0 || events.some((event) => namesOf(event).includes(name))) &&
      (direction === undefined || TAIL_CLASSES[name].direction === direction),
  );
}

function namesOf(event: string): readonly EventName[] {
  return EVENT_NAMES.filter((name) => name === event || TAIL_CLASSES[name].kind === event);
}
