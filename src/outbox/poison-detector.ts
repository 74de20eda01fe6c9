/**
 * Which packet of ours the hub closes the connection on. Sent first after every reconnect, such a packet would stop
 * everything behind it for ever. The hub gives no reason for a close, and a network that flaps closes connections too; so
 * a packet is blamed on evidence only, whatever its kind:
 *
 *     unanswered at a close ─▶ doubted: sent alone ─▶ a close upon it alone ─▶ suspect
 *     suspect: held back while the others go, longer each time; then sent alone, and only if the connection, which had
 *     carried until then, ends sooner after that than it had lasted before, does it count ─▶ `closesMax` times ─▶ proven
 *
 * A connection that goes mute, PINGREQ unanswered too, is a close as well. It counts against a suspect only if the hub
 * answered the PINGREQ sent right before the suspect, and said nothing more: a network that dies is not told apart otherwise.
 *
 * An answer clears it, and so does a PINGRESP after the answer is overdue; a close with nothing unanswered
 * clears every suspect, since connections end without them too. A proven uplink is a dead letter, for custody never drops
 * it; any other proven packet is set aside: not sent until it is released, or until a long pause is over. So is a topic
 * once `IN_A_ROW` of its uplinks were proven one after the other: the others become dead letters without costing a
 * connection each.
 *
 * SUBSCRIBE and UNSUBSCRIBE go after the uplinks while anything is doubted, one at a time. Each that costs a connection
 * doubles the time for which the next connection carries uplinks only.
 */
import type { Entry } from '../custody/entry.ts';
import { type Convicted, type Evidence, newSuspect, remember, type SetAsidePacket, type Suspect } from './evidence.ts';
import { type HubPacket, isFilterAct, isUnansweredAct, uplinkId, uplinkKey } from './hub-packet.ts';
import type { Verdict } from './outbox-contract.ts';
import { GRACE_MS, type Sent, Wire } from './unconfirmed-packets.ts';

/** How long a suspect is held back first; each close doubles it, so that no fixed lifetime of a connection can fit. */
const QUIET_MS = 2000;
const QUIET_MS_MAX = 60_000;
/** Beyond, packets are not suspected and only cost connections. */
const SUSPECTS_MAX = 64;
const DOUBTED_MAX = 2048;
/** A connection that lasted so long clears what it did not send again. */
const LONG_MS = 60_000;
/** A packet that is to go alone stops the others for so long at most. */
const ALONE_MS = 10_000;
/** What is set aside is tried again after this time; doubled each time that it was in vain. */
const TRIAL_MS = 60 * 60_000;
const TRIAL_MS_MAX = 24 * 60 * 60_000;
/** So many dead letters of a topic in a row are no accident of their payloads. */
const IN_A_ROW = 5;

/** `wait`: what is unanswered comes first, then this one, alone. `later`: it is held back. `set aside`: it is proven. */
export type Permission = 'go' | 'wait' | 'later' | 'set aside';

export class PoisonDetector {
  readonly #wire = new Wire();
  /** By identity: unanswered at a close. Each goes alone until it is cleared. */
  readonly #doubted = new Map<string, HubPacket>();
  /** By key: what comes behind an uplink of a topic waits, so that order is kept if it gets through after all. */
  readonly #suspects = new Map<string, Suspect>();
  readonly #setAside = new Map<string, SetAsidePacket>();
  /** By key, of uplinks that became dead letters: the next of the same topic goes alone at once. */
  readonly #convicted = new Map<string, Convicted>();
  /** Filters in a row that cost a connection. */
  #costly = 0;
  #connectedAtMs = 0;
  #hasCarried = false;
  /** Until then one packet at a time is sent: one that is to go alone waits for its turn. */
  #aloneUntilMs = 0;
  /** A suspect was answered: the hub may still close on it. */
  #settledAtMs = 0;
  #lastCleared: { readonly id: string; readonly suspect: Suspect | undefined; readonly atMs: number } | undefined;
  /** The hub was heard last at this moment, monotonic ms. */
  #lastReceivedAtMs = Number.NEGATIVE_INFINITY;
  /** A PINGREQ that follows a packet sent alone is on its way; it is answered, or the connection ends. */
  #isProbing = false;
  /** PINGREQs due around a packet that is sent alone: does the hub live when it gets the packet, and after that? */
  #pingsLeft = 0;
  /** The last moment that it was told of. */
  #nowMs = 0;
  #isCleared = false;
  /** Identities of the PUBACKs that were due in this connection. */
  readonly #duePubacks = new Set<string>();

  readonly #closesMax: number;

  /** @param closesMax closes that prove it */
  constructor(closesMax: number) {
    this.#closesMax = closesMax;
  }

  /** Something is suspected or doubted. */
  get isTroubled(): boolean {
    return this.#suspects.size > 0 || this.#doubted.size > 0 || this.#costly > 0;
  }

  /** Everything unanswered at the last close was sent again and survived; told once. */
  takeCleared(): boolean {
    const wasCleared = this.#isCleared;
    this.#isCleared = false;
    return wasCleared;
  }

  /** A packet goes alone now, and something is unanswered. */
  mustWait(nowMs: number): boolean {
    this.#nowMs = nowMs;
    if (nowMs < this.#settledAtMs) return true;
    return (nowMs < this.#aloneUntilMs || this.#isProbing) && !this.#wire.isEmpty;
  }

  /** Only a PINGRESP can show that what is unanswered was survived, and somebody waits for that. */
  needsPing(nowMs: number): boolean {
    return nowMs < this.#aloneUntilMs && (this.#wire.needsPing || (this.#pingsLeft > 0 && !this.#wire.isEmpty));
  }

  connected(nowMs: number): void {
    const isOver = ({ entry }: HubPacket): boolean => entry?.ended !== undefined;
    for (const [id, act] of this.#doubted) if (isOver(act)) this.#doubted.delete(id);
    for (const [key, { act }] of this.#suspects) if (isOver(act)) this.#suspects.delete(key);
    if (this.#nowMs - this.#connectedAtMs >= QUIET_MS) this.#forgetPubacks(({ id }) => !this.#duePubacks.has(id));
    this.#duePubacks.clear();
    this.#wire.clear();
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

  /** The hub sends no downlink of an earlier session again: no PUBACK of theirs is due any more. */
  sessionLost(): void {
    this.#forgetPubacks(() => true);
  }

  /** The hub has said something after CONNACK: the connection carries. */
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
    this.#wire.send(act, nowMs);
  }

  /** PINGREQ has left. */
  pinged(): void {
    this.#wire.ping();
    if (this.#pingsLeft > 0) this.#pingsLeft -= 1;
    this.#isProbing = this.#aloneUntilMs > this.#nowMs && !this.#wire.isEmpty;
  }

  /** PINGRESP. */
  ponged(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#isProbing = false;
    for (const act of this.#wire.pong(nowMs)) this.#clear(act);
  }

  /** No answer in the time for it: a PINGRESP from now on shows that the hub does not close on it. */
  overdue({ id }: HubPacket): void {
    this.#wire.overdue(id);
  }

  /** Answered, or the connection stands though the answer is overdue: the hub does not close on it. */
  survived(act: Pick<HubPacket, 'id' | 'key'>): void {
    for (const shown of this.#wire.answer(act.id, this.#nowMs)) this.#clear(shown);
    if (this.#convicted.size > 0) this.#convicted.delete(act.key);
  }

  uplinkSurvived({ row }: Entry): void {
    this.survived({ id: uplinkId(row), key: uplinkKey(row) });
  }

  /** It is suspected or doubted: a close with it unanswered is explained. */
  isWatched(act: HubPacket): boolean {
    if (this.#doubted.has(act.id) || this.isSuspect(act)) return true;
    return isFilterAct(act) && this.isTroubled;
  }

  /** The hub has closed upon it alone. */
  isSuspect({ key, id }: HubPacket): boolean {
    return this.#suspects.get(key)?.act.id === id;
  }

  /** May it go now, as far as blame goes? */
  mayGo(act: HubPacket, nowMs: number): Permission {
    if (act.entry?.ended !== undefined) return 'go';
    if (act.kind === 'puback') this.#duePubacks.add(act.id);
    const aside = this.#setAside.get(act.key);
    if (aside !== undefined) {
      if (nowMs < aside.trialAtMs) return 'set aside';
      if (!this.#suspects.has(act.key)) this.#suspects.set(act.key, { ...aside, act, closes: this.#closesMax - 1 });
    }
    const convicted = this.#convicted.get(act.key);
    if (convicted !== undefined && !this.#suspects.has(act.key)) {
      if (convicted.inARow >= IN_A_ROW && nowMs < convicted.trialAtMs) return 'set aside';
      this.#suspects.set(act.key, newSuspect(act, nowMs));
    }
    const suspect = this.#suspects.get(act.key);
    if (suspect !== undefined && suspect.act.id !== act.id && suspect.act.entry?.ended === undefined) return 'later';
    if (!this.isWatched(act)) return this.mustWait(nowMs) ? 'wait' : 'go';
    if ((suspect !== undefined && !this.#hasCarried) || nowMs < this.#releaseAtMs(act)) return 'later';
    this.#aloneUntilMs = nowMs + ALONE_MS;
    return this.#wire.isEmpty && nowMs >= this.#settledAtMs ? 'go' : 'wait';
  }

  /** When something that is held back may go, monotonic ms; one that only waits for a sign of life is not counted. */
  wakeAtMs(nowMs: number): number | undefined {
    const times = [...this.#suspects.values()].map(({ act }) => this.#releaseAtMs(act));
    for (const { trialAtMs } of [...this.#setAside.values(), ...this.#convicted.values()]) times.push(trialAtMs);
    if (this.isTroubled) times.push(this.#connectedAtMs + this.#quietMs(this.#costly));
    times.push(this.#settledAtMs, this.#aloneUntilMs);
    const soonest = Math.min(...times.filter((atMs) => atMs > nowMs));
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  /** The hub, or what is in between, closed the connection. @returns what that says about a packet, if anything */
  closed(nowMs: number): Verdict | undefined {
    const wasEmpty = this.#wire.isEmpty;
    const sent = this.#wire.suspects(nowMs);
    this.#wire.clear();
    if (nowMs - this.#connectedAtMs >= LONG_MS) this.#doubted.clear();
    const [first, second] = sent;
    if (first === undefined) {
      if (wasEmpty) this.#clearAll();
      return undefined;
    }
    const last = sent.at(-1);
    if (wasEmpty && last !== undefined && this.#wasJustCleared(last.act, nowMs)) return this.#accuse(last, nowMs);
    if (second === undefined && (this.isWatched(first.act) || nowMs < this.#aloneUntilMs))
      return this.#accuse(first, nowMs);
    for (const { act } of sent) if (this.#doubted.size < DOUBTED_MAX) this.#doubted.set(act.id, act);
    return undefined;
  }

  /** The connection died of silence. @returns what that says about a packet, if anything */
  died(nowMs: number): Verdict | undefined {
    const sent = this.#wire.unanswered;
    this.#wire.clear();
    const [first, second] = sent;
    if (first === undefined) return undefined; // it dies without a packet of ours, too; but it may only have been idle
    const isAlone = second === undefined && this.isWatched(first.act);
    const isUponIt = this.#lastReceivedAtMs >= first.atMs && this.#lastReceivedAtMs - first.atMs < ALONE_MS;
    if (isAlone && isUponIt) return this.#accuse(first, nowMs, true);
    for (const { act } of sent) if (this.#doubted.size < DOUBTED_MAX) this.#doubted.set(act.id, act);
    return undefined;
  }

  /** We ended the connection: that says nothing. */
  left(): void {
    this.#wire.clear();
  }

  /** Nobody wants it any more. */
  forget(key: string): void {
    this.#doubted.delete(key);
    this.#suspects.delete(key);
    this.#setAside.delete(key);
    this.#convicted.delete(key);
  }

  /** By order: it is sent at once, like any other. @returns whether anything was held back */
  release(isMeant: (act: HubPacket) => boolean): boolean {
    const held = [...this.#suspects, ...this.#setAside, ...this.#convicted];
    const keys = held.flatMap(([key, { act }]) => (isMeant(act) ? [key] : []));
    for (const key of keys) this.forget(key);
    if (keys.length > 0) this.#costly = 0;
    return keys.length > 0;
  }

  evidence(): Evidence[] {
    const topics = [...this.#convicted.values()].filter(({ inARow }) => inARow >= IN_A_ROW);
    const aside = [...this.#setAside.values(), ...topics].map((one): Evidence => ({ ...one, state: 'set aside' }));
    const suspects = [...this.#suspects.values()].filter(({ act }) => !this.#setAside.has(act.key));
    return [...aside, ...suspects.map((one): Evidence => ({ ...one, state: 'suspect', trialAtMs: undefined }))];
  }

  #accuse({ act, atMs: sentAtMs }: Sent, nowMs: number, isMute = false): Verdict | undefined {
    const cleared = this.#wasJustCleared(act, nowMs) ? this.#lastCleared?.suspect : undefined;
    const known = this.#suspects.get(act.key) ?? cleared;
    const suspect = known?.act.id === act.id ? known : newSuspect(act, nowMs);
    this.#doubted.delete(act.id);
    if (isFilterAct(act)) this.#costly += 1;
    if (known === undefined && this.#suspects.size >= SUSPECTS_MAX) return undefined;
    this.#suspects.set(act.key, suspect);
    suspect.lastMs = nowMs;
    suspect.closesAlone += 1;
    const isUponIt = isMute || nowMs - sentAtMs < sentAtMs - this.#connectedAtMs;
    if (suspect === known && isUponIt && this.#hasCarried) suspect.closes += 1;
    if (act.entry !== undefined) return this.#judgeUplink(suspect, act.entry);
    if (suspect.closes < this.#closesMax) return { kind: 'suspected', act, closes: suspect.closesAlone };
    return this.#putAside(suspect, nowMs);
  }

  /** Only what is on disk can become a dead letter; what is not has another chance. */
  #judgeUplink(suspect: Suspect, entry: Entry): Verdict {
    const { act, closes, closesAlone, sinceMs, lastMs } = suspect;
    if (closes < this.#closesMax || entry.keeping !== 'stored') return { kind: 'suspected', act, closes: closesAlone };
    this.#suspects.delete(act.key);
    const before = this.#convicted.get(act.key);
    const inARow = (before?.inARow ?? 0) + 1;
    const pauseMs = inARow <= IN_A_ROW ? TRIAL_MS : Math.min(TRIAL_MS_MAX, (before?.pauseMs ?? TRIAL_MS) * 2);
    remember(this.#convicted, act.key, {
      act: { ...act, entry: undefined },
      closes,
      closesAlone: (before?.closesAlone ?? 0) + closesAlone,
      inARow,
      ...{ sinceMs: before?.sinceMs ?? sinceMs, lastMs, pauseMs, trialAtMs: lastMs + pauseMs },
    });
    return { kind: 'buried', entry, reason: `the hub closes the connection on it (${closesAlone} times)` };
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
    if (isFilterAct(act)) this.#costly = 0;
    if (!wasDoubted && !wasSuspect) return;
    this.#aloneUntilMs = 0; // the next that is to go alone says so
    if (this.#doubted.size === 0 && this.#suspects.size === 0) this.#isCleared = true;
  }

  /** It went alone and was answered a moment ago. */
  #wasJustCleared({ id }: HubPacket, nowMs: number): boolean {
    return this.#lastCleared?.id === id && nowMs - this.#lastCleared.atMs < GRACE_MS;
  }

  /** A hub that no longer sends a downlink wants no PUBACK of it. */
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
