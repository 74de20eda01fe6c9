/** Ports by their stable names, on real PTYs behind a fake /sys: plugged, pulled, renumbered, shared. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { openPty, type Pty } from '../../src/bench/pty.ts';
import { PortWatch } from '../../src/io/serial/port-watch.ts';
import { StablePorts } from '../../src/io/serial/stable-ports.ts';
import type { PortWait } from '../../src/ports.ts';
import { FakeMachine } from '../unit/io/serial/port-rig.ts';
import { Recorder } from './recorder.ts';
import { until } from './until.ts';

const LIMITS = { openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 100_000 };
/** Long interval of the rescan, so that only the watch can have seen the change. */
const NEVER_MS = 3_600_000;

class WaitingRecorder extends Recorder {
  readonly waitings: PortWait[] = [];
  waits(wait: PortWait): void {
    this.waitings.push(wait);
  }
}

async function newPty(): Promise<Pty> {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  return pty;
}

function link(name: string, path: string) {
  return { name, path, baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1, rs485: undefined } as const;
}

function open(ports: StablePorts, name: string, path: string) {
  const listener = new WaitingRecorder();
  const channel = ports.opener(link(name, path))(listener);
  onTestFinished(() => channel.close('over'));
  return { channel, listener };
}

const NAME = 'usb:0403:6001:A9001:00';
const BY_PATH = 'by-path:platform-usb-0:1-1:1.0-port0';
const adapter = (ttys: Record<string, string>, at = '1-1') => ({ at, serial: 'A9001', ttys });

it('waits for a port that does not exist, and opens it when it is plugged in', async () => {
  const machine = new FakeMachine();
  const ports = new StablePorts({ ...LIMITS, roots: machine.roots, links: [], rescanMs: NEVER_MS });
  const { listener } = open(ports, 'meters', NAME);
  await until(() => listener.waitings.length > 0);
  expect(listener.waitings).toEqual([{ kind: 'absent', why: `no adapter ${NAME} is plugged in` }]);
  machine.plug(adapter({ ttyUSB0: (await newPty()).path }));
  await listener.untilOpen();
  expect(ports.claimOf('meters')?.device).toBe(`${machine.roots.dev}/ttyUSB0`);
});

it('finds by a rescan a port in a folder that could not be watched', async () => {
  const machine = new FakeMachine();
  const path = `${machine.roots.dev}/later/tty`;
  const ports = new StablePorts({ ...LIMITS, roots: machine.roots, links: [], rescanMs: 20 });
  const { listener } = open(ports, 'meters', path);
  await until(() => listener.waitings.length > 0);
  mkdirSync(`${machine.roots.dev}/later`);
  (await newPty()).linkAs(path);
  await listener.untilOpen();
});

it('finds a replugged adapter under its new number', async () => {
  const machine = new FakeMachine();
  const ports = new StablePorts({ ...LIMITS, roots: machine.roots, links: [], rescanMs: NEVER_MS });
  const before = await newPty();
  const plugged = adapter({ ttyUSB0: before.path });
  machine.plug(plugged);
  const first = open(ports, 'meters', NAME);
  await first.listener.untilOpen();
  machine.unplug(plugged);
  await before.hangUp();
  expect(await first.listener.untilClosed()).toMatch(/the device is gone/);
  const second = open(ports, 'meters', NAME);
  await until(() => second.listener.waitings.length > 0);
  machine.plug(adapter({ ttyUSB3: (await newPty()).path }, '1-4'));
  await second.listener.untilOpen();
  expect(ports.claimOf('meters')?.device).toBe(`${machine.roots.dev}/ttyUSB3`);
});

it('gives a port to one link only, and to the other after the first has closed it', async () => {
  const machine = new FakeMachine();
  const ports = new StablePorts({ ...LIMITS, roots: machine.roots, links: [], rescanMs: 20 });
  machine.plug(adapter({ ttyUSB0: (await newPty()).path }));
  const first = open(ports, 'meters', NAME);
  await first.listener.untilOpen();
  const second = open(ports, 'pumps', BY_PATH);
  await until(() => second.listener.waitings.length > 0);
  expect(second.listener.waitings).toEqual([
    { kind: 'shared', why: `${machine.roots.dev}/ttyUSB0 is already in use by link meters` },
  ]);
  first.channel.close('enough');
  await second.listener.untilOpen();
});

it('opens neither of two adapters with the same identity, and the remaining one', async () => {
  const machine = new FakeMachine();
  const ports = new StablePorts({ ...LIMITS, roots: machine.roots, links: [], rescanMs: NEVER_MS });
  machine.plug(adapter({ ttyUSB0: (await newPty()).path }));
  const twin = adapter({ ttyUSB1: (await newPty()).path }, '1-2');
  machine.plug(twin);
  const { listener } = open(ports, 'meters', NAME);
  await until(() => listener.waitings.length > 0);
  expect(listener.waitings[0]?.kind).toBe('ambiguous');
  machine.unplug(twin);
  await listener.untilOpen();
});

it('ends its waiting when it is closed', async () => {
  const machine = new FakeMachine();
  const ports = new StablePorts({ ...LIMITS, roots: machine.roots, links: [], rescanMs: NEVER_MS });
  const { channel, listener } = open(ports, 'meters', NAME);
  channel.write(Buffer.from('too early'));
  expect(channel.queuedBytes).toBe(0);
  channel.close('stopping');
  expect(await listener.untilClosed()).toBe('stopping');
});

it('a byte on a line does not count as a new device, and a new file does', async () => {
  const { roots } = new FakeMachine();
  const watch = new PortWatch({ folders: [roots.dev], rescanMs: NEVER_MS });
  writeFileSync(`${roots.dev}/tty`, '');
  let looks = 0;
  onTestFinished(
    watch.onLook(() => {
      looks += 1;
    }),
  );
  for (let count = 0; count < 100; count += 1) {
    appendFileSync(`${roots.dev}/tty`, 'x');
    await turn();
  }
  writeFileSync(`${roots.dev}/another`, '');
  await until(() => looks > 0);
  expect(looks).toBe(1);
});
