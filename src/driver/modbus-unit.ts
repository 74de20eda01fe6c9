/**
 * One Modbus unit as the flows see it: a subdevice that is there when it answers, tells its state and takes commands.
 *
 * Invariants: states only while attached; no command begins without room for its result. That does not wait for a unit that
 * is gone meanwhile, since it would go with the power.
 */
import type { Restorable } from '../base/snapshot.ts';
import { exceptionWords, type ModbusRequest } from '../codec/modbus-rtu.ts';
import type { AttachAnswer, DriverOrder, RefuseReason } from './driver.ts';
import type { Block, PolledUnit } from './modbus-blocks.ts';
import { decodeCommand, ModbusCommand, type ModbusCommandSnapshot } from './modbus-command.ts';
import { ModbusState, type ModbusStateSnapshot } from './modbus-state.ts';
import { BROADCAST, type Outcome } from './modbus-transaction.ts';
import { ModbusUplinks, type ModbusUplinksSnapshot, type UnitPorts, type UplinkPlan } from './modbus-uplinks.ts';
import type { WriteMode } from './modbus-writes.ts';

export interface UnitPlan extends PolledUnit, UplinkPlan {
  readonly setTopic: string;
  /** The state is told at least so often, with a poll; 0 = only when it changes. */
  readonly heartbeatMs: number;
  readonly writeMode: WriteMode;
  /** How long a command is repeated to a unit that is busy. */
  readonly busyMs: number;
}

type DeliverOrder = Extract<DriverOrder, { kind: 'deliver' }>;
/** `gone`: it stopped answering before its attach was answered. */
type Presence = 'away' | 'asking' | 'gone' | 'here';

/** A configuration that does not serve the unit changes with a restart only; a full hub may change. */
const ASK_AGAIN_MS = 30_000;
/** A command the unit does not answer, while it answers every poll between: it never will. */
const UNHEARD_MAX = 3;
/** Points without a value are reported so often while that lasts. */
const REMIND_MS = 60_000;

export interface ModbusUnitSnapshot {
  readonly presence: Presence;
  readonly askAtMs: number;
  readonly subscribeAtMs: number | undefined;
  readonly subscribeToken: number | undefined;
  readonly state: ModbusStateSnapshot;
  readonly uplinks: ModbusUplinksSnapshot;
  readonly order: DeliverOrder | undefined;
  /** Of the order. */
  readonly command: ModbusCommandSnapshot | undefined;
  readonly unheard: number;
  readonly answeredAtMs: number | undefined;
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
  #order: DeliverOrder | undefined;
  #command: ModbusCommand | undefined;
  #unheard = 0;
  #answeredAtMs: number | undefined;
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
    return this.#order !== undefined && this.#uplinks.hasRoomForResult ? 0 : undefined;
  }

  get refusedUplinks(): number {
    return this.#uplinks.refusals;
  }

  /** Monotonic ms of its last answer. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  get isAttached(): boolean {
    return this.#presence === 'here';
  }

  /** It has answered, whatever it was. */
  answered(nowMs: number): void {
    if (!isBroadcast(this.plan)) this.#answeredAtMs = nowMs;
    if (this.#presence === 'gone') this.#presence = 'asking';
    if (this.#presence !== 'away' || nowMs < this.#askAtMs) return;
    this.#presence = 'asking';
    this.#ports.report({ kind: 'attach', subdevice: this.plan.subdevice, clean: false, aliveMs: 0, will: 'unchanged' });
  }

  left(cause: 'no answer' | 'link closed'): void {
    this.#state.forget();
    if (this.#order !== undefined) this.#finish('lost');
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
      this.#state.tellAnew(nowMs);
      if (this.plan.points.some(({ isWritable }) => isWritable)) this.#subscribe(); // else nobody could obey a command
    }
  }

  /** A block of it has been asked for. */
  polled(block: Block, outcome: Outcome, nowMs: number): void {
    if (outcome.kind === 'no answer') this.#unheard = 0;
    this.#state.note(block, outcome, nowMs);
    const errors = this.#state.errors;
    if (errors.length === 0 || (outcome.kind !== 'exception' && nowMs < this.#remindAtMs)) return;
    this.#remindAtMs = nowMs + REMIND_MS;
    const isException = errors.some(({ isRefused }) => isRefused);
    const samples = errors.filter(({ isRefused }) => isRefused === isException);
    const [first] = samples;
    const more = samples.length > 1 ? `, and ${samples.length - 1} more` : '';
    this.#discard(isException ? 'unit exception' : 'unit value', `${first?.words ?? ''}${more}`);
  }

  /** It was asked, and nothing came that is an answer of its own. @param block what was read; `undefined`: a command */
  missed(block: Block | undefined, outcome: Outcome): void {
    const isDamaged = outcome.kind === 'no answer' && outcome.isDamaged;
    const asked =
      block === undefined ? 'a command' : `a request for ${block.table} ${block.start}, ${block.count} of them`;
    const what =
      outcome.kind === 'exception'
        ? exceptionWords(outcome.code)
        : isDamaged
          ? 'what came instead of an answer is damaged'
          : 'no answer';
    this.#discard(isDamaged ? 'unit checksum' : 'unit silent', `${asked}: ${what}`);
  }

  #discard(reason: 'unit silent' | 'unit exception' | 'unit checksum' | 'unit value', sample: string): void {
    const { subdevice, address } = this.plan;
    this.#ports.report({ kind: 'discarded', subdevice, reason, sample: `unit ${address}, ${sample}` });
  }

  /** @param isBehind other blocks of it are due: the state is told when they are read too */
  tell(isBehind: boolean, nowMs: number): void {
    if (this.#subscribeAtMs !== undefined && nowMs >= this.#subscribeAtMs) this.#subscribe();
    this.#uplinks.tell({ isHere: this.isAttached, isBehind }, nowMs);
  }

  wakeAtMs(): number | undefined {
    const times = [this.#uplinks.wakeAtMs(this.isAttached), this.#subscribeAtMs].filter((atMs) => atMs !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  deliver(order: DeliverOrder): void {
    if (this.#presence === 'here' && this.#order === undefined) this.#order = order;
    else this.#ports.report({ kind: 'undelivered', token: order.token, why: 'lost' });
  }

  /** What a command wants asked of the unit now. */
  nextRequest(nowMs: number): ModbusRequest | undefined {
    if (this.#order !== undefined && this.#command === undefined && this.#uplinks.hasRoomForResult)
      this.#begin(this.#order);
    return this.#command?.next(nowMs);
  }

  /** The outcome of `nextRequest`. */
  heard(outcome: Outcome, nowMs: number): void {
    const ending = this.#command?.heard(outcome, nowMs);
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
      order: this.#order,
      command: this.#command?.snapshot(),
      unheard: this.#unheard,
      answeredAtMs: this.#answeredAtMs,
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
    this.#order = snapshot.order;
    this.#unheard = snapshot.unheard;
    this.#answeredAtMs = snapshot.answeredAtMs;
    this.#remindAtMs = snapshot.remindAtMs;
    if (snapshot.order === undefined || snapshot.command === undefined) return;
    this.#begin(snapshot.order);
    this.#command?.restore(snapshot.command);
  }

  #subscribe(): void {
    this.#subscribeAtMs = undefined;
    const token = this.#ports.drawToken();
    this.#subscribeToken = token;
    const { subdevice, setTopic: filter } = this.plan;
    this.#ports.report({ kind: 'subscribe', subdevice, filter, qos: 1, topicId: undefined, token });
  }

  #begin({ topic, payload }: DeliverOrder): void {
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
    const token = this.#order?.token;
    this.#order = undefined;
    this.#command = undefined;
    if (token === undefined) return;
    if (as === 'delivered') this.#ports.report({ kind: 'delivered', token });
    else this.#ports.report({ kind: 'undelivered', token, why: as, ...(because === undefined ? {} : { because }) });
  }
}

export const isBroadcast = ({ address }: UnitPlan): boolean => address === BROADCAST;
