/**
 * The Modbus RTU link: this gateway is the only master of the line, and each unit on it is a subdevice.
 *
 *     schedule, commands ▶ ModbusTransactions ▶ bytes
 *     bytes ▶ ModbusTransactions ▶ ModbusUnit ▶ reports
 *
 * Between two transactions it is decided who is next: a command, else the block most overdue. After `COMMANDS_IN_A_ROW`
 * a block that is due goes first, so that commands without end starve no poll.
 */
import type { BackoffLimits } from '../base/backoff.ts';
import type { ModbusRequest } from '../codec/modbus-rtu.ts';
import type { LinkAction, LinkCounters, LinkInput, LinkMachine } from './driver.ts';
import { LinkOpening, type LinkState } from './link.ts';
import { type Block, ModbusSchedule, readRequest } from './modbus-schedule.ts';
import { type LineLimits, ModbusTransactions, type Outcome, type TransactionAction } from './modbus-transaction.ts';
import { isBroadcast, ModbusUnit, type UnitPlan } from './modbus-unit.ts';

export interface ModbusLinkOptions extends LineLimits {
  readonly units: readonly UnitPlan[];
  /** Uplinks of one unit that may wait for their answer. */
  readonly uplinksMax: number;
  /** Pauses between openings of the channel. */
  readonly reopen: BackoffLimits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

interface Asking {
  readonly unit: ModbusUnit;
  /** What is read; `undefined`: a command is carried out. */
  readonly block: Block | undefined;
}

const COMMANDS_IN_A_ROW = 8;
/** Pauses between questions to a unit that does not answer, in ms: found soon after it is plugged in, at little cost. */
const UNIT_PAUSES: BackoffLimits = { floorMs: 1000, ceilingMs: 30_000 };
/** Answers of a Modbus gateway (app §7) on behalf of a unit that gave none. */
const NOBODY_THERE = [10, 11];

export function createModbusLink(options: ModbusLinkOptions): LinkMachine {
  return new ModbusLink(options);
}

class ModbusLink implements LinkMachine {
  readonly #opening: LinkOpening;
  readonly #line: ModbusTransactions;
  readonly #schedule: ModbusSchedule;
  readonly #units: readonly ModbusUnit[];
  #asking: Asking | undefined;
  #commandsInARow = 0;
  /** Whose command was asked last: the next one's goes first. */
  #lastCommanded = 0;
  #lastToken = 0;
  #actions: LinkAction[] = [];

  constructor(options: ModbusLinkOptions) {
    const { units, uplinksMax, random } = options;
    this.#opening = new LinkOpening(options.reopen, random);
    this.#line = new ModbusTransactions(options);
    const polled = units.filter((unit) => !isBroadcast(unit));
    this.#schedule = new ModbusSchedule(polled, UNIT_PAUSES, random);
    const ports = {
      uplinksMax,
      report: (report: LinkAction) => this.#actions.push(report),
      drawToken: () => {
        this.#lastToken += 1;
        return this.#lastToken;
      },
    };
    this.#units = units.map((unit) => new ModbusUnit(unit, ports));
  }

  get state(): LinkState {
    return this.#opening.state;
  }

  get counters(): LinkCounters {
    const { damaged, strays, ...counted } = this.#line.counters;
    const { openings } = this.#opening;
    const none = { oversizeFrames: 0, malformedPackets: 0, duplicates: 0 };
    return { ...none, ...counted, openings, crcErrors: damaged, unexpectedPackets: strays };
  }

  attachedSubdevices(): readonly string[] {
    return this.#units.filter(({ isAttached }) => isAttached).map(({ plan }) => plan.subdevice);
  }

  wakeAtMs(): number | undefined {
    if (this.#opening.state === 'stopped') return undefined;
    const isOpen = this.#opening.state === 'open';
    if (isOpen && !this.#line.isIdle) return this.#line.wakeAtMs();
    const rests = (unit: number): number => this.#line.restsUntilMs(unit);
    const commands = this.#units.flatMap((unit) => (unit.hasCommand ? rests(unit.plan.address) : []));
    const next = isOpen ? this.#schedule.wakeAtMs(rests) : this.#opening.wakeAtMs();
    const words = this.#units.map((unit) => unit.wakeAtMs());
    const times = [next, ...words, ...(isOpen ? commands : [])].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    switch (input.kind) {
      case 'start':
        this.#actions.push(...this.#opening.start());
        break;
      case 'stop':
        this.#actions.push(...this.#opening.stop());
        break;
      case 'wake':
        this.#actions.push(...this.#opening.wake(nowMs));
        this.#act(this.#line.wake(nowMs), nowMs);
        break;
      case 'opened':
        this.#opening.opened(nowMs);
        if (this.#opening.openings === 1) this.#line.met(nowMs);
        for (const unit of this.#units) if (isBroadcast(unit.plan)) unit.answered(nowMs);
        break;
      case 'bytes':
        if (this.#opening.state === 'open') this.#act(this.#line.receive(input.bytes, nowMs), nowMs);
        break;
      case 'closed':
        this.#opening.closed(nowMs);
        this.#line.closed();
        this.#asking = undefined;
        for (const unit of this.#units) {
          unit.left('link closed');
          this.#schedule.startOver(unit.plan.address, nowMs);
        }
        break;
      case 'attached':
        this.#unitOf(input.subdevice)?.attached(input.answer, nowMs);
        break;
      case 'acknowledge':
      case 'confirm':
        for (const unit of this.#units) unit.settled(input.token);
        break;
      case 'refuse':
        for (const unit of this.#units) unit.refused(input.token, input.why, nowMs);
        break;
      case 'deliver': {
        const unit = this.#unitOf(input.subdevice);
        if (unit === undefined) this.#actions.push({ kind: 'undelivered', token: input.token, why: 'lost' });
        else unit.deliver(input);
        break;
      }
    }
    if (this.#opening.state === 'open' && this.#line.isIdle) this.#ask(nowMs);
    for (const unit of this.#units) unit.tell(this.#schedule.isBehind(unit.plan.address, nowMs), nowMs);
    return this.#actions.splice(0);
  }

  #act(actions: readonly TransactionAction[], nowMs: number): void {
    for (const action of actions) {
      if (action.kind === 'write') this.#actions.push(action);
      else this.#ended(action.outcome, nowMs);
    }
  }

  #ended(outcome: Outcome, nowMs: number): void {
    const asking = this.#asking;
    this.#asking = undefined;
    if (asking === undefined) return;
    const { unit, block } = asking;
    const { address } = unit.plan;
    const isThere = outcome.kind === 'exception' ? !NOBODY_THERE.includes(outcome.code) : outcome.kind !== 'no answer';
    const told: Outcome = isThere ? outcome : { kind: 'no answer' };
    if (block === undefined) unit.heard(told);
    else {
      this.#schedule.done(block, nowMs);
      unit.polled(block, told, nowMs);
    }
    if (isThere) {
      this.#schedule.answered(address);
      unit.answered(nowMs);
    } else {
      this.#schedule.unanswered(address, nowMs);
      unit.left('no answer');
    }
  }

  #ask(nowMs: number): void {
    const block = this.#schedule.next(nowMs, (unit) => this.#line.restsUntilMs(unit));
    const polled = block && this.#units.find(({ plan }) => plan.address === block.unit);
    const isPollsTurn = block !== undefined && this.#commandsInARow >= COMMANDS_IN_A_ROW;
    const commanded = isPollsTurn ? undefined : this.#nextCommand(nowMs);
    if (commanded !== undefined) {
      this.#commandsInARow += 1;
      this.#asking = { unit: commanded.unit, block: undefined };
      this.#line.begin(commanded.request, nowMs);
    } else if (block !== undefined && polled !== undefined) {
      this.#commandsInARow = 0;
      this.#asking = { unit: polled, block };
      this.#line.begin(readRequest(block), nowMs);
    }
  }

  /** The next unit in turn that has a command to carry out and may be asked. */
  #nextCommand(nowMs: number): { readonly unit: ModbusUnit; readonly request: ModbusRequest } | undefined {
    const count = this.#units.length;
    for (let step = 1; step <= count; step += 1) {
      const index = (this.#lastCommanded + step) % count;
      const unit = this.#units[index];
      if (unit === undefined || nowMs < this.#line.restsUntilMs(unit.plan.address)) continue;
      const request = unit.nextRequest();
      if (request === undefined) continue;
      this.#lastCommanded = index;
      return { unit, request };
    }
    return undefined;
  }

  #unitOf(subdevice: string): ModbusUnit | undefined {
    return this.#units.find(({ plan }) => plan.subdevice === subdevice);
  }
}
