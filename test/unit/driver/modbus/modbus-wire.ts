/**
 * A Modbus link and simulated units on a virtual wire that damages and loses bytes, with a flow that accepts every
 * report. Everything comes from one seed, on a virtual clock.
 */
import type { ProbeOutcome } from '../../../../src/base/probe.ts';
import { seededRandom } from '../../../../src/base/random.ts';
import { SimulatedUnit, type SimulatedUnitOptions } from '../../../../src/bench/subdevices/modbus-device.ts';
import { appendCrc } from '../../../../src/codec/modbus-rtu.ts';
import type { DetachCause, LinkAction, LinkInput, LinkMachine, RefuseReason } from '../../../../src/driver/driver.ts';
import { createModbusLink, type ModbusFraming, type ModbusLinkOptions } from '../../../../src/driver/modbus/link.ts';
import type { Point } from '../../../../src/driver/modbus/points.ts';
import type { UnitPlan } from '../../../../src/driver/modbus/unit.ts';
import { positive } from '../address-book.ts';

export function point(name: string, address: number, more: Partial<Point> = {}): Point {
  return {
    ...{ name, address, table: 'holding', type: 'uint16', bit: undefined, length: undefined, order: 'ABCD' },
    ...{ encoding: 'ascii', padding: 'nul', notAvailable: [] },
    ...{ scale: 1, offset: 0, deadband: 0, pollMs: 100, isWritable: true, min: undefined, max: undefined },
    ...more,
  };
}

export function unitPlan(address: number, points: readonly Point[], more: Partial<UnitPlan> = {}): UnitPlan {
  return {
    ...{ subdevice: `unit-${address}`, address, points, gapMax: 0, heartbeatMs: 0, writeMode: 'single', busyMs: 3000 },
    ...{ pauseMs: 0, pauseAfterWriteMs: 0, basis: '', learned: undefined },
    ...{ stateTopic: 'state', setTopic: 'set', resultTopic: 'result' },
    ...more,
  };
}

export interface WirePlan {
  readonly units: readonly UnitPlan[];
  readonly seed?: number;
  /** Start time of the clock. */
  readonly startMs?: number;
  /** Probability that a write loses a byte, that it has a flipped bit, and that a stray byte precedes it. */
  readonly damage?: number;
  /** True if the CRC after the damage is corrected. */
  readonly isForged?: boolean;
  /** Frames on the wire; `rtu` if absent. `mbap`: TCP, which keeps the order of all bytes. */
  readonly framing?: ModbusFraming;
  /** Latency of each direction, ms. */
  readonly latencyMs?: number;
  /** Largest number of octets in a piece of an answer; two pieces if absent. Each piece arrives `gapMs` after the one before. */
  readonly pieces?: { readonly bytesMax: number; readonly gapMs: number };
  /** Bytes that arrive in place of the bytes of a unit. */
  readonly replaces?: (bytes: Uint8Array) => Uint8Array;
  /** Time in which a unit receives nothing after its answer. */
  readonly deafMs?: SimulatedUnitOptions['deafMs'];
  /** True if the adapter of the link receives what it sends. A function, because adapters can be exchanged. */
  readonly echoes?: () => boolean;
  /** Delay of the answer of a unit; `undefined`: no answer. */
  readonly answerMs?: (address: number, random: () => number) => number | undefined;
  /** Reason for the rejection of an uplink; `undefined`: accepted. */
  readonly refuse?: () => RefuseReason | undefined;
  /** True if the flow has no room for a subdevice that requests service, or for its filter. */
  readonly turnsAway?: () => boolean;
  readonly link?: Partial<ModbusLinkOptions>;
  /** Number of registers of each table of a unit. */
  readonly size?: number;
  readonly create?: (options: ModbusLinkOptions) => LinkMachine;
}

export const ANSWER_MS_MAX = 100;
const WIRE_MS = 2;

export class ModbusWire {
  readonly link: LinkMachine;
  /** Units by address. */
  readonly units = new Map<number, SimulatedUnit>();
  readonly states: { readonly subdevice: string; readonly values: Readonly<Record<string, unknown>> }[] = [];
  readonly results: unknown[] = [];
  readonly resultTexts: string[] = [];
  readonly discards: { readonly subdevice: string | undefined; readonly reason: string; readonly sample: string }[] =
    [];
  readonly detaches: { readonly subdevice: string; readonly cause: DetachCause }[] = [];
  /** Outcomes of deliveries, by token. */
  readonly endings = new Map<number, string>();
  /** Reasons for which the link has closed the channel. */
  readonly closes: string[] = [];
  readonly probes = new Map<number, ProbeOutcome>();
  readonly filters: string[] = [];
  /** Requests with their times and units. */
  readonly sent: { readonly atMs: number; readonly bytes: Uint8Array }[] = [];
  nowMs: number;
  readonly #plan: WirePlan;
  readonly #random: () => number;
  #connection = 0;
  /** Time at which the last bytes arrive, by direction. */
  readonly #lastAtMs = { link: 0, units: 0 };
  #events: { readonly atMs: number; readonly happen: () => void }[] = [];

  constructor(plan: WirePlan) {
    this.#plan = plan;
    this.nowMs = plan.startMs ?? 0;
    const random = seededRandom(plan.seed ?? 1);
    this.#random = random;
    const { framing = 'rtu' } = plan;
    for (const { address } of plan.units) {
      const answerMs = () => (plan.answerMs === undefined ? 5 : plan.answerMs(address, random));
      const deafMs = plan.deafMs ?? { afterRead: 0, afterWrite: 0 };
      const size = plan.size ?? 1000;
      this.units.set(address, new SimulatedUnit({ address, framing, size, silenceMs: 4, answerMs, deafMs }));
    }
    this.link = (plan.create ?? createModbusLink)({
      ...{
        baudRate: 115_200,
        answerMsMax: ANSWER_MS_MAX,
        lateMsMax: 2 * ANSWER_MS_MAX,
        retriesMax: 2,
        units: plan.units,
        pauseMs: 0,
        pauseAfterWriteMs: 0,
        echo: 'auto',
        framing,
        uplinksMax: 8,
        random,
      },
      reopen: { floorMs: 50, ceilingMs: 200 },
      ...plan.link,
    });
    this.input({ kind: 'start' });
  }

  /** Input of the flow to the link. */
  input(input: LinkInput): void {
    for (const action of this.link.handle(input, this.nowMs)) this.#byLink(action);
  }

  /** Closes the channel. Bytes on their way are lost. */
  cut(reason: string): void {
    this.#connection += 1;
    for (const unit of this.units.values()) this.#toUnit(unit, { kind: 'closed', reason });
    this.input({ kind: 'closed', reason });
  }

  unit(address: number): SimulatedUnit {
    const unit = this.units.get(address);
    if (unit === undefined) throw new Error(`no unit ${address} on this wire`);
    return unit;
  }

  command(address: number, token: number, command: unknown): void {
    const text = typeof command === 'string' ? command : JSON.stringify(command);
    const message = { topic: 'set', payload: new TextEncoder().encode(text), qos: 1, dup: false } as const;
    this.input({ kind: 'deliver', subdevice: `unit-${address}`, token, ...message });
  }

  isAttached(address: number): boolean {
    return this.link.attachedSubdevices().includes(`unit-${address}`);
  }

  /** Runs until `isDone`; returns false if `forMs` has passed before. */
  run(isDone: () => boolean, forMs = 60_000): boolean {
    const endMs = this.nowMs + forMs;
    while (!isDone() && this.nowMs < endMs) this.#step();
    return isDone();
  }

  runFor(ms: number): void {
    const endMs = this.nowMs + ms;
    this.later(ms, () => {});
    this.run(() => this.nowMs >= endMs, ms);
  }

  later(ms: number, happen: () => void): void {
    this.#events.push({ atMs: this.nowMs + ms, happen });
  }

  #step(): void {
    const never = Number.POSITIVE_INFINITY;
    const machines = [...this.units.values()].map((unit) => ({
      atMs: unit.wakeAtMs() ?? never,
      happen: () => this.#toUnit(unit, { kind: 'wake' }),
    }));
    const link = { atMs: this.link.wakeAtMs() ?? never, happen: () => this.input({ kind: 'wake' }) };
    const next = [...this.#events, ...machines, link].reduce((a, b) => (b.atMs < a.atMs ? b : a));
    if (!Number.isFinite(next.atMs)) throw new Error('nothing will ever happen again');
    this.nowMs = Math.max(this.nowMs, next.atMs);
    this.#events = this.#events.filter((event) => event !== next);
    next.happen();
  }

  #toUnit(unit: SimulatedUnit, input: Parameters<SimulatedUnit['handle']>[0]): void {
    for (const action of unit.handle(input, this.nowMs)) {
      if (action.kind === 'write') this.#toLink(this.#plan.replaces?.(action.bytes) ?? action.bytes);
    }
  }

  #byLink(action: LinkAction): void {
    switch (action.kind) {
      case 'open':
        return this.later(10, () => this.input({ kind: 'opened' }));
      case 'close':
        this.closes.push(action.reason);
        return this.later(1, () => this.cut(action.reason));
      case 'write':
        this.sent.push({ atMs: this.nowMs, bytes: action.bytes });
        if (this.#plan.echoes?.() === true) this.#toLink(action.bytes);
        return this.#carry('units', action.bytes, (bytes) => {
          for (const unit of this.units.values()) this.#toUnit(unit, { kind: 'bytes', bytes });
        });
      case 'attach': {
        const answer = this.#isTurnedAway
          ? ({ accepted: false, why: 'congestion' } as const)
          : ({ accepted: true, topicIds: new Map() } as const);
        return this.later(3, () => this.input({ kind: 'attached', subdevice: action.subdevice, answer }));
      }
      case 'detach':
        this.detaches.push(action);
        return;
      case 'uplink':
        return this.#uplink(action);
      case 'subscribe':
        this.filters.push(`${action.subdevice}/${action.filter}`);
        return this.#answerSubscribe(action);
      case 'delivered':
        this.endings.set(action.token, 'delivered');
        return;
      case 'probed':
        this.probes.set(action.token, action.outcome);
        return;
      case 'undelivered':
        this.endings.set(action.token, action.why);
        return;
      case 'discarded':
        this.discards.push({ subdevice: action.subdevice, reason: action.reason, sample: String(action.sample) });
        return;
      case 'unsubscribe':
      case 'topicBound':
      case 'topicReleased':
        throw new Error(`a Modbus link has no ${action.kind}`);
    }
  }

  get #isTurnedAway(): boolean {
    return this.#plan.turnsAway?.() === true;
  }

  #answerSubscribe({ subdevice, token }: Extract<LinkAction, { kind: 'subscribe' }>): void {
    if (this.#isTurnedAway) this.later(1000, () => this.input({ kind: 'refuse', subdevice, token, why: 'congestion' }));
    else this.later(5, () => this.input({ kind: 'confirm', subdevice, token }));
  }

  #toLink(bytes: Uint8Array): void {
    this.#carry('link', bytes, (piece) => this.input({ kind: 'bytes', bytes: piece }));
  }

  #uplink({ subdevice, topic, payload, token }: Extract<LinkAction, { kind: 'uplink' }>): void {
    if (token === undefined) throw new Error('a Modbus uplink without a token');
    const why = this.#plan.refuse?.();
    if (why !== undefined) return this.later(20, () => this.input({ kind: 'refuse', subdevice, token, why }));
    const text = new TextDecoder().decode(payload);
    const values = JSON.parse(text);
    if (topic === 'state') this.states.push({ subdevice, values });
    else {
      this.results.push(values);
      this.resultTexts.push(text);
    }
    this.later(20, () => this.input(positive('acknowledge', subdevice, token)));
  }

  #carry(to: 'link' | 'units', bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const { damage = 0, isForged = false, framing, latencyMs = WIRE_MS, pieces } = this.#plan;
    const random = this.#random;
    const isChanged = isForged && random() < damage;
    const carried = isChanged ? [...forged(bytes)] : [...bytes];
    const at = Math.floor(random() * carried.length);
    if (random() < damage) carried.splice(at, 1);
    if (random() < damage) carried[at] = (carried[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    if (random() < damage) carried.unshift(Math.floor(random() * 256));
    const connection = this.#connection;
    const piece = (ms: number, from: number, end?: number): void => {
      const atMs = framing === 'mbap' ? Math.max(this.nowMs + ms, this.#lastAtMs[to]) : this.nowMs + ms;
      this.#lastAtMs[to] = atMs;
      this.later(atMs - this.nowMs, () => {
        if (connection === this.#connection) arrive(Uint8Array.from(carried.slice(from, end)));
      });
    };
    if (pieces !== undefined && to === 'link') {
      for (let from = 0; from < carried.length; from += pieces.bytesMax)
        piece(latencyMs + (from / pieces.bytesMax) * pieces.gapMs, from, from + pieces.bytesMax);
      return;
    }
    // In two pieces, as adapters often deliver bytes.
    const half = Math.floor(random() * carried.length);
    piece(latencyMs, 0, half);
    piece(latencyMs + Math.floor(random() * 3), half);
  }
}

/** Replaces the value in an answer of one register. */
function forged(frame: Uint8Array): Uint8Array {
  const [unit = 0, code = 0, length = 0, high = 0, low = 0] = frame;
  return length === 2 ? appendCrc([unit, code, length, high, low ^ 1]) : frame;
}
