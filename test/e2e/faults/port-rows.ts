/** Faults of the serial ports and lines. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { openUnits, simulatedUnit } from '../simulated-units.ts';
import { until } from '../until.ts';
import type { FaultRow } from './fault-row.ts';
import { openScene } from './fault-scene.ts';
import { linesLink, modbusLink, mqttsnLink, openLine, startBabbler, startSubdevice } from './subdevice-lines.ts';

const NOT_THE_HUB = [/log of the hub/, /client_id/, /password/i, /SD card/];
const NEEDS_ROOT = process.geteuid?.() === 0 ? undefined : 'root';
const LOST_BYTES = fileURLToPath(new URL('../gateway-with-lost-bytes.ts', import.meta.url));
/** Number of a user without groups (Debian's last). */
const NOBODY = 65_534;

export const PORT_ROWS: readonly FaultRow[] = [
  {
    area: 'ports',
    name: 'The adapter of a link is missing',
    inject: async () => (await openScene({ links: mqttsnLink('field', '/dev/ttyUSB77', 'a') })).connect(),
    status: {
      losing: 'Not yet',
      condition: 'link-down',
      says: ['/dev/ttyUSB77', 'Plug the adapter in', /holdfast .*ports/],
    },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: ['/dev/ttyUSB77', 'Plug the adapter in'] },
    neverSays: [/group/, /is in use/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'The gateway may not open a port',
    missing: NEEDS_ROOT,
    inject: async () => {
      const pty = await openLine();
      chmodSync(pty.path, 0o600);
      const launcher = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a'), launcher });
      mkdirSync(scene.stateDir, { mode: 0o700 });
      for (const path of [scene.folder, scene.configPath, scene.stateDir]) chownSync(path, NOBODY, NOBODY);
      return scene.connect();
    },
    status: { losing: 'Not yet', condition: 'link-down', says: ['may not open', 'group'] },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: ['may not open', 'group'] },
    neverSays: [/is in use/, /Plug the adapter/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'The driver of a port cannot switch RS-485',
    inject: async () => {
      const pty = await openLine();
      const links = mqttsnLink('field', pty.path, 'a').replace('name', 'rs485 = "rts-on-send"\nname');
      return (await openScene({ links })).connect();
    },
    status: { losing: 'Not yet', condition: 'link-down', says: ['cannot switch RS-485 by RTS', 'rs485 = "none"'] },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: ['cannot switch RS-485'] },
    // without the lock of the gateway the doctor finds this test, which keeps its line open (`bench/pty.ts`)
    neverSays: [/Plug the adapter/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'Another program holds the port',
    inject: async () => {
      const pty = await openLine();
      const holder = spawn('flock', [pty.path, 'sleep', '600'], { stdio: 'ignore' });
      onTestFinished(() => void holder.kill('SIGKILL'));
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a') });
      return scene.connect();
    },
    status: {
      losing: 'Not yet',
      condition: 'link-down',
      says: [/is in use by \S+ \(process \d+\)/, 'Stop that program'],
    },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: [/is in use by/] },
    neverSays: [/group/, /Plug the adapter/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'Two ports of MQTT-SN links are swapped',
    inject: async () => {
      const [north, south] = [await openLine(), await openLine()];
      const links = `${mqttsnLink('north', north.path, 'a')}${mqttsnLink('south', south.path, 'b')}`;
      const scene = await openScene({ links });
      await scene.connect();
      startSubdevice('b', north);
      startSubdevice('a', south);
      return scene.injected();
    },
    status: { losing: 'Not yet', condition: 'link-foreign-device', says: ['north', 'south', 'are swapped'] },
    doctor: { finding: 'link.swapped', verdict: 'fail', says: ['north', 'south', 'Swap'] },
    neverSays: [/is in use/, /baud/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'Two ports of links with different drivers are swapped',
    inject: async () => {
      const [text, packets] = [await openLine(), await openLine()];
      const links = `${linesLink('text', text.path, 'meter')}${mqttsnLink('field', packets.path, 'a')}`;
      const scene = await openScene({ links });
      await scene.connect();
      startSubdevice('a', text);
      await startBabbler(packets, () => Buffer.from('T=21.5\n'));
      return scene.injected();
    },
    status: { losing: 'Not yet|Yes', condition: 'link-other-protocol', says: ['looks like', 'are swapped'] },
    doctor: { finding: 'link.swapped', verdict: 'fail', says: ['text', 'field', 'Swap'] },
    neverSays: [/is in use/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'The line has another speed',
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({ links: linesLink('text', pty.path, 'meter') });
      await scene.connect();
      // text at 9600 baud read at 115200 baud: each bit becomes a run of twelve
      await startBabbler(pty, () =>
        Buffer.from([0xff, 0x00, 0xf8, 0xff, 0x00, 0xe0, 0x00, 0xff, 0x80, 0x00, 0xfc, 0xff]),
      );
      return scene.injected();
    },
    status: { losing: 'Not yet|Yes', condition: 'link-out-of-order', says: ['lower speed', 'baud_rate'] },
    neverSays: [/is in use/, /Plug the adapter/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'The line carries noise',
    inject: async () => {
      const pty = await openLine();
      const random = seededRandom(7);
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a') });
      await scene.connect();
      await startBabbler(pty, () => Uint8Array.from({ length: 24 }, () => Math.floor(random() * 256)));
      return scene.injected();
    },
    status: { losing: 'Not yet|Yes', condition: 'frames-broken', says: ['field', 'speed', 'ground wire'] },
    doctor: { finding: 'link.line:field', verdict: 'fail', says: ['broken'] },
    neverSays: [/is in use/, /Plug the adapter/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'The adapter of a Modbus line echoes, and echo is "off"',
    inject: async () => {
      const path = await openUnits([simulatedUnit(1)], true);
      const links = modbusLink('bus', path, { subdevice: 'pump', address: 1 }).replace(
        'driver',
        'echo = "off"\ndriver',
      );
      return (await openScene({ links })).connect();
    },
    status: { losing: 'Not yet', condition: 'unit-trouble', says: ['pump', 'echoes what is sent', 'echo = "auto"'] },
    neverSays: [/is in use/, /Plug the adapter/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'A Modbus line is silent',
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({ links: modbusLink('bus', pty.path, { subdevice: 'pump', address: 1 }) });
      return scene.connect();
    },
    status: { losing: 'Not yet', condition: 'subdevice-silent', says: ['pump', 'power'] },
    doctor: { finding: 'gateway.subdevices', verdict: 'warn', says: ['pump'] },
    neverSays: [/is in use/, /Plug the adapter/, /echo/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'An MQTT-SN line is silent',
    inject: async () => (await openScene()).connect(),
    doctor: { finding: 'gateway.subdevices', verdict: 'warn', says: ['a on link field', 'nothing received', 'power'] },
    neverSays: [/is in use/, /Plug the adapter/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'The kernel has lost bytes of a port',
    isLong: true,
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a'), program: LOST_BYTES });
      return scene.connect();
    },
    doctor: { finding: 'link.port:field', verdict: 'warn', says: ['52 bytes lost'] },
    neverSays: [/is in use/, /Plug the adapter/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'A USB adapter is unplugged while the gateway runs',
    inject: async () => {
      const pty = await openLine();
      const scene = await openScene({ links: mqttsnLink('field', pty.path, 'a') });
      await scene.connect();
      const subdevice = startSubdevice('a', pty);
      await until(() => subdevice.isConnected);
      await pty.hangUp();
      return scene.injected();
    },
    status: { losing: 'Not yet', condition: 'link-down', says: ['link field'.slice(5), /adapter/] },
    doctor: { finding: 'link.port:field', verdict: 'fail', says: [/adapter/i] },
    neverSays: [/group/, /baud/, ...NOT_THE_HUB],
  },
  {
    area: 'ports',
    name: 'One of two units on a line has another speed',
    isLong: true,
    inject: async () => {
      const path = await openUnits([simulatedUnit(1)]);
      const links = modbusLink('bus', path, { subdevice: 'pump', address: 1 }, { subdevice: 'fan', address: 2 });
      return (await openScene({ links })).connect();
    },
    status: { losing: 'Not yet', condition: 'subdevice-silent', says: ['fan', 'other units of the link answer'] },
    neverSays: [/pump has not/, /is in use/, ...NOT_THE_HUB],
  },
];
