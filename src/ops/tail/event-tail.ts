/**
 * Events for the readers of the tail. While no reader follows, no listener is on the facts, so a message costs nothing.
 * A fact that a reader has not asked for is left out before its sentence is formed.
 */
import type { EventName, Facts } from '../../base/events.ts';
import { filterMatches } from '../../base/topic.ts';
import type { Clock } from '../../ports.ts';
import type { TailEvent, TailPayload } from '../api/tail-line.ts';
import { reportFact } from '../narration.ts';
import { type TailRequest, wantedNames } from './tail-request.ts';

/** Fields of facts that filters read. */
interface FilteredFact {
  readonly subdevice?: string | null;
  readonly topic?: string;
  readonly payload?: Uint8Array;
  readonly receivers?: readonly { readonly subdevice: { readonly id: string } }[];
}

/** @param make forms the event; called only if the reader has room. It neither throws nor blocks */
export type TakeEvent = (make: () => TailEvent) => void;

interface Follower {
  readonly request: TailRequest;
  readonly take: TakeEvent;
}

export class EventTail {
  readonly #facts: Facts;
  readonly #clock: Clock;
  readonly #followers = new Map<EventName, Set<Follower>>();
  readonly #listeners = new Map<EventName, (fact: object) => void>();

  constructor(facts: Facts, clock: Clock) {
    this.#facts = facts;
    this.#clock = clock;
  }

  /** Passes each event that the request admits to `take`, until the returned function is called. */
  follow(request: TailRequest, take: TakeEvent): () => void {
    const follower: Follower = { request, take };
    const names = wantedNames(request);
    for (const name of names) this.#of(name).add(follower);
    return () => {
      for (const name of names) this.#leave(name, follower);
    };
  }

  /** Followers of an event; the first one adds the listener. */
  #of(name: EventName): Set<Follower> {
    const known = this.#followers.get(name);
    if (known !== undefined) return known;
    const followers = new Set<Follower>();
    const listener = (fact: object): void => {
      for (const { request, take } of followers)
        if (admits(request, fact)) take(() => this.#eventOf(name, fact, request.payloadBytes));
    };
    this.#followers.set(name, followers);
    this.#listeners.set(name, listener);
    this.#facts.on(name, listener);
    return followers;
  }

  #leave(name: EventName, follower: Follower): void {
    const followers = this.#followers.get(name);
    if (followers?.delete(follower) !== true || followers.size > 0) return;
    const listener = this.#listeners.get(name);
    if (listener !== undefined) this.#facts.off(name, listener);
    this.#followers.delete(name);
    this.#listeners.delete(name);
  }

  #eventOf(name: EventName, fact: object, payloadBytes: number): TailEvent {
    const { payload, receivers: _, ...detail } = fact as FilteredFact;
    const event: TailEvent = {
      kind: 'event',
      upMs: this.#clock.nowMs(),
      wallMs: this.#clock.wallMs(),
      name,
      sentence: reportFact(name, fact as never),
      detail: detail as TailEvent['detail'],
    };
    return payload === undefined || payloadBytes === 0
      ? event
      : { ...event, payload: payloadOf(payload, payloadBytes) };
  }
}

function admits({ subdevices, topics }: TailRequest, { subdevice, topic, receivers }: FilteredFact): boolean {
  if (topics.length > 0 && (topic === undefined || !topics.some((filter) => filterMatches(filter, topic))))
    return false;
  if (subdevices.length === 0) return true;
  if (receivers !== undefined) return receivers.some((receiver) => subdevices.includes(receiver.subdevice.id));
  return typeof subdevice === 'string' && subdevices.includes(subdevice);
}

function payloadOf(payload: Uint8Array, bytesMax: number): TailPayload {
  const part = Buffer.from(payload.buffer, payload.byteOffset, Math.min(payload.length, bytesMax));
  return { bytes: payload.length, base64: part.toString('base64') };
}
