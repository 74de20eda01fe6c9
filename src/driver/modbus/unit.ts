/**
 * One Modbus unit as the flows see it: a subdevice that is there when it answers, tells its state and takes commands.
 *
 * Invariants: states only while attached; no command begins without room for its result. That does not wait for a unit that
 * is gone meanwhile, since it would go with the power.
 */
import type { DiscardReason } from '../../base/discard.ts';
import type { Restorable } from '../../base/snapshot.ts';
import { exceptionWords, type ModbusRequest } from '../../codec/modbus-rtu.ts';
import type { AttachAnswer, DeliverCommand, RefuseReason } from '../driver.ts';
import type { Block, PolledUnit } from './blocks.ts';
import { decodeCommand, ModbusCommand, type ModbusCommandSnapshot } from './command.ts';
import { BROADCAST, type TransactionOutcome } from './transaction.ts';
import { ModbusState, type ModbusStateSnapshot } from './unit-state.ts';
import { ModbusUplinks, type ModbusUplinksSnapshot, type UnitPorts, type UplinkPlan } from './uplinks.ts';
import type { WriteMode } from './writes.ts';

export interface UnitPlan extends PolledUnit, UplinkPlan {
  readonly setTopic: string;
  /** The state is told at least so often, with a poll; 0 = only when it changes. */
  readonly heartbeatMs: number;
  readonly writeMode: WriteMode;
  /** How long a command is repeated to a unit that is busy. */
  readonly busyMs: number;
}

/** `gone`: it stopped answering before its attach was answered. */
type Presence = 'away' | 'asking' | 'gone' | 'here';

/** A configuration that does not serve the unit changes with a restart only; a full hub may change. */
const ASK_AGAIN_MS = 30_000;
/** A command the unit does not answer, while it answers every poll between: it never will. */
const UNHEARD_MAX = 3;
/** Points without a value are reported so often while that lasts. */
const REMIND_MS = 60_000;
const REFUSALS_MAX = 4;

type UnitTrouble = Extract<DiscardReason, `unit ${string}`>;

export interface ModbusUnitSnapshot {
  readonly presence: Presence;
  readonly askAtMs: number;
  readonly subscribeAtMs: number | undefined;
  readonly subscribeToken: number | undefined;
  readonly state: ModbusStateSnapshot;
  readonly uplinks: ModbusUplinksSnapshot;
  readonly delivery: DeliverCommand | undefined;
  /** Of the order. */
  readonly command: ModbusCommandSnapshot | undefined;
  readonly unheard: number;
  readonly answeredAtMs: number | undefined;
  readonly unansweredSinceMs: number | undefined;
  readonly remindAtMs: number;
}

export class ModbusUnit implements Restorable<ModbusUnitSnapshot> {
  readonly plan: UnitPlan;
  readonly #ports: UnitPorts;
  #presence: Presence = 'away';
  #askAtMs = 0;
  #subscribeAtMs: number | undefined;
  #subscribeToken: number | undefined;
  readonly #state: ModbusState;
  readonly #uplinks: ModbusUplinks;
  #delivery: DeliverCommand | undefined;
  #command: ModbusCommand | undefined;
  #unheard = 0;
  #answeredAtMs: number | undefined;
  #unansweredSinceMs: number | undefined;
  /** Refused points are reported again from then on. */
  #remindAtMs = 0;

  constructor(plan: UnitPlan, ports: UnitPorts) {
    this.plan = plan;
    this.#ports = ports;
    this.#state = new ModbusState(plan.points, plan.heartbeatMs);
    this.#uplinks = new ModbusUplinks(plan, this.#state, ports);
  }

  /** When a command has something to ask, on its turn on the line; `undefined`: there is none. */
  get commandAtMs(): number | undefined {
    if (this.#command !== undefined) return this.#command.nextAtMs;
    return this.#delivery !== undefined && this.#uplinks.hasRoomForResult ? 0 : undefined;
  }

  get refusedUplinks(): number {
    return this.#uplinks.refusals;
  }

  /** Monotonic ms of its last answer. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  /** Monotonic ms since when it has answered no question; `undefined`: it answered the last one, or none has ended. */
  get unansweredSinceMs(): number | undefined {
    return this.#unansweredSinceMs;
  }

  get isAttached(): boolean {
    return this.#presence === 'here';
  }

  /** It has answered, whatever it was. */
  answered(nowMs: number): void {
    if (!isBroadcast(this.plan)) this.#answeredAtMs = nowMs;
    this.#unansweredSinceMs = undefined;
    if (this.#presence === 'gone') this.#presence = 'asking';
    if (this.#presence !== 'away' || nowMs < this.#askAtMs) return;
    this.#presence = 'asking';
    this.#ports.report({ kind: 'attach', subdevice: this.plan.subdevice, clean: false, aliveMs: 0, will: 'unchanged' });
  }

  left(cause: 'no answer' | 'link closed'): void {
    this.#state.forget();
    if (this.#delivery !== undefined) this.#finish('lost');
    if (this.#presence === 'asking') this.#presence = 'gone';
    if (this.#presence !== 'here') return;
    this.#presence = 'away';
    this.#subscribeAtMs = undefined;
    this.#ports.report({ kind: 'detach', subdevice: this.plan.subdevice, cause, aliveUntilMs: undefined });
  }

  attached(answer: AttachAnswer, nowMs: number): void {
    if (this.#presence !== 'asking' && this.#presence !== 'gone') return;
    const hasGone = this.#presence === 'gone';
    this.#presence = 'away';
    if (!answer.accepted) this.#askAtMs = nowMs + ASK_AGAIN_MS;
    else {
      this.#presence = 'here';
      if (hasGone) return this.left('no answer');
      this.#state.reportAgain(nowMs);
      if (this.plan.points.some(({ isWritable }) => isWritable)) this.#subscribe(); // else nobody could obey a command
    }
  }

  /** A block of it has been asked for. */
  polled(block: Block, outcome: TransactionOutcome, nowMs: number): void {
    if (outcome.kind === 'no answer') this.#unheard = 0;
    const before = this.#errorWords;
    this.#state.note(block, outcome, nowMs);
    if (this.#errorWords !== before) this.#remindAtMs = nowMs;
  }

  /** Points that have no value, and why. @param block asked last */
  refusals(block: Block, outcome: TransactionOutcome): readonly string[] {
    const words = this.#state.errors.map((error) => error.words);
    const [first] = words.length === 0 && outcome.kind === 'exception' ? [outcome.code] : [];
    const all = first === undefined ? words : [`${blockWords(block)}: ${exceptionWords(first)}`];
    const more = all.length - REFUSALS_MAX;
    return more > 0 ? [...all.slice(0, REFUSALS_MAX), `${more} more`] : all;
  }

  /** It was asked, and nothing came that is an answer of its own. @param block what was read; `undefined`: a command */
  missed(block: Block | undefined, outcome: TransactionOutcome, nowMs: number): void {
    this.#unansweredSinceMs ??= nowMs;
    const asked = block === undefined ? 'a command' : `a request for ${blockWords(block)}`;
    const [reason, came] = missedAs(outcome);
    this.#discard(reason, `${asked}: ${came}`);
  }

  get #errorWords(): string {
    return this.#state.errors.map(({ words }) => words).join('\n');
  }

  #remind(nowMs: number): void {
    const { errors } = this.#state;
    const isException = errors.some(({ isRefused }) => isRefused);
    const [first, ...others] = errors.filter(({ isRefused }) => isRefused === isException);
    if (first === undefined || nowMs < this.#remindAtMs) return;
    this.#remindAtMs = nowMs + REMIND_MS;
    const more = others.length > 0 ? `, and ${others.length} more` : '';
    this.#discard(isException ? 'unit exception' : 'unit value', `${first.words}${more}`);
  }

  #discard(reason: UnitTrouble, sample: string): void {
    const { subdevice, address } = this.plan;
    this.#ports.report({ kind: 'discarded', subdevice, reason, sample: `unit ${address}, ${sample}` });
  }

  /** @param isBehind other blocks of it are due: the state is told when they are read too */
  tell(isBehind: boolean, nowMs: number): void {
    if (this.#subscribeAtMs !== undefined && nowMs >= this.#subscribeAtMs) this.#subscribe();
    this.#uplinks.tell({ isHere: this.isAttached, isBehind }, nowMs);
    this.#remind(nowMs);
  }

  wakeAtMs(): number | undefined {
    const remindAtMs = this.#state.errors.length === 0 ? undefined : this.#remindAtMs;
    const all = [this.#uplinks.wakeAtMs(this.isAttached), this.#subscribeAtMs, remindAtMs];
    const times = all.filter((atMs) => atMs !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  deliver(delivery: DeliverCommand): void {
    if (this.#presence === 'here' && this.#delivery === undefined) this.#delivery = delivery;
    else this.#ports.report({ kind: 'undelivered', token: delivery.token, why: 'lost' });
  }

  /** What a command wants asked of the unit now. */
  nextRequest(nowMs: number): ModbusRequest | undefined {
    if (this.#delivery !== undefined && this.#command === undefined && this.#uplinks.hasRoomForResult)
      this.#begin(this.#delivery);
    return this.#command?.next(nowMs);
  }

  /** The outcome of `nextRequest`. */
  onReceived(outcome: TransactionOutcome, nowMs: number): void {
    const ending = this.#command?.onReceived(outcome, nowMs);
    if (ending === undefined) return;
    if (ending.as !== 'lost') this.#unheard = 0;
    else {
      this.#unheard += 1;
      if (this.#unheard < UNHEARD_MAX) return this.#finish('lost');
    }
    this.#uplinks.addResult(ending.result);
    this.#finish(ending.as === 'lost' ? 'refused' : ending.as, ending.result.error);
  }

  /** Custody of an uplink is taken, or a subscription is durable. */
  settled(token: number): void {
    if (token === this.#subscribeToken) this.#subscribeToken = undefined;
    this.#uplinks.settled(token);
  }

  refused(token: number, why: RefuseReason, nowMs: number): void {
    if (token === this.#subscribeToken) {
      this.#subscribeToken = undefined;
      if (this.isAttached) this.#subscribeAtMs = nowMs + ASK_AGAIN_MS;
    }
    this.#uplinks.refused(token, why, nowMs);
  }

  snapshot(): ModbusUnitSnapshot {
    return {
      presence: this.#presence,
      askAtMs: this.#askAtMs,
      subscribeAtMs: this.#subscribeAtMs,
      subscribeToken: this.#subscribeToken,
      state: this.#state.snapshot(),
      uplinks: this.#uplinks.snapshot(),
      delivery: this.#delivery,
      command: this.#command?.snapshot(),
      unheard: this.#unheard,
      answeredAtMs: this.#answeredAtMs,
      unansweredSinceMs: this.#unansweredSinceMs,
      remindAtMs: this.#remindAtMs,
    };
  }

  restore(snapshot: ModbusUnitSnapshot): void {
    this.#presence = snapshot.presence;
    this.#askAtMs = snapshot.askAtMs;
    this.#subscribeAtMs = snapshot.subscribeAtMs;
    this.#subscribeToken = snapshot.subscribeToken;
    this.#state.restore(snapshot.state);
    this.#uplinks.restore(snapshot.uplinks);
    this.#delivery = snapshot.delivery;
    this.#unheard = snapshot.unheard;
    this.#answeredAtMs = snapshot.answeredAtMs;
    this.#unansweredSinceMs = snapshot.unansweredSinceMs;
    this.#remindAtMs = snapshot.remindAtMs;
    if (snapshot.delivery === undefined || snapshot.command === undefined) return;
    this.#begin(snapshot.delivery);
    this.#command?.restore(snapshot.command);
  }

  #subscribe(): void {
    this.#subscribeAtMs = undefined;
    const token = this.#ports.drawToken();
    this.#subscribeToken = token;
    const { subdevice, setTopic: filter } = this.plan;
    this.#ports.report({ kind: 'subscribe', subdevice, filter, qos: 1, topicId: undefined, token });
  }

  #begin({ topic, payload }: DeliverCommand): void {
    const { address: unit, writeMode: mode, busyMs, points, setTopic } = this.plan;
    const writes = decodeCommand(payload, points);
    if (topic === setTopic && writes.ok) this.#command = new ModbusCommand(writes.value, { unit, mode, busyMs });
    else {
      const error = writes.ok ? `commands come on ${setTopic}` : writes.problem;
      this.#uplinks.addResult({ ok: false, error });
      this.#finish('refused', error);
    }
  }

  /** @param because why it was refused */
  #finish(as: 'delivered' | 'refused' | 'lost', because?: string): void {
    const token = this.#delivery?.token;
    this.#delivery = undefined;
    this.#command = undefined;
    if (token === undefined) return;
    if (as === 'delivered') this.#ports.report({ kind: 'delivered', token });
    else this.#ports.report({ kind: 'undelivered', token, why: as, ...(because === undefined ? {} : { because }) });
  }
}

export const isBroadcast = ({ address }: UnitPlan): boolean => address === BROADCAST;

function blockWords({ table, start, count }: Block): string {
  return `${table} ${start}, ${count} of them`;
}

function missedAs(outcome: TransactionOutcome): readonly [UnitTrouble, string] {
  // by a Modbus gateway in the name of the unit
  if (outcome.kind === 'exception') return ['unit silent', exceptionWords(outcome.code)];
  const onReceived = outcome.kind === 'no answer' ? outcome.onReceived : ({ kind: 'nothing' } as const);
  switch (onReceived.kind) {
    case 'nothing':
      return ['unit silent', 'no answer'];
    case 'damage':
      return ['unit checksum', 'what came is damaged'];
    case 'mismatch':
      return ['unit mismatch', `${onReceived.words} came`];
  }
}
