/**
 * Feeds the tracker of the hub's session (`hub/session/session-tracker.ts`) and reports its findings: to observers, to
 * the store, and to the application side if a resync topic is configured. Only the application can send missing
 * downlinks again.
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
  /** Topic at the hub. `undefined`: the application side is not informed. */
  readonly resyncTopic: string | undefined;
  readonly commitMs: number;
}

export class HubSessionMonitor {
  readonly #options: HubSessionMonitorOptions;
  readonly #timer: Timer;
  /** Number of messages in custody that inform the application side of a gap. */
  #resyncs = 0;

  constructor(options: HubSessionMonitorOptions) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => {
      this.#report(options.tracker.wake(options.clock.nowMs()));
    });
  }

  /** Time since the hub last had a connection of this gateway. `undefined`: connected now, or never. */
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

  /**
   * Handles CONNACK. Must be called before `HubSessionState.connected`. @param isRenewal true: the connection follows its
   * predecessor without an outage, so a session that is still there is no news
   */
  connected(sessionPresent: boolean, isRenewal = false): void {
    const { tracker, session, clock } = this.#options;
    const reports = tracker.connected(sessionPresent, { row: session.row, away: this.away }, clock.nowMs());
    this.#report(isRenewal ? reports.filter((one) => one.kind !== 'found' || one.finding !== 'resumed') : reports);
  }

  message(qos: number, dup: boolean): void {
    this.#report(this.#options.tracker.message(qos, dup, this.#options.clock.nowMs()));
  }

  disconnected(): void {
    this.#options.tracker.disconnected(this.#options.stamp());
    this.#timer.set(undefined);
  }

  /** Called when another client is suspected of taking over connections, and downlinks with them. */
  takenOver(): void {
    this.#report(this.#options.tracker.takenOver());
  }

  /** Called when the technician or the application side has handled the gap. @returns whether there was one */
  settleGap(): boolean {
    const had = this.#options.tracker.settleGap();
    if (had) this.#keepGap();
    return had;
  }

  /** Stores the gap at once, so that it is not lost in a crash. */
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
   * Sends a message about the gap to the application side. Once the message is in custody it will arrive, and the gap
   * is handled. A full disk stores no message, so the stored gap stays until the message is durable.
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
