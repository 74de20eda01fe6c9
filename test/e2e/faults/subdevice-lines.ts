/** Configuration of links and subdevices for the rows of the fault table, and devices at their far ends. */
import { onTestFinished } from 'vitest';
import { openPty, type Pty } from '../../../src/bench/pty.ts';
import { FieldSubdevice } from '../../../src/bench/subdevices/field-subdevice.ts';
import { systemClock } from '../../../src/io/clock.ts';
import type { Channel } from '../../../src/ports.ts';
import { Recorder } from '../recorder.ts';
import { table } from './fault-scene.ts';

/** Pseudo-terminal until the end of the test. */
export async function openLine(): Promise<Pty> {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  return pty;
}

export function mqttsnLink(name: string, path: string, ...subdevices: readonly string[]): string {
  return `${table('[[link]]', { name, path, subdevices })}${subdevices.map((id) => table('[[subdevice]]', { id })).join('')}`;
}

/** Link of plain lines for one subdevice. */
export function linesLink(name: string, path: string, subdevice: string): string {
  return [
    table('[[link]]', { name, path, driver: 'lines' }),
    table('[link.lines]', { subdevice, topic: 't', pattern: '^T=' }),
    table('[[subdevice]]', { id: subdevice }),
  ].join('');
}

interface UnitPlan {
  readonly subdevice: string;
  readonly address: number;
}

/** Modbus link whose units have one point each: holding register 1. */
export function modbusLink(name: string, path: string, ...units: readonly UnitPlan[]): string {
  return [
    table('[[link]]', { name, path, driver: 'modbus', baud_rate: 19200 }),
    ...units.map(({ subdevice, address }) =>
      [
        table('[[link.unit]]', { id: subdevice, address, poll_ms: 200 }),
        table('[[link.unit.point]]', { name: 'flow', table: 'holding', address: 1, type: 'uint16' }),
      ].join(''),
    ),
    ...units.map(({ subdevice }) => table('[[subdevice]]', { id: subdevice })),
  ].join('');
}

/** MQTT-SN subdevice on a line, which connects at once. */
export function startSubdevice(id: string, pty: Pty): FieldSubdevice {
  const subdevice = new FieldSubdevice({ id, clock: systemClock(), retryMs: 300 }, pty);
  subdevice.start();
  onTestFinished(() => subdevice.stop());
  return subdevice;
}

/** Device that sends these bytes again and again, and reads nothing. */
export async function startBabbler(pty: Pty, bytes: () => Uint8Array, everyMs = 50): Promise<Channel> {
  const received = new Recorder();
  const channel = pty.open(received);
  await received.untilOpen();
  const timer = setInterval(() => channel.write(bytes()), everyMs);
  onTestFinished(() => clearInterval(timer));
  return channel;
}
