/**
 * What an earlier process may have sent: after a restart nobody remembers what was in flight, and no write to disk was
 * made for it. It can only have been at the head of the lanes: the first rows of each that come back from disk, as many
 * as fit in the window, and none that was admitted after the last connection went down. Those are sent as DUP
 * [MQTT-3.3.1-1]; the hub takes a DUP that it has not seen like any other message.
 */
import type { Entry } from '../custody/entry.ts';
import { isAlarmLane } from '../custody/lane-number.ts';
import { ALARM_SLOTS } from './contract.ts';

export class EarlierSendings {
  #maybeSentTo: number;
  readonly #inFlightMax: number;
  /** Lane → rows of it that have come back. */
  readonly #loaded = new Map<number, number>();

  /** @param maybeSentTo rows up to this number may have been sent */
  constructor(maybeSentTo: number, inFlightMax: number) {
    this.#maybeSentTo = maybeSentTo;
    this.#inFlightMax = inFlightMax;
  }

  /** Rows come back from disk in order of `seq`, each once. */
  loaded(entry: Entry): void {
    if (entry.row.seq > this.#maybeSentTo) return;
    const place = this.#loaded.get(entry.row.lane) ?? 0;
    if (place >= this.#inFlightMax + (isAlarmLane(entry.row.lane) ? ALARM_SLOTS : 0)) return;
    this.#loaded.set(entry.row.lane, place + 1);
    entry.sentBefore = true;
  }

  /** The hub remembers nothing: everything is new to it. */
  forget(): void {
    this.#maybeSentTo = 0;
  }
}
