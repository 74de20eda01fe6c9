/**
 * A simulated Modbus unit on a virtual line, with its side of the books: what its registers held when it was asked, what
 * it was told to write, and what of that the gateway makes known.
 *
 * The gateway polls, so nothing is promised before it has read; from then on: what it takes into custody is the truth, the
 * newest it takes is the newest there is, and each command that has ended is told of.
 */

import type { Message } from '../../src/base/message.ts';
import type { Random } from '../../src/base/random.ts';
import { SimulatedUnit } from '../../src/bench/subdevices/modbus-device.ts';
import type { Cancel } from '../../src/ports.ts';
import { ANSWER_MS_MAX, addressOf, BUSY_MS_MAX, POINTS, POLL_MS } from './line-protocols.ts';
import type { ModbusBus } from './modbus-bus.ts';
import { Qos0Stream } from './qos0-stream.ts';
import type { Command, Insight, SimDevice } from './sim-device.ts';
import { Stream } from './stream.ts';
import { BUSY, UnitAnswers, type UnitMood } from './unit-answers.ts';
import { REGISTERS, type Registers, UnitBooks } from './unit-books.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface SimUnitOptions {
  readonly id: string;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly bus: ModbusBus;
  readonly complain: (what: string) => void;
  /** When the gateway last began a life, or a connection to the hub. */
  readonly upheavalAtMs: () => number;
  /** Does the gateway take it to be there? `undefined`: there is none. */
  readonly isAttached: () => boolean | undefined;
}

const SIZE = 1000;
/** On the line at 115200 baud it is 1.75 ms; a unit's own clock is coarse. */
const SILENCE_MS = 2;
const QUICK_MS = 5;
/** Of the deadline; beyond three nothing is promised. */
const LATE_MAX = 2.8;
const BOOT_MS = 1000;
/** Neither ever holds a number as small as a command's, or one of the other's. */
const V_BASE = 3_000_000;
const Q_BASE = 1_000_000_000;
const M_MOD = 5000;
/** Its polls may wait behind those of units that do not answer, three times a deadline, and behind commands. */
const PERIODS_MAX = 3;
/** Function codes: a read, and a write that is read back at once. */
const READ = 3;
const READ_WRITE = 23;
/** Absent for longer, the gateway knows: a period, three deadlines, and other units that do not answer either. */
const MISSED_MS = 20_000;
/** What went wrong up to so long ago may be the reason that a command has failed. */
const EXCUSED_MS = 30_000;

export class SimUnit implements SimDevice {
  readonly id: string;
  readonly filter = 'set';
  readonly uplinks: Stream;
  readonly downlinks: Stream;
  readonly qos0Uplinks: Qos0Stream;
  readonly qos0Downlinks: Qos0Stream;
  readonly insight: Insight;
  readonly #options: SimUnitOptions;
  readonly #machine: SimulatedUnit;
  readonly #books: UnitBooks;
  readonly #answers: UnitAnswers;
  #heard = new Uint8Array();
  #cancelWake: Cancel = () => undefined;
  #absences = 0;
  #leftAtMs = 0;
  #bootedAtMs = 0;
  #dawdlesUntilMs = Number.NEGATIVE_INFINITY;
  /** World time until which something was wrong with it. */
  #hurtAtMs = 0;
  #polledAtMs: number | undefined;

  constructor(options: SimUnitOptions) {
    const { id, complain, time, bus, random } = options;
    this.id = id;
    this.#options = options;
    this.downlinks = new Stream(`command to ${id}`, complain);
    this.qos0Uplinks = new Qos0Stream(`uplink of ${id}`, complain);
    this.qos0Downlinks = new Qos0Stream(`downlink to ${id}`, complain);
    this.#machine = new SimulatedUnit({
      ...{ address: addressOf(id), size: SIZE, silenceMs: SILENCE_MS },
      answerMs: () => (this.#isDawdling ? ANSWER_MS_MAX * random() * LATE_MAX : QUICK_MS),
    });
    this.#answers = new UnitAnswers(this.#machine, time);
    this.#books = new UnitBooks({
      ...{ id, complain, time, registers: () => this.#registers },
      judgeRefusal: (command) => this.#judgeRefusal(command),
    });
    this.uplinks = this.#books.uplinks;
    this.insight = this.#books;
    this.#set('v', V_BASE);
    this.#set('q', Q_BASE);
    bus.join(this);
  }

  get #isDawdling(): boolean {
    return this.#options.time.nowMs < this.#dawdlesUntilMs;
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
    return this.#books.unacknowledged + (this.#options.isAttached() === true ? 0 : 1);
  }

  /** No reason for anything to come twice: what it held is read anew, and has another number then. */
  readonly connectedAtMs = Number.NEGATIVE_INFINITY;

  start(): void {
    this.#hurtAtMs = this.#options.time.nowMs;
  }

  /** Setpoints are lost, what it measures is not. */
  reset(): void {
    const { nowMs } = this.#options.time;
    this.#bootedAtMs = nowMs + BOOT_MS;
    this.#hurtAtMs = this.#bootedAtMs;
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
    this.#hurtAtMs = this.#options.time.nowMs;
  }

  wakeUp(): void {}

  command({ kind }: Parameters<SimDevice['command']>[0]): void {
    if (kind !== 'connect') return;
    this.#answers.end();
    this.#absences = Math.min(1, this.#absences);
    this.comeBack();
  }

  begin(mood: UnitMood, ms: number): void {
    this.#answers.begin(mood, ms);
  }

  dawdle(ms: number): void {
    this.#dawdlesUntilMs = this.#options.time.nowMs + ms;
    this.#hurtAtMs = this.#dawdlesUntilMs + ANSWER_MS_MAX * LATE_MAX;
  }

  /** What it measures has changed. */
  publish(): void {
    this.#set('v', this.#get('v') + 1);
  }

  publishQos0(): void {
    this.publish();
  }

  /** One value, or two, or one more that it does not have; too large: a name it does not have, and nothing is written. */
  commandOf({ topic, number, isTooLarge }: Command): Pick<Message, 'topic' | 'payload'> {
    const more = number % 8 === 3 ? { far: 1 } : number % 2 === 0 ? { m: number % M_MOD } : {};
    const command = { n: number, ...(isTooLarge ? { [`x${number}`]: 1 } : more) };
    const payload = new TextEncoder().encode(JSON.stringify(command));
    // it has no use for messages that nobody keeps
    return { topic: topic === 'control/tell' ? topic : 'set', payload };
  }

  hear(bytes: Uint8Array): void {
    if (this.#isAway) return;
    this.#set('q', this.#get('q') + 1);
    this.#heard = bytes.slice();
    this.#feed({ kind: 'bytes', bytes });
  }

  #feed(input: Parameters<SimulatedUnit['handle']>[0]): void {
    const { time, bus } = this.#options;
    const { requests } = this.#machine;
    for (const action of this.#machine.handle(input, time.nowMs)) if (action.kind === 'write') bus.say(action.bytes);
    if (this.#machine.requests > requests) this.#acted(new DataView(this.#heard.buffer));
    this.#cancelWake();
    const wakeAtMs = this.#machine.wakeAtMs();
    if (wakeAtMs !== undefined) this.#cancelWake = time.at(wakeAtMs, () => this.#feed({ kind: 'wake' }));
  }

  /** It has done what was asked, and its answer is on its way or will be. */
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
    // of several, the one that it refuses is not known: it has said nothing of its neighbours
    if (exception !== undefined && exception !== BUSY && within.length > 1) return;
    for (const register of within) this.#books.said(register, exception === undefined ? this.#get(register) : null);
  }

  #commanded(number: number): void {
    const { time, upheavalAtMs, bus } = this.#options;
    const excuse = (sinceMs: number, sentAtMs: number): string | undefined => {
      if (upheavalAtMs() >= sentAtMs) return 'the gateway or its connection began anew';
      return Math.max(this.#hurtAtMs, bus.disturbedAtMs) >= sinceMs ? 'it was not heard to answer' : undefined;
    };
    this.downlinks.arrive({ topic: this.filter, number, nowMs: time.nowMs, excuse });
  }

  /** One that names what the unit does not have is refused, and one that it was too busy for. */
  #judgeRefusal(command: Uint8Array): void {
    const { time, bus, complain } = this.#options;
    const { n, m: _, ...others } = JSON.parse(new TextDecoder().decode(command));
    const sinceMs = time.nowMs - EXCUSED_MS;
    const hurtAtMs = Math.max(this.#hurtAtMs, bus.disturbedAtMs);
    if (Object.keys(others).length > 0 || this.#isAway || hurtAtMs >= sinceMs) return;
    const busyMs = this.#answers.busyMs(sinceMs);
    if (busyMs < BUSY_MS_MAX / 2)
      complain(`command to ${this.id} ${n} was given up, and the unit was busy for ${Math.round(busyMs)} ms`);
  }

  #judgeAbsence(): void {
    const { time, bus, complain, isAttached } = this.#options;
    const isLong = time.nowMs - Math.max(this.#leftAtMs, bus.disturbedAtMs) > MISSED_MS;
    if (isLong && isAttached() === true) complain(`unit ${this.id} was away, and the gateway did not notice`);
  }

  #polled(): void {
    const { time, bus, complain } = this.#options;
    const beforeMs = this.#polledAtMs;
    this.#polledAtMs = time.nowMs;
    if (beforeMs === undefined || Math.max(this.#hurtAtMs, bus.disturbedAtMs) >= beforeMs) return;
    const pauseMs = time.nowMs - beforeMs;
    if (pauseMs > PERIODS_MAX * POLL_MS) complain(`unit ${this.id} was left alone for ${Math.round(pauseMs)} ms`);
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
