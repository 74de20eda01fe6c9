/**
 * Which message the hub closes the connection on. Sent first after every reconnect, such a message would hold up everything
 * behind it for ever. The hub gives no reason for a close, and a network that flaps closes connections too; so a message
 * is blamed on evidence only:
 *
 *     a close with nothing acknowledged ─▶ one at a time ─▶ a close with this one alone in the air ─▶ suspect
 *     suspect: held back while the others go, longer each time; then sent alone, and only if the connection, which had
 *     carried until then, ends sooner after that than it had lasted before, does it count ─▶ `closesMax` times ─▶ guilty
 *
 * A PUBACK acquits it, and so does a connection that stands until that is overdue; a close with nothing in the air acquits every suspect, since connections end without them too.
 */
import type { Entry } from '../custody/entry.ts';
import type { Row } from '../custody/row.ts';
import type { Verdict } from './contract.ts';

/** How long a suspect is held back first; each close doubles it, so that no fixed lifetime of a connection can fit. */
const QUIET_MS = 2000;
const QUIET_MS_MAX = 60_000;
/** One a topic; beyond, messages are not suspected and only cost connections. */
const SUSPECTS_MAX = 64;

interface Suspect {
  readonly entry: Entry;
  /** Closes that count against it. */
  closes: number;
}

export class Suspicion {
  /** By subdevice and topic: what comes behind it waits, so that order is kept if it gets through after all. */
  readonly #suspects = new Map<string, Suspect>();
  /** So many PUBACKs until the window opens again. */
  #singly = 0;
  #connectedAtMs = 0;
  #hasCarried = false;
  #hasAnswer = false;

  readonly #closesMax: number;

  /** @param closesMax closes that make a suspect guilty */
  constructor(closesMax: number) {
    this.#closesMax = closesMax;
  }

  /** One message in the air at a time. */
  get isCautious(): boolean {
    return this.#singly > 0 || this.#suspects.size > 0;
  }

  connected(nowMs: number): void {
    for (const [key, { entry }] of this.#suspects) if (entry.ended !== undefined) this.#suspects.delete(key);
    this.#connectedAtMs = nowMs;
    this.#hasCarried = false;
    this.#hasAnswer = false;
  }

  /** The hub has said something after CONNACK: the connection carries. */
  heard(): void {
    this.#hasCarried = true;
  }

  /** PUBACK. */
  answered(entry: Entry): void {
    this.#hasAnswer = true;
    this.survived(entry);
  }

  /** The connection stands, though the message was sent and its answer is due: the hub does not close on it. */
  survived({ row }: Entry): void {
    if (this.#singly > 0) this.#singly -= 1;
    const key = keyOf(row);
    if (this.#suspects.get(key)?.entry.row.seq === row.seq) this.#suspects.delete(key);
  }

  isSuspect({ row }: Entry): boolean {
    return this.#suspects.get(keyOf(row))?.entry.row.seq === row.seq;
  }

  /** May it go now, as far as suspicion goes? */
  mayFly({ row }: Entry, nowMs: number): boolean {
    const suspect = this.#suspects.size === 0 ? undefined : this.#suspects.get(keyOf(row));
    if (suspect === undefined || suspect.entry.ended !== undefined) return true;
    return suspect.entry.row.seq === row.seq && this.#hasCarried && nowMs >= this.#releaseAtMs(suspect);
  }

  /** When the next suspect is let go, monotonic ms; one that only waits for a sign of life is not counted. */
  wakeAtMs(nowMs: number): number | undefined {
    const times = [...this.#suspects.values()].map((suspect) => this.#releaseAtMs(suspect));
    const soonest = Math.min(...times.filter((atMs) => atMs > nowMs));
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  /** The hub, or what is in between, closed the connection. @returns what that says about a message, if anything */
  closed(inTheAir: readonly Entry[], nowMs: number): Verdict | undefined {
    const [first] = inTheAir;
    if (first === undefined) {
      this.#suspects.clear();
      this.#singly = 0;
      return undefined;
    }
    if (this.isCautious && inTheAir.length === 1) return this.#accuse(first, nowMs);
    if (!this.#hasAnswer) this.#singly = inTheAir.length;
    return undefined;
  }

  #accuse(entry: Entry, nowMs: number): Verdict | undefined {
    const key = keyOf(entry.row);
    const known = this.#suspects.get(key);
    const suspect = known?.entry === entry ? known : { entry, closes: 0 };
    if (known === undefined && this.#suspects.size >= SUSPECTS_MAX) return undefined;
    this.#suspects.set(key, suspect);
    const isUponIt = nowMs - entry.sentAtMs < entry.sentAtMs - this.#connectedAtMs;
    if (suspect === known && isUponIt && this.#hasCarried) suspect.closes += 1;
    const { closes } = suspect;
    // only what is on disk can become a dead letter; what is not has another chance
    if (closes < this.#closesMax || entry.keeping !== 'stored') return { kind: 'suspected', entry, closes };
    this.#suspects.delete(key);
    return { kind: 'buried', entry, reason: `the hub closes the connection on it (${closes} times)` };
  }

  #releaseAtMs({ closes }: Suspect): number {
    return this.#connectedAtMs + Math.min(QUIET_MS_MAX, QUIET_MS * 2 ** closes);
  }
}

function keyOf({ lane, topic }: Row): string {
  return `${lane} ${topic}`;
}
