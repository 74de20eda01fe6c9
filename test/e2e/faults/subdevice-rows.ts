/** Faults of the subdevices. */
import { onTestFinished } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { openUnits, simulatedUnit } from '../simulated-units.ts';
import { until } from '../until.ts';
import type { FaultRow } from './fault-row.ts';
import { openScene } from './fault-scene.ts';
import { linesLink, modbusLink, mqttsnLink, openLine, startBabbler, startSubdevice } from './subdevice-lines.ts';

const INNOCENT = [/log of the hub/, /client_id/, /password/i, /SD card/, /is in use/, /Plug the adapter/];

export const SUBDEVICE_ROWS: readonly FaultRow[] = [
  {
    area: 'subdevices',
    name: 'Two subdevices have the same id',
    isLong: true,
    inject: async () => {
      const [north, south] = [await openLine(), await openLine()];
      const links = `${mqttsnLink('north', north.path, 'a', 'b')}[[link]]\nname = "south"\npath = "${south.path}"\nsubdevices = ["a"]\n`;
      const scene = await openScene({ links });
      await scene.connect();
      const devices = [startSubdevice('a', north), startSubdevice('a', south)];
      const timer = setInterval(() => devices.forEach((device) => void device.publish('t')), 500);
      onTestFinished(() => clearInterval(timer));
      return scene.injected();
    },
    status: { losing: 'Not yet', condition: 'subdevice-moves', says: ['a', 'north', 'south', 'same id'] },
    doctor: { finding: 'gateway.condition:subdevice-moves', verdict: 'fail', says: ['same id'] },
    neverSays: INNOCENT,
  },
  {
    area: 'subdevices',
    name: 'Two Modbus units have the same address',
    inject: async () => {
      const [first, second] = [simulatedUnit(1), simulatedUnit(1)];
      first.holdings.fill(0x1111);
      second.holdings.fill(0xeeee);
      const path = await openUnits([first, second]);
      return (await openScene({ links: modbusLink('bus', path, { subdevice: 'pump', address: 1 }) })).connect();
    },
    status: { losing: 'Not yet', condition: 'unit-trouble', says: ['pump', 'Two units with one address'] },
    neverSays: INNOCENT,
  },
  {
    area: 'subdevices',
    name: 'A Modbus unit answers with an exception',
    inject: async () => {
      const unit = simulatedUnit(1);
      unit.exceptionTo = () => 2;
      const path = await openUnits([unit]);
      return (await openScene({ links: modbusLink('bus', path, { subdevice: 'pump', address: 1 }) })).connect();
    },
    status: {
      losing: 'Not yet',
      condition: 'unit-trouble',
      says: ['pump', 'illegal data address', 'does not have this register'],
    },
    neverSays: [...INNOCENT, /two units/, /termination/],
  },
  {
    area: 'subdevices',
    name: 'A client with an unknown id connects',
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a') });
      await scene.connect();
      startSubdevice('pump-9', pty);
      return scene.injected();
    },
    status: {
      losing: 'Not yet',
      condition: 'link-foreign-device',
      says: ['pump-9', 'add this one to the configuration'],
    },
    doctor: { finding: 'gateway.subdevices', verdict: 'warn', says: ['a on link field', 'pump-9'] },
    neverSays: [...INNOCENT, /swapped/, /baud/],
  },
  {
    area: 'subdevices',
    name: 'A device of another driver is on the port',
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a') });
      await scene.connect();
      await startBabbler(pty, () => Buffer.from('temperature 21.5 humidity 40\r\n'));
      return scene.injected();
    },
    status: { losing: 'Not yet|Yes', condition: 'link-other-protocol', says: ['looks like', 'lines'] },
    doctor: { finding: 'gateway.subdevices', verdict: 'warn', says: ['a on link field', 'looks like'] },
    neverSays: [...INNOCENT, /termination/],
  },
  {
    area: 'subdevices',
    name: 'A device floods its line',
    isLong: true,
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({
        links: linesLink('text', pty.path, 'meter'),
        outbox: { messages_max: 500, overflow: 'drop-oldest' },
        hub: { messages_per_s: 10 },
      });
      await scene.connect();
      await startBabbler(pty, () => Buffer.from('T=21.5\n'.repeat(50)));
      return scene.injected();
    },
    status: { losing: 'Yes', condition: 'shedding', says: ['meter', 'full'] },
    neverSays: INNOCENT,
  },
  {
    area: 'subdevices',
    name: 'A device sends malformed packets',
    inject: async () => {
      const pty = await openLine();
      const random = seededRandom(9);
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a') });
      await scene.connect();
      await startBabbler(pty, () => encodeFrame(Uint8Array.from([3, 0xfe, Math.floor(random() * 256)])));
      return scene.injected();
    },
    status: {
      losing: 'Not yet|Yes',
      condition: 'frames-broken',
      says: ['a valid checksum, but no MQTT-SN packet', 'firmware'],
    },
    neverSays: [...INNOCENT, /termination/, /ground wire/],
  },
  {
    area: 'subdevices',
    name: 'A subdevice publishes on a topic that is not its own',
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a') });
      await scene.connect();
      const subdevice = startSubdevice('a', pty);
      await until(() => subdevice.isConnected);
      subdevice.publish('$gateway/operation');
      return scene.injected();
    },
    status: { losing: 'Not yet|Yes', condition: 'uplinks-refused', says: ['a', 'topic'] },
    neverSays: [...INNOCENT, /wire/],
  },
];
