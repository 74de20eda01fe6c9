/** The last recovery steps on a fake /sys: the values written there, and the rejected cases. */
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { careOf } from '../../src/io/serial/port-care.ts';
import { StablePorts } from '../../src/io/serial/stable-ports.ts';
import { type Adapter, FakeMachine } from '../unit/io/serial/port-rig.ts';
import { Recorder } from './recorder.ts';

const LIMITS = { openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 100_000 };

async function openLinks(machine: FakeMachine, links: Readonly<Record<string, string>>): Promise<StablePorts> {
  const ports = new StablePorts({ ...LIMITS, roots: machine.roots, links: [] });
  for (const [name, path] of Object.entries(links)) {
    const listener = new Recorder();
    const channel = ports.opener({
      name,
      path,
      baudRate: 115_200,
      dataBits: 8,
      parity: 'none',
      stopBits: 1,
      rs485: undefined,
    })(listener);
    onTestFinished(() => channel.close('over'));
    await listener.untilOpen();
  }
  return ports;
}

async function plug(machine: FakeMachine, count = 1): Promise<Adapter> {
  const ttys: Record<string, string> = {};
  for (let number = 0; number < count; number += 1) {
    const pty = await openPty();
    onTestFinished(() => pty.hangUp());
    ttys[`ttyUSB${number}`] = pty.path;
  }
  const adapter = { at: '1-1', serial: 'A9001', ttys };
  machine.plug(adapter);
  return adapter;
}

it('makes the kernel remove the adapter and detect it again', async () => {
  const machine = new FakeMachine();
  await plug(machine);
  const ports = await openLinks(machine, { meters: 'usb:0403:6001:A9001:00' });
  const file = join(machine.adapterFolder('1-1'), 'authorized');
  const seen = new Set<string>();
  const watcher = watch(file, () => seen.add(readFileSync(file, 'utf8').trim()));
  onTestFinished(() => watcher.close());
  expect(await careOf(ports, 'meters').reauthorise()).toBe('USB adapter Maker UART replugged');
  expect(seen).toContain('0');
  expect(readFileSync(file, 'utf8')).toBe('1');
});

it('does not replug an adapter with another link', async () => {
  const machine = new FakeMachine();
  await plug(machine, 2);
  const ports = await openLinks(machine, { meters: 'usb:0403:6001:A9001:00', pumps: 'usb:0403:6001:A9001:01' });
  await expect(careOf(ports, 'meters').reauthorise()).rejects.toThrow('the adapter also carries link pumps');
});

it('does not authorise an adapter that another program has deauthorised', async () => {
  const machine = new FakeMachine();
  await plug(machine);
  const ports = await openLinks(machine, { meters: 'usb:0403:6001:A9001:00' });
  writeFileSync(join(machine.adapterFolder('1-1'), 'authorized'), '0\n');
  await expect(careOf(ports, 'meters').reauthorise()).rejects.toThrow('another program has deauthorised the adapter');
});

it('reports the missing part: no port, no adapter, no lines', async () => {
  const machine = new FakeMachine();
  const { ttys } = await plug(machine);
  const ports = await openLinks(machine, { pty: ttys.ttyUSB0 ?? '' });
  await expect(careOf(ports, 'nobody').toggle()).rejects.toThrow('the link has no port now');
  await expect(careOf(ports, 'pty').reauthorise()).rejects.toThrow('is not a USB adapter');
  // A PTY has no DTR: ENOTTY (25) or EINVAL (22), depending on the kernel version.
  await expect(careOf(ports, 'pty').toggle()).rejects.toThrow(/ioctl failed with errno (22|25)/);
});
