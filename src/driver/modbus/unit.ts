/**
 * One Modbus unit as the flows see it: a subdevice that is present when it answers, reports its state and takes
 * commands.
 *
 * Invariants: states are reported only while attached. No command begins without room for its result. A command does
 * not wait for a unit that is gone, because its delivery in RAM would be lost in a power failure.
 */
import type { DeviceNote } from '../../base/device-note.ts';
import type { DiscardReason } from '../../base/discard.ts';
import { exceptionWords, type ModbusRequest } from '../../codec/modbus-pdu.ts';
import type { AttachAnswer, DeliverCommand, RefuseReason, UndeliveredReason } from '../driver.ts';
import type { Block, PolledUnit } from './blocks.ts';
import { decodeCommand, ModbusCommand } from './command.ts';
import { BROADCAST, type PausePlan } from './pauses.ts';
import type { TransactionOutcome } from './transaction.ts';
import { ModbusState } from './unit-state.ts';
import { ModbusUplinks, type UnitPorts, type UplinkPlan } from './uplinks.ts';
import type { WriteMode } from './writes.ts';

export interface UnitPlan extends PolledUnit, PausePlan, UplinkPlan {
  readonly setTopic: string;
  /** Longest time between two reports, which follow a poll. 0: only on a change. */
  readonly heartbeatMs: number;
  readonly writeMode: WriteMode;
  /** Longest time for which a command is repeated to a busy unit. */
  readonly busyMs: number;
  /** Digest of the keys of the unit. */
  readonly basis: string;
}

/** `gone`: the unit stopped answering before its attach was answered. */
type Presence = 'away' | 'asking' | 'gone' | 'here';

/**
 * Pause after a rejection. A configuration without the unit changes only with a restart, but a full hub may recover.
 */
const ASK_AGAIN_MS = 30_000;
/**
 * Number of unanswered commands, with all polls in between answered, after which the unit counts as unable to answer
 * them.
 */
const UNANSWERED_MAX = 3;
/** Interval of reports about points without a value. */
const REMIND_MS = 60_000;
const REFUSALS_MAX = 4;

type UnitTrouble = Extract<DiscardReason, `unit ${string}`>;

export class ModbusUnit {
  readonly plan: UnitPlan;
  private readonly ports: UnitPorts;
  private presence: Presence = 'away';
  private askAtMs = 0;
  private subscribeAtMs: number | undefined;
  private subscribeToken: number | undefined;
  private readonly state: ModbusState;
  private readonly uplinks: ModbusUplinks;
  private delivery: DeliverCommand | undefined;
  private command: ModbusCommand | undefined;
  private unanswered = 0;
  private lastAnswerAtMs: number | undefined;
  private firstUnansweredAtMs: number | undefined;
  /** Time at which missing values are reported again. */
  private remindAtMs = 0;
  /** Refusals in an earlier machine, until the unit is attached or away. */
  private recalled: DeviceNote['refused'];

  constructor(plan: UnitPlan, ports: UnitPorts) {
    this.plan = plan;
    this.ports = ports;
    this.recalled = plan.learned?.refused ?? [];
    this.state = new ModbusState(plan.points, plan.heartbeatMs);
    this.uplinks = new ModbusUplinks(plan, this.state, ports);
  }

  /**
   * Earliest time at which a command has a request to send, monotonic ms. `undefined`: no command can begin or
   * continue.
   */
  get commandAtMs(): number | undefined {
    if (this.command !== undefined) return this.command.nextAtMs;
    return this.delivery !== undefined && this.uplinks.hasRoomForResult ? 0 : undefined;
  }

  get refusedUplinks(): number {
    return this.uplinks.refusals;
  }

  /** Monotonic ms of the last answer. */
  get answeredAtMs(): number | undefined {
    return this.lastAnswerAtMs;
  }

  /** Monotonic ms of the first unanswered request. `undefined`: the last request was answered, or none has ended. */
  get unansweredSinceMs(): number | undefined {
    return this.firstUnansweredAtMs;
  }

  get isAttached(): boolean {
    return this.presence === 'here';
  }

  /** Handles any answer of the unit. */
  answered(nowMs: number): void {
    if (!isBroadcast(this.plan)) this.lastAnswerAtMs = nowMs;
    this.firstUnansweredAtMs = undefined;
    if (this.presence === 'gone') this.presence = 'asking';
    if (this.presence !== 'away' || nowMs < this.askAtMs) return;
    this.presence = 'asking';
    this.ports.report({ kind: 'attach', subdevice: this.plan.subdevice, clean: false, aliveMs: 0, will: 'unchanged' });
  }

  left(cause: 'no answer' | 'link closed'): void {
    this.state.forget();
    this.recalled = [];
    if (this.delivery !== undefined) this.finish('lost');
    if (this.presence === 'asking') this.presence = 'gone';
    if (this.presence !== 'here') return;
    this.presence = 'away';
    this.subscribeAtMs = undefined;
    this.ports.report({ kind: 'detach', subdevice: this.plan.subdevice, cause, aliveUntilMs: undefined });
  }

  attached(answer: AttachAnswer, nowMs: number): void {
    if (this.presence !== 'asking' && this.presence !== 'gone') return;
    const hasGone = this.presence === 'gone';
    this.presence = 'away';
    if (!answer.accepted) this.askAtMs = nowMs + ASK_AGAIN_MS;
    else {
      this.presence = 'here';
      if (hasGone) return this.left('no answer');
      this.state.recall(this.recalled);
      this.recalled = [];
      this.state.reportAgain(nowMs);
      // without writable points no command is possible
      if (this.plan.points.some(({ isWritable }) => isWritable)) this.subscribe();
    }
  }

  /** Handles the outcome of a poll. */
  polled(block: Block, outcome: TransactionOutcome, nowMs: number): void {
    if (outcome.kind === 'no answer') this.unanswered = 0;
    const before = this.errorWords;
    this.state.note(block, outcome, nowMs);
    if (this.errorWords !== before) this.remindAtMs = nowMs;
  }

  /** Points without a value, and the reasons. @param block block of the last request */
  refusals(block: Block, outcome: TransactionOutcome): readonly string[] {
    const words = this.state.errors.map((error) => error.words);
    const [first] = words.length === 0 && outcome.kind === 'exception' ? [outcome.code] : [];
    const all = first === undefined ? words : [`${blockWords(block)}: ${exceptionWords(first)}`];
    const more = all.length - REFUSALS_MAX;
    return more > 0 ? [...all.slice(0, REFUSALS_MAX), `${more} more`] : all;
  }

  /** Reports a request without a valid answer. @param block block that was read; `undefined`: a command */
  missed(block: Block | undefined, outcome: TransactionOutcome, nowMs: number): void {
    this.firstUnansweredAtMs ??= nowMs;
    const asked = block === undefined ? 'a command' : `a request for ${blockWords(block)}`;
    const [reason, came] = missedAs(outcome);
    this.discard(reason, `${asked}: ${came}`);
  }

  private get errorWords(): string {
    return this.state.errors.map(({ words }) => words).join('\n');
  }

  private remind(nowMs: number): void {
    const { errors } = this.state;
    const isException = errors.some(({ isRefused }) => isRefused);
    const [first, ...others] = errors.filter(({ isRefused }) => isRefused === isException);
    if (first === undefined || nowMs < this.remindAtMs) return;
    this.remindAtMs = nowMs + REMIND_MS;
    const more = others.length > 0 ? `, and ${others.length} more` : '';
    this.discard(isException ? 'unit exception' : 'unit value', `${first.words}${more}`);
  }

  private discard(reason: UnitTrouble, sample: string): void {
    const { subdevice, address } = this.plan;
    this.ports.report({ kind: 'discarded', subdevice, reason, sample: `unit ${address}, ${sample}` });
  }

  /** @param isBehind other blocks of the unit are due; the report of the state waits for them */
  report(isBehind: boolean, nowMs: number): void {
    if (this.subscribeAtMs !== undefined && nowMs >= this.subscribeAtMs) this.subscribe();
    this.uplinks.report({ isHere: this.isAttached, isBehind }, nowMs);
    this.remind(nowMs);
  }

  wakeAtMs(): number | undefined {
    const remindAtMs = this.state.errors.length === 0 ? undefined : this.remindAtMs;
    const all = [this.uplinks.wakeAtMs(this.isAttached), this.subscribeAtMs, remindAtMs];
    const times = all.filter((atMs) => atMs !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  deliver(delivery: DeliverCommand): void {
    if (this.presence === 'here' && this.delivery === undefined) this.delivery = delivery;
    else this.ports.report({ kind: 'undelivered', token: delivery.token, why: 'lost' });
  }

  /** Next request of a command. */
  nextRequest(nowMs: number): ModbusRequest | undefined {
    if (this.delivery !== undefined && this.command === undefined && this.uplinks.hasRoomForResult)
      this.begin(this.delivery);
    return this.command?.next(nowMs);
  }

  /** Handles the outcome of `nextRequest`. */
  onReceived(outcome: TransactionOutcome, nowMs: number): void {
    const ending = this.command?.onReceived(outcome, nowMs);
    if (ending === undefined) return;
    if (ending.as !== 'lost') this.unanswered = 0;
    else {
      this.unanswered += 1;
      if (this.unanswered < UNANSWERED_MAX) return this.finish('lost');
    }
    this.uplinks.addResult(ending.result);
    this.finish(ending.as === 'lost' ? 'unanswered' : ending.as, ending.result.error);
  }

  /** Called when an uplink is in custody, or when the subscription is durable. */
  settled(token: number): void {
    if (token === this.subscribeToken) this.subscribeToken = undefined;
    this.uplinks.settled(token);
  }

  refused(token: number, why: RefuseReason, nowMs: number): void {
    if (token === this.subscribeToken) {
      this.subscribeToken = undefined;
      if (this.isAttached) this.subscribeAtMs = nowMs + ASK_AGAIN_MS;
    }
    this.uplinks.refused(token, why, nowMs);
  }

  private subscribe(): void {
    this.subscribeAtMs = undefined;
    const token = this.ports.drawToken();
    this.subscribeToken = token;
    const { subdevice, setTopic: filter } = this.plan;
    this.ports.report({ kind: 'subscribe', subdevice, filter, qos: 1, topicId: undefined, token });
  }

  private begin({ topic, payload }: DeliverCommand): void {
    const { address: unit, writeMode: mode, busyMs, points, setTopic } = this.plan;
    if (payload.length === 0) return this.finish('empty'); // clears a retained command
    const writes = decodeCommand(payload, points);
    if (topic === setTopic && writes.ok) this.command = new ModbusCommand(writes.value, { unit, mode, busyMs });
    else {
      const error = writes.ok ? `commands must be published to ${setTopic}` : writes.problem;
      this.uplinks.addResult({ ok: false, error });
      this.finish('invalid', error);
    }
  }

  /** @param because reason of `refused`, `invalid` and `unanswered` */
  private finish(as: 'delivered' | Exclude<UndeliveredReason, 'failed' | 'too large'>, because?: string): void {
    const token = this.delivery?.token;
    this.delivery = undefined;
    this.command = undefined;
    if (token === undefined) return;
    if (as === 'delivered') this.ports.report({ kind: 'delivered', token });
    else this.ports.report({ kind: 'undelivered', token, why: as, ...(because === undefined ? {} : { because }) });
  }
}

export const isBroadcast = ({ address }: Pick<UnitPlan, 'address'>): boolean => address === BROADCAST;

function blockWords({ table, start, count }: Block): string {
  return `${table} ${start}, count ${count}`;
}

function missedAs(outcome: TransactionOutcome): readonly [UnitTrouble, string] {
  // sent by a Modbus gateway on behalf of the unit
  if (outcome.kind === 'exception') return ['unit silent', exceptionWords(outcome.code)];
  const onReceived = outcome.kind === 'no answer' ? outcome.onReceived : ({ kind: 'nothing' } as const);
  switch (onReceived.kind) {
    case 'nothing':
      return ['unit silent', 'no answer'];
    case 'echo':
      return ['unit silent', 'no answer, only the echo of the adapter'];
    case 'damage':
      return ['unit checksum', 'the answer was damaged'];
    case 'mismatch':
      return ['unit mismatch', `received ${onReceived.words}`];
  }
}
