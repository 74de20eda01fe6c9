/**
 * The five acts in order: events that happen to the gateway. All statements about delivery come from the counts of the
 * subdevices and of the hub's application side.
 *
 * Invariant: every wait has a deadline, and ends at once if the signal aborts or the gateway ends by itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerReport } from '../../ops/reports/ledger-report.ts';
import { countOf } from '../../ops/words.ts';
import type { Plan } from './demo-plan.ts';
import { GATEWAY_NAME, type Stage } from './stage.ts';
import { Traffic } from './traffic.ts';
import type { Watch } from './watch.ts';

/** Results of the story that the watch does not keep. */
export interface StoryFacts {
  readonly steady: { readonly ms: number; readonly readings: number };
  readonly awayMs: number;
  readonly replayMs: number;
  /** Ledger of the gateway at the end. `undefined`: the story ended before the ledger was read. */
  readonly ledger: LedgerReport | undefined;
}

const LOOK_EVERY_MS = 50;
/** Longest wait for a start, a connection or a last acknowledgement. Each of these usually takes about a second. */
const PATIENCE_MS = 60_000;
/**
 * Time without a written byte after which the start is complete. This time is longer than any hold time or commit
 * delay.
 */
const SETTLED_MS = 500;
const SETTLE_MS_MAX = 5000;
/**
 * Time that is added to three times the planned drain time. The sum is the longest drain, long enough for slow
 * machines.
 */
const DRAIN_MS_MIN = 20_000;
/** Largest number of readings that are on the way in steady traffic: two for each of three subdevices. */
const UNDER_WAY = 6;

export class Story {
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #watch: Watch;
  readonly #traffic: Traffic;
  /** Aborted if the gateway ends and the story has not killed it. */
  readonly #fall = new AbortController();
  readonly #signal: AbortSignal;
  readonly #drainMsMax: number;
  facts: StoryFacts = { steady: { ms: 0, readings: 0 }, awayMs: 0, replayMs: 0, ledger: undefined };

  /** @param signal its abort ends the story; the reason of the abort is thrown */
  constructor(stage: Stage, plan: Plan, { watch, signal }: { readonly watch: Watch; readonly signal: AbortSignal }) {
    this.#stage = stage;
    this.#plan = plan;
    this.#watch = watch;
    this.#traffic = new Traffic(stage, plan);
    this.#signal = AbortSignal.any([signal, this.#fall.signal]);
    this.#drainMsMax = DRAIN_MS_MIN + 3 * plan.replayMs;
  }

  /**
   * Plays the acts. @throws Error with an explanation if the story cannot continue; the signal's reason if the signal
   * aborts
   */
  async tell(): Promise<void> {
    const stopWatching = this.#watch.start();
    try {
      await this.#steadyTraffic();
      await this.#hubGoesAway();
      await this.#gatewayIsKilled();
      await this.#hubComesBack();
      await this.#settleTheLedger();
    } finally {
      stopWatching();
      this.#traffic.stop();
    }
  }

  async #steadyTraffic(): Promise<void> {
    const { hub, subdevices } = this.#stage;
    await this.#startGateway();
    for (const subdevice of subdevices) {
      subdevice.command({ kind: 'subscribe', filter: 'command', qos: 1 });
      subdevice.start();
    }
    await this.#until('three subdevices are connected and the hub has their subscriptions', () => {
      const filters = hub.sessions()[0]?.subscriptions.length;
      return filters === subdevices.length && subdevices.every((subdevice) => subdevice.isConnected);
    });
    this.#traffic.startReadings();
    this.#traffic.sendCommandsEvery(this.#plan.commandPauseMs.steady);
    await this.#settle();
    const fromReadings = this.#watch.delivered;
    this.#watch.flash.open('steady');
    await this.#pause(this.#plan.steadyMs);
    this.#watch.flash.close('steady');
    const readings = this.#watch.delivered - fromReadings;
    this.facts = { ...this.facts, steady: { ms: this.#plan.steadyMs, readings } };
  }

  async #hubGoesAway(): Promise<void> {
    this.#watch.begin(1);
    this.#watch.flash.open('away');
    await this.#stage.hub.stop();
    this.#watch.hubIs('away');
    this.#traffic.sendCommandsEvery(this.#plan.commandPauseMs.away);
    await this.#pause(this.#plan.awayMs);
  }

  async #gatewayIsKilled(): Promise<void> {
    const { gateway, subdevices } = this.#stage;
    this.#watch.begin(2);
    this.#watch.flash.endLife();
    this.#watch.gatewayIs('killed');
    this.#watch.kills += 1;
    await gateway.signal('SIGKILL');
    await this.#pause(this.#plan.deadMs);
    await this.#startGateway();
    await this.#until('the subdevices are acknowledged again', () =>
      subdevices.every(({ queued, isConnected }) => isConnected && queued <= UNDER_WAY),
    );
    await this.#pause(this.#plan.stillAwayMs);
  }

  async #hubComesBack(): Promise<void> {
    const { hub } = this.#stage;
    this.#watch.begin(3);
    this.#watch.sessionPresent = undefined;
    this.#traffic.sendCommandsEvery(this.#plan.commandPauseMs.replay);
    await hub.listen();
    await this.#until('the gateway is connected to the hub again', () => this.#watch.sessionPresent !== undefined);
    this.#watch.flash.close('away');
    const awayMs = this.#watch.hubForMs;
    this.#watch.hubIs('up');
    // A late end of the drain is not a failure yet, because the drain may end when no new traffic comes.
    await this.#comesTrue(() => this.#watch.missing <= UNDER_WAY && hub.stored(GATEWAY_NAME) === 0, this.#drainMsMax);
    this.facts = { ...this.facts, awayMs, replayMs: this.#watch.hubForMs };
  }

  async #settleTheLedger(): Promise<void> {
    const { gateway, subdevices } = this.#stage;
    this.#watch.begin(4);
    this.#traffic.stop();
    const outstanding = (): number =>
      subdevices.reduce((sum, { queued, uplinks, downlinks }) => sum + queued + uplinks.missing + downlinks.missing, 0);
    // A slow machine takes longer, so the limit is for a time in which nothing arrives.
    for (let before = outstanding(); before > 0; before = outstanding()) {
      if (await this.#comesTrue(() => outstanding() === 0, this.#drainMsMax)) break;
      if (outstanding() < before) continue;
      const limitS = Math.round(this.#drainMsMax / 1000);
      throw new Error(`Nothing arrived for ${limitS} s, and ${countOf(before, 'message')} have not arrived.`);
    }
    // The last acknowledgements may still be on their way to the gateway.
    const deadlineMs = this.#nowMs + PATIENCE_MS;
    let ledger = await gateway.ledger();
    while (pendingIn(ledger) > 0 && this.#nowMs < deadlineMs) {
      await this.#pause(LOOK_EVERY_MS);
      ledger = await gateway.ledger();
    }
    this.facts = { ...this.facts, ledger };
    if (pendingIn(ledger) > 0) throw new Error('The gateway still has messages pending that have already arrived.');
    await this.#watch.ask();
    this.#watch.gatewayIs('stopping');
  }

  async #startGateway(): Promise<void> {
    const { gateway } = this.#stage;
    this.#watch.gatewayIs('starting');
    let answers = false;
    const started = gateway.start().then(() => {
      answers = true;
    });
    // waits for the first of three events: an answer, a failure, the end of the story
    await Promise.race([started, this.#until('the gateway answers', () => answers)]);
    this.#watch.gatewayIs('running');
    this.#watch.flash.beginLife(gateway.pid);
    void gateway.ended().then((ending) => {
      if (this.#watch.gatewayState === 'running') this.#fall.abort(new Error(`The gateway ended with ${ending}.`));
    });
  }

  /** Waits for the end of the writes at the start (tables, sessions, subscriptions): a period without a write. */
  async #settle(): Promise<void> {
    const deadlineMs = this.#nowMs + SETTLE_MS_MAX;
    let bytes = this.#watch.flash.total();
    let stillSinceMs = this.#nowMs;
    while (this.#nowMs - stillSinceMs < SETTLED_MS && this.#nowMs < deadlineMs) {
      await this.#pause(LOOK_EVERY_MS);
      const newBytes = this.#watch.flash.total();
      if (newBytes !== bytes) stillSinceMs = this.#nowMs;
      bytes = newBytes;
    }
  }

  async #pause(ms: number): Promise<void> {
    await this.#comesTrue(() => false, ms);
  }

  async #until(what: string, isTrue: () => boolean, msMax = PATIENCE_MS): Promise<void> {
    if (await this.#comesTrue(isTrue, msMax)) return;
    throw new Error(`Timeout after ${Math.round(msMax / 1000)} s: waited until ${what}.`);
  }

  /** Waits for a condition. @returns true if the condition became true within `msMax` */
  async #comesTrue(isTrue: () => boolean, msMax: number): Promise<boolean> {
    const deadlineMs = this.#nowMs + msMax;
    while (!isTrue()) {
      const leftMs = deadlineMs - this.#nowMs;
      if (leftMs <= 0) return false;
      // An abort is thrown below, with its own reason.
      await sleep(Math.min(LOOK_EVERY_MS, leftMs), undefined, { signal: this.#signal }).catch(() => undefined);
      this.#signal.throwIfAborted();
    }
    return true;
  }

  get #nowMs(): number {
    return this.#stage.clock.nowMs();
  }
}

function pendingIn({ totals }: LedgerReport): number {
  return totals.uplink.pending + totals.downlink.pending;
}
