/**
 * Observes the custodians of the gateway and records each message whose custody ends, with the reason: only such a message
 * may be missing. Also checks internal facts: a number that is used twice, a message that expires too early.
 */

import type { Gateway } from '../../src/app/gateway.ts';
import type { Direction, Message } from '../../src/base/message.ts';
import type { Custodian } from '../../src/custody/custodian.ts';
import type { Entry } from '../../src/custody/entry.ts';
import { ownerOf } from '../../src/custody/lane-number.ts';
import { shedEntries } from '../../src/custody/ledger.ts';
import type { Row } from '../../src/custody/row.ts';
import { Decisions } from './decisions.ts';
import { HOUR_MS } from './scenario.ts';
import { isSharedTopic } from './shared-documents.ts';
import type { World } from './world.ts';

export class CustodyObserver {
  readonly #world: World;
  /** Direction and `seq` → world time of the acceptance. */
  readonly #acceptedAtMs = new Map<string, number>();
  /** Uplink, by its subdevice, topic and payload → world times of its acceptances. A dead letter keeps the time of the first. */
  readonly #acceptances = new Map<string, readonly number[]>();
  /** `seq` of an uplink → the same times, up to its own acceptance. */
  readonly #uplinks = new Map<number, readonly number[]>();
  /** Direction and reason → messages shed in this life. */
  #shed = new Map<string, number>();
  #shedBefore = new Map<string, number>();
  #custodians: readonly Custodian[] = [];
  #decisions: Decisions | undefined;
  /** Last uplink offered to the outbox. */
  #offered: Message | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Begins to observe a gateway. Must be called before the gateway starts. */
  watch(gateway: Gateway): void {
    const { uplinks, downlinks, outbox, inbox } = gateway.stations;
    this.#custodians = [uplinks, downlinks];
    this.#decisions = new Decisions(gateway, this.#world.store.state());
    this.#shed = new Map();
    this.#shedBefore = this.#shedByLedger();
    for (const custodian of this.#custodians) this.#watchCustodian(custodian);
    const admitUplink = outbox.admit.bind(outbox);
    outbox.admit = (offer, nowMs) => {
      this.#offered = offer.message;
      const admission = admitUplink(offer, nowMs);
      const insight = this.#world.subdeviceOf(offer.lane)?.insight;
      if (admission.kind === 'refused') insight?.refused(offer.message);
      else insight?.accepted(offer.message, offer.letter !== undefined);
      if (admission.kind === 'shed') this.#release('uplink', offer.lane, offer.message, admission.reason);
      return admission;
    };
    const { intake } = gateway;
    const note = intake.note.bind(intake);
    intake.note = (discard) => {
      const { direction, reason, sample, subdevice } = discard;
      const isShared = typeof sample === 'string' && isSharedTopic(sample);
      if (direction === 'downlink' && reason === 'no subscriber' && isShared)
        this.#world.unsubscribedDownlink(subdevice);
      note(discard);
    };
    const admitDownlink = inbox.admit.bind(inbox);
    inbox.admit = (lane, message, from) => {
      const entry = admitDownlink(lane, message, from);
      if (entry === undefined) this.#release('downlink', lane, message, 'overflow drop-newest');
      if (entry === undefined) this.#judgeNewest(inbox.pending(lane) - downlinks.lane(lane).onHold);
      return entry;
    };
  }

  /** World times at which the uplink may have been accepted; several for a dead letter that was retried. */
  acceptancesOf(seq: number): readonly number[] {
    return this.#uplinks.get(seq) ?? [];
  }

  /** World times at which an uplink with this content was accepted. @param topic as the hub knows it */
  acceptancesOfUplink(lane: number, message: Pick<Message, 'topic' | 'payload'>): readonly number[] {
    return this.#acceptances.get(nameOf(lane, message)) ?? [];
  }

  /** Difference between the messages shed in this life by the ledger and by observation; `undefined`: none. */
  get problem(): string | undefined {
    const byLedger = this.#shedByLedger();
    for (const what of new Set([...byLedger.keys(), ...this.#shed.keys()])) {
      const counted = (byLedger.get(what) ?? 0) - (this.#shedBefore.get(what) ?? 0);
      const seen = this.#shed.get(what) ?? 0;
      if (counted !== seen) return `${seen} ${what}, but ${counted} in the ledger`;
    }
    return undefined;
  }

  /** Reason why the disk is not a prefix of the decisions of this life; `undefined`: it is. */
  get disorder(): string | undefined {
    const { store, startedAtMs } = this.#world;
    return this.#decisions?.problem(store.state(), store.fullAtMs >= startedAtMs);
  }

  #shedByLedger(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const custodian of this.#custodians)
      for (const lane of custodian.knownLanes())
        for (const [reason, count] of shedEntries(custodian.counts(lane))) add(sums, wordsOf(custodian, reason), count);
    return sums;
  }

  #watchCustodian(custodian: Custodian): void {
    const { direction } = custodian;
    const accept = custodian.accept.bind(custodian);
    custodian.accept = (lane, message, from) => {
      const entry = accept(lane, message, from);
      const key = `${direction} ${entry.row.seq}`;
      if (this.#acceptedAtMs.has(key)) this.#world.complain(`number ${key} was assigned twice`);
      const { nowMs } = this.#world.time;
      const name = nameOf(lane, message);
      const earlier = this.#acceptances.get(name) ?? [];
      const isLetter = from.letter !== undefined;
      this.#acceptedAtMs.set(key, isLetter ? (earlier[0] ?? nowMs) : nowMs);
      if (direction === 'downlink') return entry;
      this.#acceptances.set(name, isLetter ? earlier : [...earlier, nowMs]);
      this.#uplinks.set(entry.row.seq, isLetter ? earlier : [nowMs]);
      return entry;
    };
    const countOnly = custodian.countOnly.bind(custodian);
    custodian.countOnly = (lane, outcome) => {
      if (outcome.as === 'shed') add(this.#shed, wordsOf(custodian, outcome.reason), 1);
      countOnly(lane, outcome);
    };
    const drop = custodian.drop.bind(custodian);
    custodian.drop = (letter) => {
      add(this.#shed, wordsOf(custodian, 'dropped by hand'), 1);
      return drop(letter);
    };
    const dropRow = custodian.dropRow.bind(custodian);
    custodian.dropRow = (row) => {
      add(this.#shed, wordsOf(custodian, 'dropped by hand'), 1);
      this.#release(direction, row.lane, row, 'dropped by hand');
      return dropRow(row);
    };
    this.#watchRoom(custodian);
    const end = custodian.end.bind(custodian);
    custodian.end = (entry, how) => {
      if (entry.ended === undefined && direction === 'downlink')
        this.#world.subdeviceOf(entry.row.lane)?.insight?.ended(entry.row, how.as === 'shed' ? how.reason : how.as);
      if (direction === 'downlink' && how.as === 'shed' && how.reason === 'overflow drop-oldest')
        this.#judgeOldest(custodian, entry);
      if (entry.ended === undefined && how.as !== 'delivered') {
        this.#release(
          direction,
          entry.row.lane,
          entry.row,
          how.as === 'dead' || how.as === 'shed' ? how.reason : how.as,
        );
        if (how.as === 'shed') add(this.#shed, wordsOf(custodian, how.reason), 1);
        if (how.as === 'shed' && how.reason === 'replaced by a later value') this.#judgeReplaced(entry.row);
        if (how.as === 'shed' && how.reason === 'expired') this.#judgeExpiry(direction, entry.row.seq);
      }
      end(entry, how);
    };
  }

  #watchRoom(custodian: Custodian): void {
    const unstored = custodian.unstored.bind(custodian);
    custodian.unstored = (entry) => {
      const hasEnded = entry.ended !== undefined;
      const stays = unstored(entry);
      if (!stays && !hasEnded && custodian.direction === 'uplink')
        this.#world.subdeviceOf(entry.row.lane)?.insight?.revoked(entry.row);
      return stays;
    };
  }

  #judgeExpiry(direction: Direction, seq: number): void {
    const { outbox, inbox } = this.#world.config;
    const hoursMax = direction === 'uplink' ? outbox.ageHoursMax : inbox.ageHoursMax;
    const ageMs = this.#world.time.nowMs - (this.#acceptedAtMs.get(`${direction} ${seq}`) ?? 0);
    if (ageMs < hoursMax * HOUR_MS)
      this.#world.complain(`${direction} ${seq} expired at the age of ${Math.round(ageMs / 1000)} s`);
  }

  /** Checks that a value was replaced by one of the same topic of its subdevice. */
  #judgeReplaced({ lane, payload }: Row): void {
    const subdevice = this.#world.subdeviceOf(lane);
    const later = this.#offered && subdevice?.topicOf?.(this.#offered.payload);
    const topic = subdevice?.topicOf?.(payload);
    if (topic !== later && topic !== undefined && later !== undefined)
      this.#world.complain(`an uplink on ${topic} was replaced by one on ${later}`);
  }

  /** Checks a newest downlink that was shed. @param others downlinks in the inbox */
  #judgeNewest(others: number): void {
    const { inbox } = this.#world.config;
    // a single other one is being delivered
    if (inbox.overflow === 'drop-oldest' && others > 1)
      this.#world.complain(`the newest downlink was shed before ${others} older ones`);
  }

  /** Checks a downlink that was shed as the oldest of its inbox. */
  #judgeOldest(custodian: Custodian, { row }: Entry): void {
    const first = custodian.lane(row.lane).window.find(({ inFlight }) => !inFlight)?.row.seq ?? 0;
    if (first < row.seq) this.#world.complain(`downlink ${row.seq} was shed before ${first}`);
  }

  #release(direction: Direction, lane: number, { topic, payload }: Message, why: string): void {
    this.#world.streamOf(direction, lane)?.release(payload, why);
    this.#world.firmware?.released(topic);
  }
}

function nameOf(lane: number, { topic, payload }: Pick<Message, 'topic' | 'payload'>): string {
  return `${ownerOf(lane)} ${topic} ${Buffer.from(payload).toString('latin1')}`;
}

function wordsOf({ direction }: Custodian, reason: string): string {
  return `${direction}s shed: ${reason}`;
}

function add(sums: Map<string, number>, key: string, count: number): void {
  sums.set(key, (sums.get(key) ?? 0) + count);
}
