/** Simulated Modbus units at the far end of a PTY. */
import { onTestFinished } from 'vitest';
import type { ChannelAction, ChannelInput, Machine } from '../../src/base/machine.ts';
import { openPty } from '../../src/bench/pty.ts';
import { SimulatedUnit, type SimulatedUnitOptions } from '../../src/bench/subdevices/modbus-device.ts';
import { systemClock } from '../../src/io/clock.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { Pump } from '../../src/runtime/pump.ts';

/** Line with several units. */
class UnitBus implements Machine<ChannelInput, ChannelAction> {
  readonly #units: readonly SimulatedUnit[];
  readonly #echoes: boolean;

  /** @param echoes the adapter of the gateway receives what it sends */
  constructor(units: readonly SimulatedUnit[], echoes: boolean) {
    this.#units = units;
    this.#echoes = echoes;
  }

  wakeAtMs(): number | undefined {
    const times = this.#units.flatMap((unit) => unit.wakeAtMs() ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  handle(input: ChannelInput, nowMs: number): ChannelAction[] {
    const actions = this.#units.flatMap((unit) => unit.handle(input, nowMs));
    const answers = actions.flatMap((action) => (action.kind === 'write' ? [action.bytes] : []));
    const others = actions.filter(({ kind }, index) => kind !== 'write' && (kind !== 'open' || index === 0));
    if (this.#echoes && input.kind === 'bytes') others.push({ kind: 'write', bytes: input.bytes.slice() });
    return answers.length === 0 ? others : [...others, { kind: 'write', bytes: collided(answers) }];
  }
}

/** Bytes on the line if units answer at the same moment: a driver that pulls the line low prevails. */
function collided(answers: readonly Uint8Array[]): Uint8Array {
  const length = Math.max(...answers.map((bytes) => bytes.length));
  return Uint8Array.from({ length }, (_, at) => answers.reduce((level, bytes) => level & (bytes[at] ?? 0xff), 0xff));
}

/** Unit with 100 bits and registers of each table, at 9600 baud or faster. */
export function simulatedUnit(address: number, answerMs: SimulatedUnitOptions['answerMs'] = () => 1): SimulatedUnit {
  return new SimulatedUnit({ address, size: 100, silenceMs: 4, answerMs });
}

/** Closed at the end of the test. @returns path of the gateway's end of the line */
export async function openUnits(units: readonly SimulatedUnit[], echoes = false): Promise<string> {
  const pty = await openPty();
  const mailbox = new Mailbox((error) => {
    throw error;
  });
  const machine = new UnitBus(units, echoes);
  const pump = new Pump<ChannelInput, ChannelAction>({
    ...{ machine, open: pty.open, clock: systemClock(), mailbox },
    act: () => undefined,
  });
  mailbox.post(() => pump.input({ kind: 'start' }));
  onTestFinished(() => pty.hangUp());
  return pty.path;
}
