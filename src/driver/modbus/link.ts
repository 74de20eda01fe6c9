/**
 * Modbus link, RTU or TCP. This gateway is the only master of the line, and each unit is a subdevice.
 *
 *     schedule, commands ▶ ModbusTurns ▶ ModbusTransactions ▶ bytes
 *     bytes ▶ ModbusTransactions ▶ ModbusUnit ▶ reports
 */

import type { BackoffLimits } from '../../base/backoff.ts';
import type { DeviceIdentity, DeviceNote } from '../../base/device-note.ts';
import type { LinkCounters } from '../../base/link-counters.ts';
import { isSilence } from '../../codec/modbus-pdu.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../driver.ts';
import { LinkOpening, type LinkState } from '../reopen.ts';
import { ModbusIdentification } from './identification.ts';
import { MbapLine } from './mbap-line.ts';
import { ModbusSchedule } from './poll-plan.ts';
import { ModbusTurns } from './request-order.ts';
import { type RtuLimits, RtuLine } from './rtu-line.ts';
import type { ModbusTransactions, TransactionAction, TransactionOutcome } from './transaction.ts';
import { isBroadcast, ModbusUnit, type UnitPlan } from './unit.ts';
import { ModbusProbe } from './unit-probe.ts';

/** `rtu`: frames with a CRC, separated by silence. `mbap`: frames of Modbus TCP. */
export type ModbusFraming = 'rtu' | 'mbap';

export interface ModbusLinkOptions extends RtuLimits {
  readonly framing: ModbusFraming;
  readonly units: readonly UnitPlan[];
  /** Largest number of uplinks of one unit that wait for their answer. */
  readonly uplinksMax: number;
  /** Pauses between openings of the channel. */
  readonly reopen: BackoffLimits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Pauses between requests to a unit that does not answer, in ms. A unit is found soon after it is plugged in, at low
 * cost.
 */
const UNIT_PAUSES: BackoffLimits = { floorMs: 1000, ceilingMs: 30_000 };

export function createModbusLink(options: ModbusLinkOptions): LinkMachine {
  return new ModbusLink(options);
}

class ModbusLink implements LinkMachine {
  private readonly opening: LinkOpening;
  private readonly line: ModbusTransactions;
  private readonly schedule: ModbusSchedule;
  private readonly units: readonly ModbusUnit[];
  private readonly probe: ModbusProbe;
  private readonly identification: ModbusIdentification;
  private readonly turns: ModbusTurns;
  private lastToken = 0;
  private readonly actions: LinkAction[] = [];

  constructor(options: ModbusLinkOptions) {
    const { units, uplinksMax, random } = options;
    this.opening = new LinkOpening(options.reopen, random);
    this.line = options.framing === 'mbap' ? new MbapLine(options) : new RtuLine(options);
    const polled = units.filter((unit) => !isBroadcast(unit));
    this.schedule = new ModbusSchedule(polled, UNIT_PAUSES, random);
    const ports = {
      uplinksMax,
      report: (report: LinkAction) => this.actions.push(report),
      drawToken: () => {
        this.lastToken += 1;
        return this.lastToken;
      },
    };
    this.units = units.map((unit) => new ModbusUnit(unit, ports));
    this.probe = new ModbusProbe((token, outcome) => this.actions.push({ kind: 'probed', token, outcome }));
    this.identification = new ModbusIdentification(identitiesOf(units));
    const { probe, identification } = this;
    this.turns = new ModbusTurns(this.units, this.schedule, { probe, identification });
  }

  get isPolled(): boolean {
    return true;
  }

  get state(): LinkState {
    return this.opening.state;
  }

  get counters(): LinkCounters {
    const { damaged, mismatches, strays, ...counted } = this.line.counters;
    const { openings } = this.opening;
    const none = { oversizeFrames: 0, malformedPackets: 0, duplicates: 0 };
    const refusedUplinks = this.units.reduce((sum, unit) => sum + unit.refusedUplinks, 0);
    return {
      ...none,
      ...counted,
      openings,
      crcErrors: damaged,
      unexpectedPackets: strays + mismatches,
      refusedUplinks,
    };
  }

  attachedSubdevices(): readonly string[] {
    return this.units.filter(({ isAttached }) => isAttached).map(({ plan }) => plan.subdevice);
  }

  sleepers(): ReadonlyMap<string, number> {
    return new Map();
  }

  lastReceivedAtMs(subdevice: string): number | undefined {
    return this.unitOf(subdevice)?.answeredAtMs;
  }

  unanswered(): ReadonlyMap<string, number> {
    const silent = this.units.flatMap(({ plan, unansweredSinceMs }): [string, number][] =>
      unansweredSinceMs === undefined ? [] : [[plan.subdevice, unansweredSinceMs]],
    );
    return new Map(silent);
  }

  deviceNotes(): ReadonlyMap<string, DeviceNote> {
    const notes = this.units.flatMap(({ plan }): [string, DeviceNote][] => {
      const note = this.schedule.noteOf(plan.address);
      const identity = this.identification.of(plan.address);
      const isEmpty = note === undefined || (note.refused.length + note.apart.length === 0 && identity === undefined);
      return isEmpty ? [] : [[plan.subdevice, { ...note, identity, basis: plan.basis }]];
    });
    return new Map(notes);
  }

  /** Includes units that do not answer, because a probe must test those too. */
  probeable(): readonly string[] {
    if (this.opening.state !== 'open') return [];
    return this.units.flatMap(({ plan }) => (this.schedule.blocksOf(plan.address).length === 0 ? [] : plan.subdevice));
  }

  wakeAtMs(): number | undefined {
    if (this.opening.state === 'stopped') return undefined;
    const isOpen = this.opening.state === 'open';
    if (isOpen && !this.line.isIdle) return this.line.wakeAtMs();
    const rests = (unit: number): number => this.line.blockedUntilMs(unit);
    const commands = this.units.flatMap(({ commandAtMs, plan }) =>
      commandAtMs === undefined ? [] : Math.max(commandAtMs, rests(plan.address)),
    );
    const others = [this.probe.wakeAtMs(rests), this.identification.wakeAtMs(rests)];
    const questions = [...commands, this.schedule.wakeAtMs(rests), ...others];
    const words = this.units.map((unit) => unit.wakeAtMs());
    const times = [...words, ...(isOpen ? questions : [this.opening.wakeAtMs()])];
    const atMs = Math.min(...times.filter((time) => time !== undefined));
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    switch (input.kind) {
      case 'start':
        this.actions.push(...this.opening.start());
        break;
      case 'stop':
        this.actions.push(...this.opening.stop());
        break;
      case 'wake':
        this.actions.push(...this.opening.wake(nowMs));
        this.act(this.line.wake(nowMs), nowMs);
        break;
      case 'opened':
        this.opening.opened(nowMs);
        this.line.opened(nowMs);
        for (const unit of this.units) {
          if (isBroadcast(unit.plan)) unit.answered(nowMs);
        }
        break;
      case 'bytes':
        if (this.opening.state === 'open') this.act(this.line.receive(input.bytes, nowMs), nowMs);
        break;
      case 'closed':
        this.opening.closed(nowMs);
        this.line.closed();
        this.turns.over();
        this.probe.abandon();
        this.identification.abandon();
        for (const unit of this.units) {
          unit.left('link closed');
          this.schedule.startOver(unit.plan.address, nowMs);
        }
        break;
      case 'attached':
        this.unitOf(input.subdevice)?.attached(input.answer, nowMs);
        break;
      case 'acknowledge':
        for (const { subdevice, token } of input.uplinks) this.unitOf(subdevice)?.settled(token);
        break;
      case 'confirm':
        this.unitOf(input.subdevice)?.settled(input.token);
        break;
      case 'refuse':
        this.unitOf(input.subdevice)?.refused(input.token, input.why, nowMs);
        break;
      case 'deliver': {
        const unit = this.unitOf(input.subdevice);
        if (unit === undefined) this.actions.push({ kind: 'undelivered', token: input.token, why: 'lost' });
        else unit.deliver(input);
        break;
      }
      case 'probe': {
        const unit = this.probeable().includes(input.subdevice) ? this.unitOf(input.subdevice) : undefined;
        this.probe.ask(input, unit?.plan.address, nowMs);
        break;
      }
    }
    if (this.opening.state === 'open' && this.line.isIdle) this.ask(nowMs);
    for (const unit of this.units) unit.report(this.schedule.isBehind(unit.plan.address, nowMs), nowMs);
    return this.actions.splice(0);
  }

  private act(actions: readonly TransactionAction[], nowMs: number): void {
    for (const action of actions) {
      if (action.kind === 'ended') this.ended(action.outcome, nowMs);
      else this.actions.push(action);
      if (action.kind === 'write') this.probe.sent(nowMs);
    }
  }

  private ended(outcome: TransactionOutcome, nowMs: number): void {
    const question = this.turns.over();
    if (question === undefined) return;
    const { unit, block } = question;
    // says nothing about the presence of the unit
    if (question.isIdentification) return this.identification.onReceived(outcome);
    const { isRunning: isProbe } = this.probe;
    const { address } = unit.plan;
    const isThere = outcome.kind === 'exception' ? !isSilence(outcome.code) : outcome.kind !== 'no answer';
    const seen: TransactionOutcome =
      isThere || outcome.kind === 'no answer' ? outcome : { kind: 'no answer', onReceived: { kind: 'nothing' } };
    if (!isThere) unit.missed(block, outcome, nowMs);
    // the next poll decides whether the unit is gone
    if (isProbe && !isThere) return this.probe.done(this.line.counters, undefined, nowMs);
    if (block === undefined) unit.onReceived(seen, nowMs);
    else {
      // an answered probe does not count as the turn of its block
      const isKnown = (isProbe && seen.kind === 'done') || this.schedule.done(block, seen, nowMs);
      if (isKnown) unit.polled(block, seen, nowMs);
      if (isProbe) {
        this.probe.done(this.line.counters, unit.refusals(block, seen), nowMs);
        this.identification.ask(address, nowMs);
      }
    }
    if (isThere) {
      this.schedule.answered(address);
      unit.answered(nowMs);
    } else {
      this.schedule.unanswered(address, nowMs);
      unit.left('no answer');
    }
  }

  private ask(nowMs: number): void {
    const question = this.turns.next(nowMs, (unit) => this.line.blockedUntilMs(unit));
    if (question === undefined) return;
    if (question.isProbe) this.probe.begin(this.line.counters);
    this.act(this.line.begin(question.request, nowMs), nowMs);
  }

  private unitOf(subdevice: string): ModbusUnit | undefined {
    return this.units.find(({ plan }) => plan.subdevice === subdevice);
  }
}

function identitiesOf(units: readonly UnitPlan[]): (readonly [number, DeviceIdentity])[] {
  return units.flatMap(({ address, learned }) =>
    learned?.identity === undefined ? [] : [[address, learned.identity]],
  );
}
