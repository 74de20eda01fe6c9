/**
 * Presence of the subdevices on a link of lines. Plain lines have no CONNECT and no DISCONNECT. A subdevice is present
 * when the port is open or when it has sent a line, and gone when the port closes or after too long a silence. The
 * gateway subscribes on its behalf.
 *
 *     (none) ─open, line─▶ attaching ─attached─▶ here ─silence, closed, dismissed─▶ (none)
 *                              └─refused─▶ rejected ─pause─▶ (none)           └─no answer─▶ silent ─line, pause─▶ (none)
 *
 * Invariants: one `attach` per subdevice is unanswered at a time; every accepted one ends in one `detach`.
 */
import type { AttachAnswer, DetachCause, RefuseReason } from '../driver.ts';
import type { LinePacketSink } from './packet-sink.ts';

export interface PresenceTerms {
  /** Silence after which a subdevice counts as gone, ms. 0: never. */
  readonly silenceMs: number;
  /** Filters on the subdevice's own topics. */
  readonly downlinks: readonly string[];
}

type DeviceState =
  /** `isOver`: the port has closed meanwhile, so an accepted attach ends at once. */
  | { readonly state: 'attaching'; readonly isOver: boolean }
  | { readonly state: 'here'; readonly lastReceivedMs: number }
  /** The subdevice did not answer a downlink. Its next line attaches it again at once. */
  | { readonly state: 'silent'; readonly untilMs: number }
  | { readonly state: 'rejected'; readonly why: RefuseReason; readonly untilMs: number };

/** Pause before a rejected or silent subdevice is attached again without having sent a line, ms. */
const RETURN_MS = 10_000;

interface Subscription {
  readonly subdevice: string;
  readonly filter: string;
}

type Postponed = Subscription & { readonly atMs: number };

export class LinePresence {
  private readonly terms: PresenceTerms;
  private readonly sink: LinePacketSink;
  private states = new Map<string, DeviceState>();
  private subscribing = new Map<number, Subscription>();
  /** Subscriptions rejected for congestion, with the time of the next attempt. */
  private postponed: readonly Postponed[] = [];

  constructor(terms: PresenceTerms, sink: LinePacketSink) {
    this.terms = terms;
    this.sink = sink;
  }

  here(): string[] {
    return [...this.states].flatMap(([id, { state }]) => (state === 'here' ? [id] : []));
  }

  isHere(id: string): boolean {
    return this.states.get(id)?.state === 'here';
  }

  /**
   * Handles a line of a subdevice, or the assumption that the subdevice is present. @returns the new state of the
   * subdevice, or the reason of its rejection
   */
  onReceived(id: string, nowMs: number): 'here' | 'attaching' | RefuseReason {
    const known = this.states.get(id);
    if (known?.state === 'here') {
      this.states.set(id, { state: 'here', lastReceivedMs: nowMs });
      return 'here';
    }
    if (known?.state === 'rejected' && nowMs < known.untilMs) return known.why;
    this.states.set(id, { state: 'attaching', isOver: false });
    if (known?.state !== 'attaching')
      this.sink.report({
        kind: 'attach',
        subdevice: id,
        clean: false,
        aliveMs: this.terms.silenceMs,
        will: 'unchanged',
      });
    return 'attaching';
  }

  attached(id: string, answer: AttachAnswer, nowMs: number): void {
    const known = this.states.get(id);
    if (known?.state !== 'attaching') return;
    if (!answer.accepted) this.rejectLine(id, answer.why, nowMs);
    else if (known.isOver) this.leave(id, 'link closed');
    else {
      this.states.set(id, { state: 'here', lastReceivedMs: nowMs });
      for (const filter of this.terms.downlinks) this.subscribe({ subdevice: id, filter });
    }
  }

  /** Detaches the subdevice because of congestion. It is attached again only after a pause. */
  dismiss(id: string, nowMs: number): void {
    if (!this.isHere(id)) return;
    this.leave(id, 'dismissed');
    this.rejectLine(id, 'congestion', nowMs);
  }

  /** Detaches a subdevice that did not answer. */
  unanswered(id: string, nowMs: number): void {
    this.leave(id, 'no answer');
    this.states.set(id, { state: 'silent', untilMs: nowMs + RETURN_MS });
  }

  confirm(token: number): void {
    this.subscribing.delete(token);
  }

  /** @returns whether the token was a rejected subscription. After congestion the subscription is tried again. */
  refuse(token: number, why: RefuseReason, nowMs: number): boolean {
    const subscription = this.subscribing.get(token);
    if (subscription === undefined) return false;
    this.subscribing.delete(token);
    if (why === 'congestion') this.postponed = [...this.postponed, { ...subscription, atMs: nowMs + RETURN_MS }];
    return true;
  }

  closed(): void {
    for (const [id, { state }] of this.states) {
      if (state === 'here') this.leave(id, 'link closed');
      else if (state === 'attaching') this.states.set(id, { state, isOver: true });
      else this.states.delete(id);
    }
  }

  /** Subdevices that have been silent for too long. `fallSilent` must be called for each. */
  overdue(nowMs: number): string[] {
    const { silenceMs } = this.terms;
    return [...this.states].flatMap(([id, known]) =>
      known.state === 'here' && silenceMs > 0 && nowMs >= known.lastReceivedMs + silenceMs ? [id] : [],
    );
  }

  fallSilent(id: string): void {
    this.leave(id, 'keep alive ran out');
  }

  /** @returns the subdevices whose pause is over */
  wake(nowMs: number): string[] {
    const due = this.postponed.filter(({ atMs }) => nowMs >= atMs);
    this.postponed = this.postponed.filter(({ atMs }) => nowMs < atMs);
    for (const subscription of due) this.subscribe(subscription);
    const returning: string[] = [];
    for (const [id, known] of this.states) {
      if (!isPausing(known) || nowMs < known.untilMs) continue;
      this.states.delete(id);
      returning.push(id);
    }
    return returning;
  }

  wakeAtMs(): number | undefined {
    const { silenceMs } = this.terms;
    const times = this.postponed.map(({ atMs }) => atMs);
    for (const known of this.states.values()) {
      if (known.state === 'here' && silenceMs > 0) times.push(known.lastReceivedMs + silenceMs);
      if (isPausing(known)) times.push(known.untilMs);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  private leave(id: string, cause: DetachCause): void {
    this.states.delete(id);
    this.postponed = this.postponed.filter(({ subdevice }) => subdevice !== id);
    this.sink.report({ kind: 'detach', subdevice: id, cause, aliveUntilMs: undefined });
  }

  private rejectLine(id: string, why: RefuseReason, nowMs: number): void {
    this.states.set(id, { state: 'rejected', why, untilMs: nowMs + RETURN_MS });
  }

  private subscribe({ subdevice, filter }: Subscription): void {
    if (!this.isHere(subdevice)) return;
    const token = this.sink.drawToken();
    this.subscribing.set(token, { subdevice, filter });
    this.sink.report({ kind: 'subscribe', subdevice, filter, qos: 1, topicId: undefined, token });
  }
}

function isPausing(known: DeviceState): known is Extract<DeviceState, { untilMs: number }> {
  return known.state === 'silent' || known.state === 'rejected';
}
