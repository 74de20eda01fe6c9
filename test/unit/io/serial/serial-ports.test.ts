/** The list of ports, their names, and the port that a name refers to. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPort, PORT_NAME, portNameOf, stableNameOf } from '../../../../src/base/serial-port.ts';
import { listPorts } from '../../../../src/io/serial/serial-ports.ts';
import { FakeMachine } from './port-rig.ts';

const FTDI = { at: '1-1', serial: 'A9001', ttys: { ttyUSB0: '/dev/null' } };
const CH340 = { vendor: '1a86', product: '7523' };
const realPath = (path: string) => (path.startsWith('/gone') ? undefined : path);

async function namesOn(machine: FakeMachine): Promise<string[]> {
  const ports = await listPorts(machine.roots);
  return ports.map((port) => stableNameOf(port, ports));
}

async function find(machine: FakeMachine, name: string) {
  const finding = findPort(portNameOf(name), await listPorts(machine.roots), realPath);
  return finding.kind === 'found' ? finding.device.replace(`${machine.roots.dev}/`, '') : finding.kind;
}

describe('the list of ports', () => {
  it('contains every port with hardware behind it, and no other', async () => {
    const machine = new FakeMachine();
    machine.plug(FTDI);
    machine.solder('ttyS0', '4');
    machine.solder('ttyS1', '0');
    const ports = await listPorts(machine.roots);
    expect(ports.map(({ device }) => device.replace(`${machine.roots.dev}/`, ''))).toEqual(['ttyS0', 'ttyUSB0']);
    expect(ports[1]?.usb).toMatchObject({ vendor: '0403', product: '6001', serial: 'A9001', words: 'Maker UART' });
  });

  it('finds the device file of a port by its number, under the name that a container gave it', async () => {
    const machine = new FakeMachine();
    machine.plug({ ...FTDI, ttys: { ttyUSB0: '/dev/null', ttyUSB1: '/dev/zero' } });
    const { sys, dev } = machine.roots;
    writeFileSync(join(sys, 'class/tty/ttyUSB0/dev'), '1:3\n');
    writeFileSync(join(sys, 'class/tty/ttyUSB1/dev'), '1:5\n');
    rmSync(join(dev, 'ttyUSB1'));
    // the number of a port that was passed under the name of another one
    renameSync(join(dev, 'ttyUSB0'), join(dev, 'ttyUSB1'));
    const ports = await listPorts(machine.roots);
    expect(ports.map(({ device, hasFile }) => [device.replace(`${dev}/`, ''), hasFile])).toEqual([
      ['ttyUSB1', true],
      ['ttyUSB1', false],
    ]);
    expect(ports[0]?.usb?.interface).toBe('00');
    expect(await find(machine, 'usb:0403:6001:A9001:00')).toBe('ttyUSB1');
    expect(await find(machine, 'usb:0403:6001:A9001:01')).toBe('absent');
  });

  it('is empty on a machine without ports', async () => {
    expect(await listPorts({ sys: '/gone', dev: '/gone' })).toEqual([]);
  });

  it('distinguishes the ports of one adapter by their interface', async () => {
    const machine = new FakeMachine();
    machine.plug({ at: '1-3', serial: 'QUAD', ttys: { ttyUSB4: '/dev/null', ttyUSB5: '/dev/null' } });
    expect(await namesOn(machine)).toEqual(['usb:0403:6001:QUAD:00', 'usb:0403:6001:QUAD:01']);
    expect(await find(machine, 'usb:0403:6001:QUAD:01')).toBe('ttyUSB5');
  });
});

describe('a stable name', () => {
  it('finds the adapter again under another number, and at another socket', async () => {
    const machine = new FakeMachine();
    machine.plug(FTDI);
    const [name = ''] = await namesOn(machine);
    machine.unplug(FTDI);
    expect(await find(machine, name)).toBe('absent');
    machine.plug({ ...FTDI, at: '1-4', ttys: { ttyUSB7: '/dev/null' } });
    expect(await find(machine, name)).toBe('ttyUSB7');
  });

  it('is the socket for an adapter without a serial number, for any adapter at that socket', async () => {
    const machine = new FakeMachine();
    machine.plug({ ...CH340, at: '1-1', ttys: { ttyUSB0: '/dev/null' } });
    expect(await namesOn(machine)).toEqual(['by-path:platform-usb-0:1-1:1.0-port0']);
    expect(await find(machine, 'by-path:platform-usb-0:1-1:1.0-port0')).toBe('ttyUSB0');
  });

  it('is the socket for two adapters with the same serial number, and that number finds neither', async () => {
    const machine = new FakeMachine();
    machine.plug({ ...FTDI, serial: '0001' });
    machine.plug({ at: '1-2', serial: '0001', ttys: { ttyUSB1: '/dev/null' } });
    expect(await namesOn(machine)).toEqual([
      'by-path:platform-usb-0:1-1:1.0-port0',
      'by-path:platform-usb-0:1-2:1.0-port0',
    ]);
    expect(await find(machine, 'usb:0403:6001:0001:00')).toBe('ambiguous');
  });

  it('below by-id finds neither of two adapters that udev cannot distinguish, and finds a single one', async () => {
    const machine = new FakeMachine();
    const byId = '/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0';
    const leadsTo = (path: string) => (path === byId ? `${machine.roots.dev}/ttyUSB1` : undefined);
    machine.plug({ ...CH340, at: '1-2', ttys: { ttyUSB1: '/dev/null' } });
    expect(findPort(portNameOf(byId), await listPorts(machine.roots), leadsTo).kind).toBe('found');
    machine.plug({ ...CH340, at: '1-1', ttys: { ttyUSB0: '/dev/null' } });
    expect(findPort(portNameOf(byId), await listPorts(machine.roots), leadsTo)).toMatchObject({
      kind: 'ambiguous',
      why: expect.stringContaining('name the port by its position'),
    });
  });

  it('can be any path, which is followed', async () => {
    const machine = new FakeMachine();
    expect(await find(machine, '/dev/pts/7')).toBe('/dev/pts/7');
    expect(await find(machine, '/gone/away')).toBe('absent');
  });

  it.each([
    ['/dev/ttyAMA0', true],
    ['usb:1a86:7523::00', true],
    ['usb:303a:1001:34:85:18:AA:BB:CC:00', true],
    ['by-path:platform-usb-0:1.2:1.0-port0', true],
    ['usb:1a86:7523', false],
    ['usb:1A86:7523:x:00', false],
    ['by-path:a/b', false],
    ['ttyUSB0', false],
  ])('%s is a stable name: %s', (name, isOne) => {
    expect(PORT_NAME.test(name)).toBe(isOne);
  });
});
