/**
 * One Modbus unit as the flows see it: a subdevice that is there when it answers, tells its state and takes commands.
 *
 * Invariants: states only while attached; at most `uplinksMax` uplinks unanswered; a state refused for want of room is
 * told again as it is then; a result is never dropped: while `RESULTS_MAX` are under way, no command begins. It does not
 * wait for a unit that is gone meanwhile, since it would go with the power.
 */
import type { ModbusRequest } from '../codec/modbus-rtu.ts';
import type { AttachAnswer, DriverOrder, DriverReport, RefuseReason } from './driver.ts';
import { type CommandResult, decodeCommand, ModbusCommand } from './modbus-command.ts';
import type { WriteMode } from './modbus-points.ts';
import type { Block, PolledUnit } from './modbus-schedule.ts';
import { ModbusState } from './modbus-state.ts';
import { BROADCAST, type Outcome } from './modbus-transaction.ts';

export interface UnitPlan extends PolledUnit {
  readonly subdevice: string;
  readonly stateTopic: string;
  readonly setTopic: string;
  readonly resultTopic: string;
  /** The state is told at least so often, with a poll; 0 = only when it changes. */
  readonly heartbeatMs: number;
  readonly writeMode: WriteMode;
}

export interface UnitPorts {
  readonly report: (report: DriverReport) => void;
  readonly drawToken: () => number;
  readonly uplinksMax: number;
}

type DeliverOrder = Extract<DriverOrder, { kind: 'deliver' }>;
/** `gone`: it stopped answering before its attach was answered. */
type Presence = 'away' | 'asking' | 'gone' | 'here';

const RESULTS_MAX = 16;
/** After a refusal: room comes with the hub, or with the next commit. */
const AGAIN_MS = 1000;
/** A configuration that does not serve the unit changes with a restart only; a full hub may change. */
const ASK_AGAIN_MS = 30_000;
/** A command the unit does not answer, while it answers every poll between: it never will. */
const UNHEARD_MAX = 3;

export class ModbusUnit {
  readonly plan: UnitPlan;
  readonly #ports: UnitPorts;
  #presence: Presence = 'away';
  #askAtMs = 0;
  #subscribeAtMs: number | undefined;
  #subscribeToken: number | undefined;
  readonly #state: ModbusState;
  /** Uplinks without an answer; `undefined` for a state, which is told anew. */
  readonly #uplinks = new Map<number, Uint8Array | undefined>();
  readonly #results: Uint8Array[] = [];
  #againAtMs = 0;
  #order: DeliverOrder | undefined;
  #command: ModbusCommand | undefined;
  #unheard = 0;

  constructor(plan: UnitPlan, ports: UnitPorts) {
    this.plan = plan;
    this.#ports = ports;
    this.#state = new ModbusState(plan.points, plan.heartbeatMs);
  }

  /** A command waits for its turn on the line, or is in the middle of it. */
  get hasCommand(): boolean {
    return this.#command !== undefined || (this.#order !== undefined && this.#hasRoomForResult);
  }

  get isAttached(): boolean {
    return this.#presence === 'here';
  }

  /** It has answered, whatever it was. */
  answered(nowMs: number): void {
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
      this.#subscribe();
    }
  }

  /** A block of it has been asked for. */
  polled(block: Block, outcome: Outcome, nowMs: number): void {
    if (outcome.kind === 'no answer') this.#unheard = 0;
    this.#state.note(block, outcome, nowMs);
  }

  /** @param isBehind other blocks of it are due: the state is told when they are read too */
  tell(isBehind: boolean, nowMs: number): void {
    if (this.#subscribeAtMs !== undefined && nowMs >= this.#subscribeAtMs) this.#subscribe();
    if (nowMs < this.#againAtMs) return;
    this.#againAtMs = 0;
    for (let result = this.#results[0]; result !== undefined && this.#hasRoom; result = this.#results[0]) {
      this.#results.shift();
      this.#publish(this.plan.resultTopic, result, result);
    }
    if (this.#presence !== 'here' || !this.#hasRoom || !this.#state.isDue(isBehind, nowMs)) return;
    this.#publish(this.plan.stateTopic, encodeJson(this.#state.tell(nowMs)), undefined);
  }

  wakeAtMs(): number | undefined {
    const hasWord = this.#results.length > 0 || (this.#presence === 'here' && this.#state.hasNews);
    const againAtMs = hasWord && this.#hasRoom ? this.#againAtMs : 0;
    const times = [againAtMs, this.#subscribeAtMs ?? 0].filter((atMs) => atMs > 0);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  deliver(order: DeliverOrder): void {
    if (this.#presence === 'here' && this.#order === undefined) this.#order = order;
    else this.#ports.report({ kind: 'undelivered', token: order.token, why: 'lost' });
  }

  /** What a command wants asked of the unit now. */
  nextRequest(): ModbusRequest | undefined {
    if (this.#order !== undefined && this.#command === undefined && this.#hasRoomForResult) this.#begin(this.#order);
    return this.#command?.next();
  }

  /** The outcome of `nextRequest`. */
  heard(outcome: Outcome): void {
    this.#command?.heard(outcome);
    const ending = this.#command?.ending;
    if (ending === undefined) return;
    if (ending.as !== 'lost') this.#unheard = 0;
    else {
      this.#unheard += 1;
      if (this.#unheard < UNHEARD_MAX) return this.#finish('lost');
    }
    this.#result(ending.result);
    this.#finish(ending.as === 'lost' ? 'refused' : ending.as);
  }

  /** Custody of an uplink is taken, or a subscription is durable. */
  settled(token: number): void {
    if (token === this.#subscribeToken) this.#subscribeToken = undefined;
    this.#uplinks.delete(token);
  }

  refused(token: number, why: RefuseReason, nowMs: number): void {
    if (token === this.#subscribeToken) {
      this.#subscribeToken = undefined;
      if (this.isAttached) this.#subscribeAtMs = nowMs + ASK_AGAIN_MS;
    }
    if (!this.#uplinks.has(token)) return;
    const result = this.#uplinks.get(token);
    this.#uplinks.delete(token);
    if (why !== 'congestion') return; // it never will have room: the flow has counted it
    this.#againAtMs = nowMs + AGAIN_MS;
    if (result !== undefined) this.#results.unshift(result);
    else this.#state.tellAnew(nowMs);
  }

  get #hasRoom(): boolean {
    return this.#uplinks.size < this.#ports.uplinksMax;
  }

  get #hasRoomForResult(): boolean {
    const underWay = [...this.#uplinks.values()].filter((result) => result !== undefined).length;
    return underWay + this.#results.length < RESULTS_MAX;
  }

  #subscribe(): void {
    this.#subscribeAtMs = undefined;
    const token = this.#ports.drawToken();
    this.#subscribeToken = token;
    const { subdevice, setTopic: filter } = this.plan;
    this.#ports.report({ kind: 'subscribe', subdevice, filter, qos: 1, topicId: undefined, token });
  }

  #begin({ topic, payload }: DeliverOrder): void {
    const { address: unit, writeMode: mode, points, setTopic } = this.plan;
    const writes = decodeCommand(payload, points);
    if (topic === setTopic && writes.ok) this.#command = new ModbusCommand(writes.value, { unit, mode });
    else {
      this.#result({ ok: false, error: writes.ok ? `commands come on ${setTopic}` : writes.problem });
      this.#finish('refused');
    }
  }

  #finish(as: 'delivered' | 'refused' | 'lost'): void {
    const token = this.#order?.token;
    this.#order = undefined;
    this.#command = undefined;
    if (token === undefined) return;
    this.#ports.report(as === 'delivered' ? { kind: 'delivered', token } : { kind: 'undelivered', token, why: as });
  }

  #result(result: CommandResult): void {
    this.#results.push(encodeJson(result));
  }

  #publish(topic: string, payload: Uint8Array, result: Uint8Array | undefined): void {
    const token = this.#ports.drawToken();
    this.#uplinks.set(token, result);
    this.#ports.report({ kind: 'uplink', subdevice: this.plan.subdevice, topic, payload, qos: 1, token });
  }
}

export const isBroadcast = ({ address }: UnitPlan): boolean => address === BROADCAST;

function encodeJson(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
