/**
 * Who is there on a link of lines. A device that speaks plain lines says neither hello nor goodbye: it is there when the
 * port is open or when it has said something, and gone when the port closes or when it has been silent for too long. The
 * gateway subscribes on its behalf.
 *
 *     (none) ─open, line─▶ attaching ─attached─▶ here ─silence, closed, dismissed─▶ (none)
 *                              └─refused─▶ turned away ─pause─▶ (none)        └─no answer─▶ silent ─line, pause─▶ (none)
 *
 * Invariants: one `attach` per subdevice is unanswered at a time; every accepted one ends in one `detach`.
 */
import type { Restorable } from '../../base/snapshot.ts';
import type { AttachAnswer, DetachCause, RefuseReason } from '../driver.ts';
import type { LinePacketSink } from './packet-sink.ts';

export interface PresenceTerms {
  /** Silence after which a subdevice counts as gone, ms; 0 = never. */
  readonly silenceMs: number;
  /** Filters on its own topics. */
  readonly downlinks: readonly string[];
}

type DeviceState =
  /** The port has closed meanwhile: what is accepted now is over already. */
  | { readonly state: 'attaching'; readonly isOver: boolean }
  | { readonly state: 'here'; readonly lastReceivedMs: number }
  /** It did not answer; its next line brings it back at once. */
  | { readonly state: 'silent'; readonly untilMs: number }
  | { readonly state: 'turned away'; readonly why: RefuseReason; readonly untilMs: number };

/** Pause before whoever was turned away, or did not answer, is tried again without having said anything; ms. */
const RETURN_MS = 10_000;

interface Subscription {
  readonly subdevice: string;
  readonly filter: string;
}

type Postponed = Subscription & { readonly atMs: number };

export interface LinePresenceSnapshot {
  readonly states: ReadonlyMap<string, DeviceState>;
  readonly subscribing: ReadonlyMap<number, Subscription>;
  readonly postponed: readonly Postponed[];
}

export class LinePresence implements Restorable<LinePresenceSnapshot> {
  readonly #terms: PresenceTerms;
  readonly #sink: LinePacketSink;
  #states = new Map<string, DeviceState>();
  #subscribing = new Map<number, Subscription>();
  /** Refused for now, and when they are tried again. */
  #postponed: readonly Postponed[] = [];

  constructor(terms: PresenceTerms, sink: LinePacketSink) {
    this.#terms = terms;
    this.#sink = sink;
  }

  here(): string[] {
    return [...this.#states].flatMap(([id, { state }]) => (state === 'here' ? [id] : []));
  }

  isHere(id: string): boolean {
    return this.#states.get(id)?.state === 'here';
  }

  /** It has said something, or is taken to be there. @returns how it stands then, or why it is turned away */
  onReceived(id: string, nowMs: number): 'here' | 'attaching' | RefuseReason {
    const standing = this.#states.get(id);
    if (standing?.state === 'here') {
      this.#states.set(id, { state: 'here', lastReceivedMs: nowMs });
      return 'here';
    }
    if (standing?.state === 'turned away' && nowMs < standing.untilMs) return standing.why;
    this.#states.set(id, { state: 'attaching', isOver: false });
    if (standing?.state !== 'attaching')
      this.#sink.report({
        kind: 'attach',
        subdevice: id,
        clean: false,
        aliveMs: this.#terms.silenceMs,
        will: 'unchanged',
      });
    return 'attaching';
  }

  attached(id: string, answer: AttachAnswer, nowMs: number): void {
    const standing = this.#states.get(id);
    if (standing?.state !== 'attaching') return;
    if (!answer.accepted) this.#rejectLine(id, answer.why, nowMs);
    else if (standing.isOver) this.#leave(id, 'link closed');
    else {
      this.#states.set(id, { state: 'here', lastReceivedMs: nowMs });
      for (const filter of this.#terms.downlinks) this.#subscribe({ subdevice: id, filter });
    }
  }

  /** Back after a pause only. */
  dismiss(id: string, nowMs: number): void {
    if (!this.isHere(id)) return;
    this.#leave(id, 'dismissed');
    this.#rejectLine(id, 'congestion', nowMs);
  }

  /** It is gone, as far as we know. */
  unanswered(id: string, nowMs: number): void {
    this.#leave(id, 'no answer');
    this.#states.set(id, { state: 'silent', untilMs: nowMs + RETURN_MS });
  }

  confirm(token: number): void {
    this.#subscribing.delete(token);
  }

  /** Was it a subscription that the flow refused? For want of room it is tried again. */
  refuse(token: number, why: RefuseReason, nowMs: number): boolean {
    const subscription = this.#subscribing.get(token);
    if (subscription === undefined) return false;
    this.#subscribing.delete(token);
    if (why === 'congestion') this.#postponed = [...this.#postponed, { ...subscription, atMs: nowMs + RETURN_MS }];
    return true;
  }

  closed(): void {
    for (const [id, { state }] of this.#states) {
      if (state === 'here') this.#leave(id, 'link closed');
      else if (state === 'attaching') this.#states.set(id, { state, isOver: true });
      else this.#states.delete(id);
    }
  }

  /** Those that have been silent for too long; they are to `fallSilent`. */
  overdue(nowMs: number): string[] {
    const { silenceMs } = this.#terms;
    return [...this.#states].flatMap(([id, standing]) =>
      standing.state === 'here' && silenceMs > 0 && nowMs >= standing.lastReceivedMs + silenceMs ? [id] : [],
    );
  }

  fallSilent(id: string): void {
    this.#leave(id, 'keep alive ran out');
  }

  /** @returns those whose pause is over */
  wake(nowMs: number): string[] {
    const due = this.#postponed.filter(({ atMs }) => nowMs >= atMs);
    this.#postponed = this.#postponed.filter(({ atMs }) => nowMs < atMs);
    for (const subscription of due) this.#subscribe(subscription);
    const returning: string[] = [];
    for (const [id, standing] of this.#states) {
      if (!isPausing(standing) || nowMs < standing.untilMs) continue;
      this.#states.delete(id);
      returning.push(id);
    }
    return returning;
  }

  wakeAtMs(): number | undefined {
    const { silenceMs } = this.#terms;
    const times = this.#postponed.map(({ atMs }) => atMs);
    for (const standing of this.#states.values()) {
      if (standing.state === 'here' && silenceMs > 0) times.push(standing.lastReceivedMs + silenceMs);
      if (isPausing(standing)) times.push(standing.untilMs);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  snapshot(): LinePresenceSnapshot {
    const [states, subscribing] = [new Map(this.#states), new Map(this.#subscribing)];
    return { states, subscribing, postponed: this.#postponed };
  }

  restore({ states, subscribing, postponed }: LinePresenceSnapshot): void {
    this.#states = new Map(states);
    this.#subscribing = new Map(subscribing);
    this.#postponed = postponed;
  }

  #leave(id: string, cause: DetachCause): void {
    this.#states.delete(id);
    this.#postponed = this.#postponed.filter(({ subdevice }) => subdevice !== id);
    this.#sink.report({ kind: 'detach', subdevice: id, cause, aliveUntilMs: undefined });
  }

  #rejectLine(id: string, why: RefuseReason, nowMs: number): void {
    this.#states.set(id, { state: 'turned away', why, untilMs: nowMs + RETURN_MS });
  }

  #subscribe({ subdevice, filter }: Subscription): void {
    if (!this.isHere(subdevice)) return;
    const token = this.#sink.drawToken();
    this.#subscribing.set(token, { subdevice, filter });
    this.#sink.report({ kind: 'subscribe', subdevice, filter, qos: 1, topicId: undefined, token });
  }
}

function isPausing(standing: DeviceState): standing is Extract<DeviceState, { untilMs: number }> {
  return standing.state === 'silent' || standing.state === 'turned away';
}
