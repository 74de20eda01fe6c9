/**
 * Keeps the tracker of the hub's session (`hub/session/session-tracker.ts`) and tells of it: to onlookers, to the store, and, where
 * a resync topic is configured, to the application side, which alone can send again what is missing.
 */
import type { Facts } from '../base/events.ts';
import type { Age, Epoch, Stamp } from '../base/time.ts';
import type { Committer } from '../commit/committer.ts';
import type { Gap } from '../custody/row.ts';
import type { HubSessionState } from '../hub/session/session-state.ts';
import type { HubSessionTracker, StoredReplay, TrackerReport } from '../hub/session/session-tracker.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';
import { NOBODY } from '../subdevices/registry.ts';

export interface HubSessionMonitorOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly stamp: () => Stamp;
  readonly epochs: () => ReadonlyMap<number, Epoch>;
  readonly tracker: HubSessionTracker;
  readonly session: HubSessionState;
  readonly outbox: Outbox;
  readonly committer: Committer;
  /** At the hub; `undefined`: the application side is not told. */
  readonly resyncTopic: string | undefined;
  readonly commitMs: number;
}

export class HubSessionMonitor {
  readonly #options: HubSessionMonitorOptions;
  readonly #timer: Timer;
  /** Messages in custody that tell the application side of a gap. */
  #resyncs = 0;

  constructor(options: HubSessionMonitorOptions) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => {
      this.#report(options.tracker.wake(options.clock.nowMs()));
    });
  }

  /** For how long the hub has not seen us; `undefined`: it does, or never did. */
  get away(): Age | undefined {
    const { tracker, session, stamp, epochs } = this.#options;
    return tracker.away(session.row, stamp(), epochs());
  }

  get replay(): StoredReplay | undefined {
    return this.#options.tracker.replay(this.#options.clock.nowMs());
  }

  get tracker(): HubSessionTracker {
    return this.#options.tracker;
  }

  /** CONNACK, before the mirror of the session hears of it. */
  connected(sessionPresent: boolean): void {
    const { tracker, session, clock } = this.#options;
    this.#report(tracker.connected(sessionPresent, { row: session.row, away: this.away }, clock.nowMs()));
  }

  message(qos: number, dup: boolean): void {
    this.#report(this.#options.tracker.message(qos, dup, this.#options.clock.nowMs()));
  }

  disconnected(): void {
    this.#options.tracker.disconnected(this.#options.stamp());
    this.#timer.set(undefined);
  }

  /** Another client is suspected of taking our connections, and our downlinks with them. */
  takenOver(): void {
    this.#report(this.#options.tracker.takenOver());
  }

  /** The technician, or the application side, has dealt with the gap. @returns whether there was one */
  settleGap(): boolean {
    const had = this.#options.tracker.settleGap();
    if (had) this.#keepGap();
    return had;
  }

  /** At once: a crash in the next moment must not forget that downlinks may be missing. */
  #keepGap(): void {
    const { tracker, committer, clock } = this.#options;
    committer.require([{ kind: 'hubGap', gap: tracker.gap }], clock.nowMs(), () => undefined);
  }

  #report(reports: readonly TrackerReport[]): void {
    for (const report of reports) this.#reportOne(report);
    this.#timer.set(this.#options.tracker.wakeAtMs());
  }

  #reportOne(report: TrackerReport): void {
    const { facts } = this.#options;
    switch (report.kind) {
      case 'found':
        if (report.finding === 'resumed') facts.emit('sessionResumed', { away: report.away ?? null });
        if (report.finding === 'lost') facts.emit('sessionLost', { away: report.away ?? null });
        return;
      case 'replayStarted':
        facts.emit('replayStarted', { storedMax: this.#options.tracker.terms?.storedMax ?? 0 });
        return;
      case 'replayDone':
        facts.emit('replayDone', { received: report.received });
        return;
      case 'gap':
        facts.emit('possibleGap', { reason: report.gap.reason, away: report.away ?? null });
        if (report.gap === this.#options.tracker.gap) this.#keepGap();
        this.#requestResync(report.gap, report.away);
        return;
    }
  }

  /**
   * Once the message is in our custody it will arrive, and the gap is the application's; but a full disk keeps none. The note
   * of the gap stays until the message is durable.
   */
  #requestResync(gap: Gap, away: Age | undefined): void {
    const { resyncTopic, outbox, tracker, stamp, commitMs, clock, committer } = this.#options;
    if (resyncTopic === undefined) return;
    const text = {
      type: 'possible_gap',
      reason: gap.reason,
      away_ms: away?.ms ?? null,
      away_is: away?.quality ?? null,
    };
    const message = { topic: resyncTopic, payload: new TextEncoder().encode(JSON.stringify(text)), qos: 1 } as const;
    const terms = { overflow: 'reject', stamp: stamp(), ackWaiter: undefined, holdMs: 0, commitMs } as const;
    const admission = outbox.admit({ lane: NOBODY, message, ...terms }, clock.nowMs());
    if (admission.kind !== 'accepted' || committer.fullSinceMs !== undefined) return;
    tracker.settleGap();
    this.#resyncs += 1;
    const newest = this.#resyncs;
    // a later gap waits for its own message
    committer.whenSettled(clock.nowMs() + commitMs, () => newest === this.#resyncs && this.#keepGap());
  }
}
