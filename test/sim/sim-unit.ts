/**
 * Simulated Modbus unit on a virtual line, with the account of its registers, of the commands it got, and of the messages
 * that the gateway made of both.
 *
 * The gateway polls, so a value counts only after it was read. Then: each accepted state contains values that the unit has
 * sent, the last accepted state is the newest, and each command that has ended has a result.
 */

import type { Message } from '../../src/base/message.ts';
import type { Random } from '../../src/base/random.ts';
import { SimulatedUnit } from '../../src/bench/subdevices/modbus-device.ts';
import type { Cancel } from '../../src/ports.ts';
import { ANSWER_MS_MAX, addressOf, BUSY_MS_MAX, DEAF_MS, POINTS, POLL_MS } from './line-protocols.ts';
import { unitOctets } from './mbap-tap.ts';
import { Qos0Stream } from './qos0-stream.ts';
import type { Command, Insight, SimDevice } from './sim-device.ts';
import { Stream } from './stream.ts';
import { isResult, REGISTERS, type Registers, UnitAccount } from './unit-account.ts';
import { BUSY, UnitAnswers, type UnitBehaviour } from './unit-answers.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface BusUnit {
  /** Takes the request to any unit, as one frame. */
  receive(bytes: Uint8Array): void;
  /** Time for which answers are late. */
  slowDown(ms: number): void;
}

/** Line or network between the gateway and its units. */
export interface UnitBus {
  readonly framing: 'rtu' | 'mbap';
  /** World time until which the way to the units was last disturbed, or its master was new. */
  readonly disturbedAtMs: number;
  join(unit: BusUnit): void;
  /** Sends the answer of a unit. */
  send(bytes: Uint8Array): void;
}

export interface SimUnitOptions {
  readonly id: string;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly bus: UnitBus;
  readonly complain: (what: string) => void;
  /** World time at which the gateway last started or connected to the hub. */
  readonly gatewayChangedAtMs: () => number;
  /** Returns whether the gateway considers the unit connected; `undefined`: no gateway. */
  readonly isAttached: () => boolean | undefined;
  /** The unit receives nothing for a time after an answer. */
  readonly isPaused: boolean;
}

export const UNIT_FILTER = 'set';
const SIZE = 1000;
/** Silence between frames: 1.75 ms at 115200 baud, rounded up for the coarse clock of a unit. */
const SILENCE_MS = 2;
const QUICK_MS = 5;
/** Largest delay of an answer, in deadlines. Above three a late answer may be used for the next request. */
const LATE_MAX = 2.8;
const BOOT_MS = 1000;
/** First values, so far apart that values of the two points, of different units, and numbers of commands are never equal. */
const V_BASE = 3_000_000;
const Q_BASE = 1_000_000_000;
/** Difference between the first values of units with neighbouring addresses. */
const V_APART = 1_000_000;
const Q_APART = 100_000_000;
const M_MOD = 5000;
/** Largest pause between polls, in periods: polls wait for commands and for units that do not answer. */
const PERIODS_MAX = 3;
/** Function codes: a read, and a write that is read back at once. */
const READ = 3;
const READ_WRITE = 23;
/** Absence that the gateway must detect: a period, three deadlines, and other units that do not answer. */
const ABSENCE_MS = 20_000;
/** Time for which an earlier disturbance may be the cause of a failed command. */
const EXCUSED_MS = 30_000;
/** Longest time from the first attempt of a command until it is abandoned: the unit is busy, and each attempt has its repetitions. */
const COMMAND_MS_MAX = BUSY_MS_MAX + 5000;

export class SimUnit implements SimDevice {
  readonly id: string;
  readonly filter = UNIT_FILTER;
  readonly uplinks: Stream;
  readonly downlinks: Stream;
  readonly qos0Uplinks: Qos0Stream;
  readonly qos0Downlinks: Qos0Stream;
  readonly insight: Insight;
  readonly #options: SimUnitOptions;
  readonly #machine: SimulatedUnit;
  readonly #account: UnitAccount;
  readonly #answers: UnitAnswers;
  #received = new Uint8Array();
  #cancelWake: Cancel = () => undefined;
  #absences = 0;
  #leftAtMs = 0;
  #bootedAtMs = 0;
  #slowUntilMs = Number.NEGATIVE_INFINITY;
  /** World time until which the unit was disturbed. */
  #disturbedAtMs = 0;
  #polledAtMs: number | undefined;

  constructor(options: SimUnitOptions) {
    const { id, complain, time, bus, random, isPaused } = options;
    this.id = id;
    this.#options = options;
    this.downlinks = new Stream(`command to ${id}`, complain);
    this.qos0Uplinks = new Qos0Stream(`uplink of ${id}`, complain);
    this.qos0Downlinks = new Qos0Stream(`downlink to ${id}`, complain);
    this.#machine = new SimulatedUnit({
      ...{ address: addressOf(id), size: SIZE, silenceMs: SILENCE_MS, framing: bus.framing },
      deafMs: isPaused ? DEAF_MS : { afterRead: 0, afterWrite: 0 },
      answerMs: () => (this.#isSlow ? ANSWER_MS_MAX * random() * LATE_MAX : QUICK_MS),
    });
    this.#answers = new UnitAnswers(this.#machine, time);
    this.#account = new UnitAccount({
      ...{ id, complain, time, registers: () => this.#registers },
      judgeRefusal: (command) => this.#judgeRefusal(command),
    });
    this.uplinks = this.#account.uplinks;
    this.insight = this.#account;
    this.#set('v', V_BASE + V_APART * addressOf(id));
    this.#set('q', Q_BASE + Q_APART * addressOf(id));
    bus.join(this);
  }

  get #isSlow(): boolean {
    return this.#options.time.nowMs < this.#slowUntilMs;
  }

  get #isAway(): boolean {
    return this.#absences > 0 || this.#options.time.nowMs < this.#bootedAtMs;
  }

  get #registers(): Registers {
    return {
      ...{ v: this.#get('v'), q: this.#get('q'), n: this.#get('n') },
      ...{ w: this.#get('w'), m: this.#get('m') },
    };
  }

  get queued(): number {
    return this.#account.unacknowledged + (this.#options.isAttached() === true ? 0 : 1);
  }

  /** A reconnect causes no duplicates: a value that is read again has another number. */
  readonly connectedAtMs = Number.NEGATIVE_INFINITY;

  start(): void {
    this.#disturbedAtMs = this.#options.time.nowMs;
  }

  /** Loses the values that were written, and keeps the measured ones. */
  reset(): void {
    const { nowMs } = this.#options.time;
    this.#bootedAtMs = nowMs + BOOT_MS;
    this.#disturbedAtMs = this.#bootedAtMs;
    this.#set('n', 0);
    this.#set('m', 0);
    this.#feed({ kind: 'opened' });
  }

  leave(): void {
    if (this.#absences === 0) this.#leftAtMs = this.#options.time.nowMs;
    this.#absences += 1;
  }

  comeBack(): void {
    if (this.#absences === 1) this.#judgeAbsence();
    this.#absences = Math.max(0, this.#absences - 1);
    this.#disturbedAtMs = this.#options.time.nowMs;
  }

  wakeUp(): void {}

  command({ kind }: Parameters<SimDevice['command']>[0]): void {
    if (kind !== 'connect') return;
    this.#answers.end();
    this.#absences = Math.min(1, this.#absences);
    this.comeBack();
  }

  begin(behaviour: UnitBehaviour, ms: number): void {
    this.#answers.begin(behaviour, ms);
  }

  slowDown(ms: number): void {
    this.#slowUntilMs = this.#options.time.nowMs + ms;
    this.#disturbedAtMs = this.#slowUntilMs + ANSWER_MS_MAX * LATE_MAX;
  }

  /** Changes the measured value. */
  publish(): void {
    this.#set('v', this.#get('v') + 1);
  }

  topicOf(payload: Uint8Array): string {
    return isResult(new TextDecoder().decode(payload)) ? 'result' : 'state';
  }

  publishQos0(): void {
    this.publish();
  }

  /** Returns a command for one or two points, some with a point that the unit lacks. Too large: an unknown name, nothing is written. */
  commandOf({ topic, number, isTooLarge }: Command): Pick<Message, 'topic' | 'payload'> {
    const more = number % 8 === 3 ? { far: 1 } : number % 2 === 0 ? { m: number % M_MOD } : {};
    const command = { n: number, ...(isTooLarge ? { [`x${number}`]: 1 } : more) };
    const payload = new TextEncoder().encode(JSON.stringify(command));
    // the unit ignores messages with QoS 0
    return { topic: topic === 'control/tell' ? topic : UNIT_FILTER, payload };
  }

  receive(bytes: Uint8Array): void {
    if (this.#isAway) return;
    this.#set('q', this.#get('q') + 1);
    this.#received = this.#options.bus.framing === 'mbap' ? unitOctets(bytes).slice() : bytes.slice();
    this.#judgePause(this.#received);
    this.#feed({ kind: 'bytes', bytes });
  }

  #feed(input: Parameters<SimulatedUnit['handle']>[0]): void {
    const { time, bus } = this.#options;
    const { requests } = this.#machine;
    for (const action of this.#machine.handle(input, time.nowMs)) if (action.kind === 'write') bus.send(action.bytes);
    if (this.#machine.requests > requests) this.#acted(new DataView(this.#received.buffer));
    this.#cancelWake();
    const wakeAtMs = this.#machine.wakeAtMs();
    if (wakeAtMs !== undefined) this.#cancelWake = time.at(wakeAtMs, () => this.#feed({ kind: 'wake' }));
  }

  /** Called when the unit has executed a request. */
  #acted(request: DataView): void {
    const code = request.getUint8(1);
    const start = request.getUint16(2);
    const { exception } = this.#answers;
    if (code === READ && start === POINTS.v.address) this.#polled();
    if (code !== READ && exception !== undefined) return;
    if (code !== READ && start === POINTS.n.address) this.#commanded(this.#get('n'));
    if (code !== READ && code !== READ_WRITE) return;
    const isWithin = (register: keyof Registers): boolean =>
      POINTS[register].address >= start && POINTS[register].address < start + request.getUint16(4);
    const within = REGISTERS.filter(isWithin);
    // a rejected request for several registers says nothing about each of them
    if (exception !== undefined && exception !== BUSY && within.length > 1) return;
    for (const register of within)
      this.#account.noteAnswer(register, exception === undefined ? this.#get(register) : null);
  }

  #commanded(number: number): void {
    const { time, gatewayChangedAtMs, bus } = this.#options;
    const reasonForDuplicate = (sinceMs: number, sentAtMs: number): string | undefined => {
      if (gatewayChangedAtMs() >= sentAtMs) return 'the gateway or its connection started again';
      return Math.max(this.#disturbedAtMs, bus.disturbedAtMs) >= sinceMs ? 'its answer was not received' : undefined;
    };
    this.downlinks.arrive({ topic: this.filter, number, nowMs: time.nowMs, reasonForDuplicate });
  }

  /** Checks a rejected command: it must have an unknown name, or the unit must have been busy. */
  #judgeRefusal(command: Uint8Array): void {
    const { time, bus, complain } = this.#options;
    const { n, m: _, ...others } = JSON.parse(new TextDecoder().decode(command));
    const sinceMs = time.nowMs - COMMAND_MS_MAX;
    const disturbedAtMs = Math.max(this.#disturbedAtMs, bus.disturbedAtMs);
    if (Object.keys(others).length > 0 || this.#isAway || disturbedAtMs >= sinceMs) return;
    const busyMs = this.#answers.busyMs(sinceMs);
    if (busyMs < BUSY_MS_MAX / 2)
      complain(`command to ${this.id} ${n} was abandoned, but the unit was busy for ${Math.round(busyMs)} ms`);
  }

  /** Checks that no request comes while the unit receives nothing. */
  #judgePause([address]: Uint8Array): void {
    const { id, time, bus, complain } = this.#options;
    if (address !== addressOf(id) || !this.#machine.isDeafAt(time.nowMs)) return;
    const isExcused = Math.max(this.#disturbedAtMs, bus.disturbedAtMs) >= time.nowMs - EXCUSED_MS;
    if (!isExcused) complain(`a request to unit ${id} within its pause`);
  }

  #judgeAbsence(): void {
    const { time, bus, complain, isAttached } = this.#options;
    const isLong = time.nowMs - Math.max(this.#leftAtMs, bus.disturbedAtMs) > ABSENCE_MS;
    if (isLong && isAttached() === true) complain(`unit ${this.id} was away, but the gateway did not detect it`);
  }

  #polled(): void {
    const { time, bus, complain } = this.#options;
    const beforeMs = this.#polledAtMs;
    this.#polledAtMs = time.nowMs;
    if (beforeMs === undefined || Math.max(this.#disturbedAtMs, bus.disturbedAtMs) >= beforeMs) return;
    const pauseMs = time.nowMs - beforeMs;
    if (pauseMs > PERIODS_MAX * POLL_MS) complain(`unit ${this.id} was not polled for ${Math.round(pauseMs)} ms`);
  }

  #get(register: keyof Registers): number {
    const { address, type } = POINTS[register];
    const { holdings } = this.#machine;
    const first = holdings[address] ?? 0;
    return type === 'uint16' ? first : first * 65_536 + (holdings[address + 1] ?? 0);
  }

  #set(register: keyof Registers, value: number): void {
    const { address, type } = POINTS[register];
    this.#machine.holdings.set(type === 'uint16' ? [value] : [value >>> 16, value & 0xffff], address);
  }
}
