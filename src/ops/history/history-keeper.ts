/**
 * Keeps the history of the running gateway: takes a sample each minute, collects events, and hands both to the store
 * about once an hour.
 *
 * From `BLOCK_SAMPLES_MIN` samples on, the block joins the next commit that happens for another reason. If there is none
 * until `BLOCK_SAMPLES_MAX` samples, the block starts a commit of its own. So a power cut loses at most the last hour. A
 * stop writes the samples that it has, and the next process continues the block. On a full disk nothing is written; RAM
 * keeps `SAMPLES_MAX` samples.
 *
 * Events of operators start a commit at once, within the limit of `PROMPT_BURST` and `PROMPT_REFILL_MS`. Above the limit
 * they wait until the limit allows the next commit. `settled` resolves after that commit.
 */
import { crc32 } from 'node:zlib';
import { type EventName, looking } from '../../base/events.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { CommitSupplement } from '../../commit/commit-supplement.ts';
import type { Committer } from '../../commit/committer.ts';
import type { Change } from '../../custody/change.ts';
import { type EventRing, eventLine, type HistoryEvent, ringOf } from '../../history/history-events.ts';
import type { CurrentBoot, HistoryTail } from '../../history/history-requests.ts';
import {
  appendSample,
  BLOCK_SAMPLES_MAX,
  BLOCK_SAMPLES_MIN,
  encodeSamples,
  MINUTE_MS,
  type MinuteSample,
} from '../../history/minute-samples.ts';
import type { MachineReading } from '../../io/machine-readings.ts';
import type { GatewayView } from '../gateway-view.ts';
import { EventLog } from './event-log.ts';
import { HistorySampler } from './history-sampler.ts';

export interface HistoryOptions {
  readonly gateway: GatewayView;
  readonly committer: Pick<Committer, 'supplement' | 'whenSettled' | 'fullSinceMs'>;
  /** Runs a task in sequence with all other events. */
  readonly post: (task: () => void) => void;
  /** Digest of the text of the configuration. */
  readonly configMark: () => string;
  readonly machine: () => MachineReading;
  /** Bytes that the history has caused in the WAL since the start. */
  readonly writtenBytes: () => number;
}

/** Largest number of samples in RAM. The oldest are dropped while the disk is full. */
const SAMPLES_MAX = 2 * BLOCK_SAMPLES_MAX;
/** Time until the next attempt after the disk had no room. */
const FULL_RETRY_MS = 10 * MINUTE_MS;
/** Shortest part of a minute that a stop stores as a sample. */
const PART_MS_MIN = 1000;
/** Events that join the next commit: without them a later process does not know how this one ended. */
const URGENT: ReadonlySet<EventName> = new Set([
  'gatewayStarted',
  'gatewayEnded',
  'gatewayHung',
  'gatewayPaused',
  'storeOnOtherMachine',
]);
/** Shortest time between two commits that such events join: a page each. */
const URGENT_MS_MIN = 10 * MINUTE_MS;
/** Number of commits for events of operators in a row, and the time after which the limit allows one more. */
const PROMPT_BURST = 20;
const PROMPT_REFILL_MS = MINUTE_MS;
/** Longest time for which an answer waits for the commit of its event. */
const SETTLE_MS_MAX = 5000;
const RINGS: readonly EventRing[] = ['rare', 'frequent'];

export class HistoryKeeper implements CommitSupplement {
  readonly #options: HistoryOptions;
  readonly #sampler: HistorySampler;
  readonly #log: EventLog;
  /** Number of the block that is not complete. `undefined`: the store has not answered yet. */
  #number: number | undefined;
  #samples: MinuteSample[] = [];
  /** Samples that a commit is writing. */
  #taken: readonly MinuteSample[] | undefined;
  #retryAtMs = 0;
  /** True if an event waits that the next commit should have: a start. */
  #isUrgent = false;
  #urgentAtMs = 0;
  /** True if an event of an operator waits, and true if a commit is writing one. */
  #isPrompt = false;
  #isPromptTaken = false;
  readonly #promptLimit = new TokenBucket(PROMPT_BURST, PROMPT_REFILL_MS);
  #isPromptTimerSet = false;
  readonly #tail = Promise.withResolvers<void>();
  #isStopping = false;

  constructor(options: HistoryOptions) {
    const { gateway, committer, machine } = options;
    this.#options = options;
    this.#sampler = new HistorySampler(gateway, machine, options.writtenBytes);
    this.#log = new EventLog(gateway, (name, isPrompt) => {
      if (URGENT.has(name)) this.#isUrgent = true;
      if (isPrompt) this.#addPrompt();
      if (name === 'gatewayStopping') this.#stop();
    });
    committer.supplement(this);
  }

  /** Bytes that the history has caused in the WAL since the start. */
  get writtenBytes(): number {
    return this.#options.writtenBytes();
  }

  /** Samples of the block that is not complete. */
  get open(): { readonly number: number; readonly samples: readonly MinuteSample[] } | undefined {
    return this.#number === undefined ? undefined : { number: this.#number, samples: this.#samples };
  }

  /** Events that are not in the store yet, the oldest first. */
  get pending(): readonly HistoryEvent[] {
    return this.#log.buffer.events;
  }

  get current(): CurrentBoot {
    const { epoch } = this.#options.gateway.stamp();
    return { epoch, offsetMs: this.#options.gateway.wallClock.epochs.get(epoch)?.wallMinusUpMs };
  }

  /** Continues the history of the store. Samples that are taken until the store has answered are added to it. */
  start(): void {
    this.#sampleLater();
    void this.#options.gateway.store.history({ kind: 'tail' }).then((answer) => {
      this.#options.post(() => {
        if (answer.kind === 'tail') this.#continue(answer);
        this.#tail.resolve();
      });
    });
  }

  /**
   * Resolves when the events of operators until now are durable. Resolves earlier if the disk is full, if the limit is
   * reached, or after `SETTLE_MS_MAX`.
   */
  settled(): Promise<void> {
    const { gateway, committer, post } = this.#options;
    const { clock } = gateway;
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(clock.nowMs() + SETTLE_MS_MAX, resolve);
      const end = (): void => {
        cancel();
        resolve();
      };
      const wait = (): void => {
        const isSoon = this.#isPromptTaken || (this.#isPrompt && this.#isPromptAllowed);
        if (isSoon) committer.whenSettled(clock.nowMs(), end);
        else end();
      };
      void this.#tail.promise.then(() => post(wait));
    });
  }

  get isDue(): boolean {
    return this.#isStopping && this.#number !== undefined;
  }

  take(): readonly Change[] {
    const nowMs = this.#options.gateway.clock.nowMs();
    if (this.#number === undefined || this.#taken !== undefined || nowMs < this.#retryAtMs) return [];
    const isComplete = this.#samples.length >= BLOCK_SAMPLES_MIN || this.#isStopping;
    const isPrompt = this.#isPrompt && this.#promptLimit.isReady(nowMs);
    if (!isComplete && !isPrompt && !(this.#isUrgent && nowMs >= this.#urgentAtMs)) return [];
    const changes: Change[] = [];
    this.#taken = isComplete ? this.#samples : [];
    if (this.#taken.length > 0)
      changes.push({ kind: 'historySamples', number: this.#number, table: encodeSamples(this.#taken) });
    const events = this.#log.buffer.take((kind) => isComplete || ringOf(kind) === 'rare');
    for (const ring of RINGS) {
      const lines = events.filter(({ kind }) => ringOf(kind) === ring).map(eventLine);
      if (lines.length > 0) changes.push({ kind: 'historyEvents', ring, lines });
    }
    if (changes.length === 0) this.#taken = undefined;
    else this.#isUrgent = false;
    this.#isPromptTaken = this.#isPrompt && changes.length > 0;
    if (this.#isPromptTaken) this.#promptLimit.take(nowMs);
    this.#isPrompt = false;
    return changes;
  }

  written(): void {
    const written = this.#taken ?? [];
    this.#taken = undefined;
    this.#isPromptTaken = false;
    this.#log.buffer.written();
    this.#urgentAtMs = this.#options.gateway.clock.nowMs() + URGENT_MS_MIN;
    // a commit from before the stop has neither the last sample nor the event of the stop
    const isAll = written.length === this.#samples.length && this.pending.length === 0;
    if (this.#isStopping && isAll) this.#retryAtMs = Number.POSITIVE_INFINITY;
    if (written.length < BLOCK_SAMPLES_MIN || this.#number === undefined) return;
    this.#number += 1;
    this.#samples = this.#samples.filter((sample) => !written.includes(sample));
  }

  unwritten(): void {
    this.#taken = undefined;
    this.#log.buffer.unwritten();
    this.#retryAtMs = this.#options.gateway.clock.nowMs() + FULL_RETRY_MS;
    if (this.#isPromptTaken) this.#addPrompt();
    this.#isPromptTaken = false;
  }

  /** True if a commit can write events of operators now. */
  get #isPromptAllowed(): boolean {
    const nowMs = this.#options.gateway.clock.nowMs();
    const isPossible = this.#number !== undefined && this.#options.committer.fullSinceMs === undefined;
    return isPossible && nowMs >= this.#retryAtMs && this.#promptLimit.isReady(nowMs);
  }

  #addPrompt(): void {
    this.#isPrompt = true;
    this.#options.post(() => this.#commitPrompt());
  }

  /** Starts a commit for events of operators, or a timer until one is allowed. */
  #commitPrompt(): void {
    if (!this.#isPrompt || this.#number === undefined || this.#isStopping) return;
    const { gateway, committer, post } = this.#options;
    const nowMs = gateway.clock.nowMs();
    if (this.#isPromptAllowed) return committer.whenSettled(nowMs, () => undefined);
    if (this.#isPromptTimerSet) return;
    this.#isPromptTimerSet = true;
    const isFull = committer.fullSinceMs !== undefined;
    const atMs = Math.max(this.#promptLimit.nextAtMs(nowMs), this.#retryAtMs, isFull ? nowMs + FULL_RETRY_MS : 0);
    gateway.clock.wakeAt(atMs, () =>
      post(() => {
        this.#isPromptTimerSet = false;
        this.#commitPrompt();
      }),
    );
  }

  /** Number of the configuration in a sample. */
  get #configuration(): number {
    return crc32(this.#options.configMark());
  }

  #continue({ number, samples, lastEvent }: HistoryTail): void {
    const isOpen = number >= 0 && samples.length < BLOCK_SAMPLES_MIN;
    this.#number = isOpen ? number : number + 1;
    if (isOpen) this.#samples = this.#samples.reduce<MinuteSample[]>(appendSample, [...samples]);
    const last = samples.at(-1);
    if (last !== undefined && last.configuration !== this.#configuration)
      this.#options.gateway.facts.emit('configurationChanged', { mark: this.#options.configMark() });
    if (lastEvent !== undefined && lastEvent.name !== 'gatewayStopping') this.#noteEnd(lastEvent, last);
    this.#commitPrompt();
  }

  /** Adds the end of a process that did not stop, at the last time that is known of it. */
  #noteEnd({ epoch, upMs }: HistoryEvent, last: MinuteSample | undefined): void {
    const { gateway } = this.#options;
    const boot = gateway.wallClock.epochs.get(epoch);
    const isSameBoot = epoch === gateway.stamp().epoch;
    const sampledMs = last?.epoch === epoch ? (last.minute + 1) * MINUTE_MS : 0;
    const sentence = isSameBoot
      ? 'the previous process of the gateway ended without a stop'
      : 'the machine restarted without a stop of the gateway: power cut, reset or reboot';
    this.#log.addEarlier({
      epoch,
      upMs: Math.max(upMs, sampledMs, isSameBoot ? 0 : (boot?.lastUpMs ?? 0)),
      offsetMs: boot?.wallMinusUpMs ?? null,
      kind: 'gateway',
      name: 'lastSign',
      sentence: 'last sign of the process that ended without a stop',
    });
    gateway.facts.emit('gatewayEnded', { sentence });
  }

  #sampleLater(): void {
    const { gateway, post } = this.#options;
    const { clock, facts } = gateway;
    const atMs = (Math.floor(clock.nowMs() / MINUTE_MS) + 1) * MINUTE_MS;
    const sample = looking(facts, 'samples of the history', () => this.#sample());
    clock.wakeAt(atMs, () =>
      post(() => {
        if (this.#isStopping) return;
        this.#sampleLater();
        sample();
      }),
    );
  }

  /** Takes the sample of the minute that has just ended. */
  #sample(): void {
    this.#add(Math.floor(this.#options.gateway.clock.nowMs() / MINUTE_MS) - 1);
    if (this.#samples.length >= BLOCK_SAMPLES_MAX && this.#taken === undefined)
      this.#options.committer.whenSettled(this.#options.gateway.clock.nowMs(), () => undefined);
  }

  #add(minute: number): void {
    const { epoch, offsetMs = null } = this.current;
    const sample = { epoch, minute, offsetMs, configuration: this.#configuration, values: this.#sampler.take() };
    this.#samples = appendSample(this.#samples, sample).slice(-SAMPLES_MAX);
  }

  #stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#log.close();
    if (this.#sampler.elapsedMs >= PART_MS_MIN) this.#add(Math.floor(this.#options.gateway.clock.nowMs() / MINUTE_MS));
  }
}
