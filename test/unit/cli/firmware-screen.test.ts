/** `holdfast firmware` on a terminal of 80 columns, and its commands. */
import { expect, it } from 'vitest';
import type { FirmwareView } from '../../../src/base/firmware.ts';
import { changeFirmware, firmwareLines, showFirmware } from '../../../src/cli/show-firmware.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { startAdministration } from '../../../src/ops/api/administration.ts';
import { firmwareReportOf } from '../../../src/ops/reports/firmware-updates-report.ts';
import { withControl } from '../ops/api/control-rig.ts';
import { FIRMWARE } from '../ops/api/firmware-sample.ts';

const WIDTH = 80;

function screen(lines: string[] = []): Terminal {
  return {
    ...{ width: WIDTH, isScreen: true, tone: (_tone, text) => text },
    print: (line) => void lines.push(...line.split('\n')),
  };
}

const contextOf = (socketPath: string, lines: string[], asJson = false) => ({
  ...{ terminal: screen(lines), configPath: '/nowhere/holdfast.toml', socketPath, asJson },
});

it('shows a row for each subdevice, and below it rates, remaining times and failures', async () => {
  await withControl(async ({ socketPath }) => {
    const lines: string[] = [];
    expect(await showFirmware(contextOf(socketPath, lines))).toBe(0);
    expect(lines).toEqual([
      'subdevice  running  offered  step            progress',
      'meter-1    1.2      1.3      failed           692 KiB',
      'pump-7     1.2      1.3      sending  45 % of 692 KiB',
      '',
      'meter-1 could not be updated to 1.3 in 2 attempts: the subdevice still runs 1.2',
      '        after the installation.',
      'meter-1 got an offer of 1.3 that was rejected: the update to 1.3 has failed',
      '        before. Offer another version at the hub, or try again: sudo holdfast',
      '        firmware retry meter-1.',
      'pump-7 gets 2.0 KiB/s, complete in about 3 min.',
    ]);
  });
});

it('prints the same as JSON', async () => {
  await withControl(async ({ socketPath }) => {
    const lines: string[] = [];
    await showFirmware(contextOf(socketPath, lines, true));
    expect(JSON.parse(lines[0] ?? '')).toEqual({ schema: 'holdfast/firmware/1', ...FIRMWARE });
  });
});

it('fits with the longest names, versions, steps and numbers', () => {
  const long: FirmwareView = {
    ...{ subdevice: 'x'.repeat(64), running: '1'.repeat(64) },
    rejected: { kind: 'invalid', version: '3'.repeat(64), reason: 'z'.repeat(300) },
    update: {
      ...{ version: `v${'2'.repeat(63)}`, step: 'waiting for the subdevice', size: 1023 * 2 ** 20 },
      ...{ downloadedBytes: 1023 * 2 ** 20, confirmedBytes: 1023 * 2 ** 20, bytesPerS: 1, attempts: 999 },
      ...{ failure: { kind: 'not updated', reason: `\u001b[2J${'y'.repeat(300)}` }, isReported: false },
    },
  };
  const lines = firmwareLines(firmwareReportOf(true, [long]).subdevices, screen()).flatMap((line) => line.split('\n'));
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(WIDTH);
  expect(lines.join('\n')).not.toContain('\u001b');
  expect(lines.join('\n')).toContain('waiting for the subdevice');
});

it('sends the commands to the administrative socket, and shows what follows', async () => {
  await withControl(async ({ socketPath }) => {
    const [answer] = FIRMWARE.subdevices;
    const asked: unknown[] = [];
    const command = (name: string) => async (body: object) => {
      asked.push([name, body]);
      return answer;
    };
    const commands = { 'firmware.retry': command('retry'), 'firmware.cancel': command('cancel') };
    const administration = await startAdministration({ controlSocket: socketPath, commands });
    try {
      const lines: string[] = [];
      await changeFirmware(contextOf(socketPath, lines), 'retry', 'meter-1');
      await changeFirmware(contextOf(socketPath, lines), 'cancel', 'meter-1');
      expect(asked).toEqual([
        ['retry', { subdevice: 'meter-1' }],
        ['cancel', { subdevice: 'meter-1' }],
      ]);
      expect(lines).toEqual([
        'The update of meter-1 to 1.3 goes on: failed.',
        'The update of meter-1 to 1.3 is cancelled.',
      ]);
    } finally {
      await administration.close();
    }
  });
});
