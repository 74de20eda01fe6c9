/** A meter that is read out by IEC 62056-21 behind ser2net with RFC 2217, which changes the speed of the port. */
import { expect, it } from 'vitest';
import { ReadoutMeter } from '../../src/bench/subdevices/readout-meter.ts';
import { findPort } from './any-broker.ts';
import { DeviceServer, SER2NET_IS_MISSING } from './device-server.ts';
import { exampleOf, openTalkingTestbed } from './talking-testbed.ts';
import { TlsFolder } from './tls-rig.ts';
import { until } from './until.ts';

it.skipIf(SER2NET_IS_MISSING)(
  'the device server changes the speed, and the meter is read out again and again',
  async () => {
    const config = exampleOf('A meter behind an optical head')
      .replace('data_bits = 7\nparity = "even"\n', '')
      .replace('line_bytes_max = 8192\n', 'line_bytes_max = 8192\nbit_7 = "even"\n')
      .replace('every_ms = 60000', 'every_ms = 1000');
    const speeds: number[] = [];
    const { arrivals } = await openTalkingTestbed(
      config,
      (pty) =>
        new ReadoutMeter({
          ...{ identification: '/ISk5MT174-0001', address: '', reactionMs: 20, waitsForSpeed: true },
          portSpeed: () => pty.baudRate,
          fault: () => {
            speeds.push(pty.baudRate);
            return undefined;
          },
          dataOf: (number) => `0-0:0.0.0*255(61234567)\r\n1-0:1.8.0*255(${number}.4*kWh)\r\n`,
        }),
      async (pty) => {
        const port = await findPort();
        const ports = [{ device: pty.path, port, protocol: 'rfc2217' }] as const;
        await new DeviceServer({ program: 'ser2net', folder: new TlsFolder().path, ports }).start();
        return `rfc2217://127.0.0.1:${port}`;
      },
    );
    await until(() => arrivals.length >= 3);
    expect(speeds.slice(0, 4)).toEqual([300, 9600, 300, 9600]);
  },
);
