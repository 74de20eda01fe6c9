/**
 * Detects packets of this gateway on which the hub closes the connection. Such a packet, sent first after every
 * reconnect, would block all later ones. The hub gives no reason for a close, and an unstable network closes
 * connections too. So a packet of any kind is set aside only on evidence:
 *
 *     unanswered at a close ─▶ doubted: sent alone ─▶ a close with only this packet unanswered ─▶ suspect
 *     suspect: held back while others are sent, longer each time, then sent alone ─▶ `closesMax` more closes ─▶ proven
 *
 * A close counts as proof only if the connection carried traffic before, and ended sooner after the suspect was sent
 * than it had lasted before.
 *
 * A connection that becomes silent, with PINGREQ unanswered too, counts as closed. This is evidence against a suspect
 * only if the hub answered the PINGREQ sent directly before the suspect and sent nothing after that. Otherwise a
 * network failure would look the same.
 *
 * An answer clears a packet, and so does a PINGRESP after the answer is overdue. A close with no packet unanswered
 * clears every suspect, since connections also end without them. A proven uplink becomes a dead letter, because custody
 * never drops a message. Any other proven packet is set aside: it is not sent until it is released or until a long
 * pause is over. A topic is set aside after `IN_A_ROW` of its uplinks were proven in a row: its other uplinks become
 * dead letters without costing a connection each.
 *
 * While any packet is doubted, SUBSCRIBE and UNSUBSCRIBE are sent after the uplinks, one at a time. Each such request
 * that costs a connection doubles the time for which the next connection carries only uplinks.
 */
import type { Entry } from '../custody/entry.ts';
import {
  type Evidence,
  IN_A_ROW,
  newProvenTopic,
  newSuspect,
  type ProvenTopic,
  remember,
  type SetAsidePacket,
  type Suspect,
  TRIAL_MS,
  TRIAL_MS_MAX,
} from './evidence.ts';
import { type HubPacket, isFilterAct, isUnansweredAct, uplinkAct } from './hub-packet.ts';
import type { Verdict } from './outbox-contract.ts';
import { GRACE_MS, type Sent, UnconfirmedPackets } from './unconfirmed-packets.ts';

/**
 * First time for which a suspect is held back. Each close doubles it, so that it cannot match a fixed lifetime of
 * connections.
 */
const QUIET_MS = 2000;
const QUIET_MS_MAX = 60_000;
/** Largest numbers of suspects and doubted packets. More packets are not suspected and only cost connections. */
const SUSPECTS_MAX = 64;
const DOUBTED_MAX = 2048;
/** A connection that lasted this long clears the doubted packets that it did not send again. */
const LONG_MS = 60_000;
/** Longest time for which a packet that is sent alone blocks the others. */
const ALONE_MS = 10_000;

/** `wait`: the unanswered packets come first, then this packet alone. `later`: held back. `set aside`: proven. */
export type Permission = 'go' | 'wait' | 'later' | 'set aside';

export class PoisonDetector {
  readonly #unconfirmed = new UnconfirmedPackets();
  /** Packets that were unanswered at a close, by identity. Each is sent alone until it is cleared. */
  readonly #doubted = new Map<HubPacket['id'], HubPacket>();
  /**
   * Suspects by key. Later uplinks of the topic wait, so that the order is kept if the suspect is acknowledged after
   * all.
   */
  readonly #suspects = new Map<string, Suspect>();
  readonly #setAside = new Map<string, SetAsidePacket>();
  /** Topics of uplinks that became dead letters, by key. The next uplink of such a topic is sent alone at once. */
  readonly #provenTopics = new Map<string, ProvenTopic>();
  /** Number of filters in a row that cost a connection. */
  #costly = 0;
  #connectedAtMs = 0;
  #hasCarried = false;
  /** Time until which packets are sent one at a time, because a packet that must be sent alone waits for its turn. */
  #aloneUntilMs = 0;
  /** Time until which the hub may still close on a suspect that it has answered. */
  #settledAtMs = 0;
  #lastCleared:
    | { readonly id: HubPacket['id']; readonly suspect: Suspect | undefined; readonly atMs: number }
    | undefined;
  /** Time of the last packet from the hub, monotonic ms. */
  #lastReceivedAtMs = Number.NEGATIVE_INFINITY;
  /** True while the PINGREQ after a packet sent alone is unanswered. The hub answers it, or the connection ends. */
  #isProbing = false;
  /**
   * Number of PINGREQs due around a packet that is sent alone. They show if the hub is alive before and after the
   * packet.
   */
  #pingsLeft = 0;
  /** Time of the last input, monotonic ms. */
  #nowMs = 0;
  #isCleared = false;
  /** Identities of the PUBACKs that were due in this connection. */
  readonly #duePubacks = new Set<HubPacket['id']>();

  readonly #closesMax: number;

  /** @param closesMax number of closes that prove a packet */
  constructor(closesMax: number) {
    this.#closesMax = closesMax;
  }

  /** True if any packet is suspected or doubted. */
  get isTroubled(): boolean {
    return this.#suspects.size > 0 || this.#doubted.size > 0 || this.#costly > 0;
  }

  /** True if no packet is suspected, doubted or set aside: nearly always. */
  get #isCalm(): boolean {
    return !this.isTroubled && this.#setAside.size === 0 && this.#provenTopics.size === 0;
  }

  /** Returns true once after all packets that were unanswered at the last close were sent again and confirmed. */
  takeCleared(): boolean {
    const wasCleared = this.#isCleared;
    this.#isCleared = false;
    return wasCleared;
  }

  /** True while a packet is sent alone and unanswered packets remain. */
  mustWait(nowMs: number): boolean {
    this.#nowMs = nowMs;
    if (nowMs < this.#settledAtMs) return true;
    return (nowMs < this.#aloneUntilMs || this.#isProbing) && !this.#unconfirmed.isEmpty;
  }

  /** True if only a PINGRESP can confirm an unanswered packet, and another packet waits for that. */
  needsPing(nowMs: number): boolean {
    return (
      nowMs < this.#aloneUntilMs && (this.#unconfirmed.needsPing || (this.#pingsLeft > 0 && !this.#unconfirmed.isEmpty))
    );
  }

  connected(nowMs: number): void {
    const isOver = ({ entry }: HubPacket): boolean => entry?.ended !== undefined;
    for (const [id, act] of this.#doubted) if (isOver(act)) this.#doubted.delete(id);
    for (const [key, { act }] of this.#suspects) if (isOver(act)) this.#suspects.delete(key);
    if (this.#nowMs - this.#connectedAtMs >= QUIET_MS) this.#forgetPubacks(({ id }) => !this.#duePubacks.has(id));
    this.#duePubacks.clear();
    this.#unconfirmed.clear();
    this.#connectedAtMs = nowMs;
    this.#nowMs = nowMs;
    this.#aloneUntilMs = 0;
    this.#settledAtMs = 0;
    this.#hasCarried = false;
    this.#isCleared = false;
    this.#isProbing = false;
    this.#pingsLeft = 0;
    this.#lastReceivedAtMs = nowMs;
  }

  /**
   * Called when the session is lost. The hub does not repeat downlinks of that session, so no PUBACK for them is due.
   */
  sessionLost(): void {
    this.#forgetPubacks(() => true);
  }

  /** Called for each packet after CONNACK: the connection carries traffic. */
  onReceived(nowMs: number): void {
    this.#hasCarried = true;
    this.#lastReceivedAtMs = nowMs;
  }

  sent(act: HubPacket, nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.isWatched(act)) {
      this.#aloneUntilMs = nowMs + ALONE_MS;
      this.#pingsLeft = isUnansweredAct(act) ? 0 : 2;
    }
    this.#unconfirmed.send(act, nowMs);
  }

  /** Called when a PINGREQ was sent. */
  pinged(): void {
    this.#unconfirmed.ping();
    if (this.#pingsLeft > 0) this.#pingsLeft -= 1;
    this.#isProbing = this.#aloneUntilMs > this.#nowMs && !this.#unconfirmed.isEmpty;
  }

  /** Handles a PINGRESP. */
  ponged(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#isProbing = false;
    for (const act of this.#unconfirmed.pong(nowMs)) this.#clear(act);
  }

  /**
   * Called when the answer to a packet is overdue. The next PINGRESP shows that the hub does not close on the packet.
   */
  overdue({ id }: HubPacket): void {
    this.#unconfirmed.overdue(id);
  }

  /** Called when a packet was answered, or when the connection continues although the answer is overdue. */
  confirmed(act: Pick<HubPacket, 'id' | 'key'>): void {
    for (const shown of this.#unconfirmed.answer(act.id, this.#nowMs)) this.#clear(shown);
    if (this.#provenTopics.size > 0) this.#provenTopics.delete(act.key);
  }

  uplinkConfirmed(entry: Entry): void {
    this.confirmed(uplinkAct(entry));
  }

  /** True if the packet is suspected or doubted: it would explain a close while it is unanswered. */
  isWatched(act: HubPacket): boolean {
    return this.isTroubled && (this.#doubted.has(act.id) || this.isSuspect(act) || isFilterAct(act));
  }

  /** True if the hub has closed a connection in which only this packet was unanswered. */
  isSuspect({ key, id }: HubPacket): boolean {
    return this.#suspects.get(key)?.act.id === id;
  }

  /** Returns whether the packet may be sent now. */
  mayGo(act: HubPacket, nowMs: number): Permission {
    if (act.entry?.ended !== undefined) return 'go';
    if (act.kind === 'puback') this.#duePubacks.add(act.id);
    if (this.#isCalm) return this.mustWait(nowMs) ? 'wait' : 'go';
    const aside = this.#setAside.get(act.key);
    if (aside !== undefined) {
      if (nowMs < aside.trialAtMs) return 'set aside';
      if (!this.#suspects.has(act.key)) this.#suspects.set(act.key, { ...aside, act, closes: this.#closesMax - 1 });
    }
    const provenTopic = this.#provenTopics.get(act.key);
    if (provenTopic !== undefined && !this.#suspects.has(act.key)) {
      if (provenTopic.inARow >= IN_A_ROW && nowMs < provenTopic.trialAtMs) return 'set aside';
      this.#suspects.set(act.key, newSuspect(act, nowMs));
    }
    const suspect = this.#suspects.get(act.key);
    if (suspect !== undefined && suspect.act.id !== act.id && suspect.act.entry?.ended === undefined) return 'later';
    if (!this.isWatched(act)) return this.mustWait(nowMs) ? 'wait' : 'go';
    if ((suspect !== undefined && !this.#hasCarried) || nowMs < this.#releaseAtMs(act)) return 'later';
    this.#aloneUntilMs = nowMs + ALONE_MS;
    return this.#unconfirmed.isEmpty && nowMs >= this.#settledAtMs ? 'go' : 'wait';
  }

  /**
   * Time at which a packet that is held back may be sent, monotonic ms. Packets that wait only for an answer do not
   * count.
   */
  wakeAtMs(nowMs: number): number | undefined {
    if (this.#isCalm && nowMs >= this.#settledAtMs && nowMs >= this.#aloneUntilMs) return undefined;
    const times = [...this.#suspects.values()].map(({ act }) => this.#releaseAtMs(act));
    for (const { trialAtMs } of [...this.#setAside.values(), ...this.#provenTopics.values()]) times.push(trialAtMs);
    if (this.isTroubled) times.push(this.#connectedAtMs + this.#quietMs(this.#costly));
    times.push(this.#settledAtMs, this.#aloneUntilMs);
    const soonest = Math.min(...times.filter((atMs) => atMs > nowMs));
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  /** Handles a close by the hub or by the network. @returns the conclusion about a packet, if any */
  closed(nowMs: number): Verdict | undefined {
    const wasEmpty = this.#unconfirmed.isEmpty;
    const sent = this.#unconfirmed.suspects(nowMs);
    this.#unconfirmed.clear();
    if (nowMs - this.#connectedAtMs >= LONG_MS) this.#doubted.clear();
    const [first, second] = sent;
    if (first === undefined) {
      if (wasEmpty) this.#clearAll();
      return undefined;
    }
    const last = sent.at(-1);
    if (wasEmpty && last !== undefined && this.#wasJustCleared(last.act, nowMs)) return this.#addEvidence(last, nowMs);
    if (second === undefined && (this.isWatched(first.act) || nowMs < this.#aloneUntilMs))
      return this.#addEvidence(first, nowMs);
    for (const { act } of sent) if (this.#doubted.size < DOUBTED_MAX) this.#doubted.set(act.id, act);
    return undefined;
  }

  /** Handles a connection that ended by silence. @returns the conclusion about a packet, if any */
  died(nowMs: number): Verdict | undefined {
    const sent = this.#unconfirmed.unanswered;
    this.#unconfirmed.clear();
    const [first, second] = sent;
    if (first === undefined) return undefined; // no evidence: an idle connection can die too
    const isAlone = second === undefined && this.isWatched(first.act);
    const isSoonAfter = this.#lastReceivedAtMs >= first.atMs && this.#lastReceivedAtMs - first.atMs < ALONE_MS;
    if (isAlone && isSoonAfter) return this.#addEvidence(first, nowMs, true);
    for (const { act } of sent) if (this.#doubted.size < DOUBTED_MAX) this.#doubted.set(act.id, act);
    return undefined;
  }

  /** Called when the gateway ended the connection, which is no evidence. */
  left(): void {
    this.#unconfirmed.clear();
  }

  /** Removes a packet that is no longer needed. */
  forget(key: string): void {
    this.#doubted.delete(key);
    this.#suspects.delete(key);
    this.#setAside.delete(key);
    this.#provenTopics.delete(key);
  }

  /** Releases packets by command of an operator: they are sent like any other. @returns whether any was held back */
  release(isMeant: (act: HubPacket) => boolean): boolean {
    const held = [...this.#suspects, ...this.#setAside, ...this.#provenTopics];
    const keys = held.flatMap(([key, { act }]) => (isMeant(act) ? [key] : []));
    for (const key of keys) this.forget(key);
    if (keys.length > 0) this.#costly = 0;
    return keys.length > 0;
  }

  evidence(): Evidence[] {
    const topics = [...this.#provenTopics.values()].filter(({ inARow }) => inARow >= IN_A_ROW);
    const aside = [...this.#setAside.values(), ...topics].map((one): Evidence => ({ ...one, state: 'set aside' }));
    const suspects = [...this.#suspects.values()].filter(({ act }) => !this.#setAside.has(act.key));
    return [...aside, ...suspects.map((one): Evidence => ({ ...one, state: 'suspect', trialAtMs: undefined }))];
  }

  #addEvidence({ act, atMs: sentAtMs }: Sent, nowMs: number, isMute = false): Verdict | undefined {
    const cleared = this.#wasJustCleared(act, nowMs) ? this.#lastCleared?.suspect : undefined;
    const known = this.#suspects.get(act.key) ?? cleared;
    const suspect = known?.act.id === act.id ? known : newSuspect(act, nowMs);
    this.#doubted.delete(act.id);
    if (isFilterAct(act)) this.#costly += 1;
    if (known === undefined && this.#suspects.size >= SUSPECTS_MAX) return undefined;
    this.#suspects.set(act.key, suspect);
    suspect.lastMs = nowMs;
    suspect.closesAlone += 1;
    const isSoonAfter = isMute || nowMs - sentAtMs < sentAtMs - this.#connectedAtMs;
    if (suspect === known && isSoonAfter && this.#hasCarried) suspect.closes += 1;
    if (act.entry !== undefined) return this.#judgeUplink(suspect, act.entry);
    if (suspect.closes < this.#closesMax) return { kind: 'suspected', act, closes: suspect.closesAlone };
    return this.#putAside(suspect, nowMs);
  }

  /** Only a stored message can become a dead letter. A message that is not stored is tried again. */
  #judgeUplink(suspect: Suspect, entry: Entry): Verdict {
    const { act, closes, closesAlone } = suspect;
    if (closes < this.#closesMax || entry.keeping !== 'stored') return { kind: 'suspected', act, closes: closesAlone };
    this.#suspects.delete(act.key);
    remember(this.#provenTopics, act.key, newProvenTopic(suspect, this.#provenTopics.get(act.key)));
    return { kind: 'deadLettered', entry, reason: `the hub closes the connection on it (${closesAlone} times)` };
  }

  #putAside(suspect: Suspect, nowMs: number): Verdict {
    const { act, closesAlone } = suspect;
    const before = this.#setAside.get(act.key);
    const pauseMs = before === undefined ? TRIAL_MS : Math.min(TRIAL_MS_MAX, before.pauseMs * 2);
    this.#suspects.delete(act.key);
    remember(this.#setAside, act.key, { ...suspect, trialAtMs: nowMs + pauseMs, pauseMs });
    return { kind: 'set aside', act, closes: closesAlone };
  }

  #clear(act: HubPacket): void {
    if (isFilterAct(act)) this.#costly = 0;
    if (this.#doubted.size === 0 && this.#suspects.size === 0) return;
    const wasDoubted = this.#doubted.delete(act.id);
    const suspect = this.#suspects.get(act.key);
    const wasSuspect = suspect?.act.id === act.id;
    if (wasSuspect) {
      this.#suspects.delete(act.key);
      this.#setAside.delete(act.key);
      if (act.entry === undefined) this.#settledAtMs = this.#nowMs + GRACE_MS;
    }
    if (act.entry === undefined && (wasDoubted || wasSuspect))
      this.#lastCleared = { id: act.id, suspect: wasSuspect ? suspect : undefined, atMs: this.#nowMs };
    if (!wasDoubted && !wasSuspect) return;
    this.#aloneUntilMs = 0; // the next packet that must be sent alone sets the time again
    if (this.#doubted.size === 0 && this.#suspects.size === 0) this.#isCleared = true;
  }

  /** True if the packet was sent alone and answered less than `GRACE_MS` ago. */
  #wasJustCleared({ id }: HubPacket, nowMs: number): boolean {
    return this.#lastCleared?.id === id && nowMs - this.#lastCleared.atMs < GRACE_MS;
  }

  /** Removes PUBACKs of downlinks that the hub no longer sends. */
  #forgetPubacks(isGone: (act: HubPacket) => boolean): void {
    const known = [...this.#suspects.values(), ...this.#setAside.values()].map(({ act }) => act);
    for (const act of [...known, ...this.#doubted.values()])
      if (act.kind === 'puback' && isGone(act)) this.forget(act.key);
  }

  #clearAll(): void {
    this.#suspects.clear();
    this.#doubted.clear();
    this.#costly = 0;
  }

  #releaseAtMs(act: HubPacket): number {
    const closes = this.#suspects.get(act.key)?.closes;
    if (isFilterAct(act)) return this.#connectedAtMs + this.#quietMs(Math.max(closes ?? 0, this.#costly));
    return closes === undefined ? this.#connectedAtMs : this.#connectedAtMs + this.#quietMs(closes);
  }

  #quietMs(closes: number): number {
    return Math.min(QUIET_MS_MAX, QUIET_MS * 2 ** closes);
  }
}
