/** Checks of the medium, on invented files of the kernel for the device of this folder. */
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { runCheck } from '../../../src/doctor/check.ts';
import type { DoctorInput } from '../../../src/doctor/doctor-input.ts';
import { storageContent, storageMedium, storageSpace } from '../../../src/doctor/storage-checks.ts';
import { openInput } from './doctor-rig.ts';

/** Disk mmcblk0 with a partition, which holds the state directory. */
function openCard(lifeTime: string, errors = '0'): DoctorInput {
  const input = openInput({
    'sys/devices/mmcblk0/device/life_time': `${lifeTime}\n`,
    'sys/devices/mmcblk0/device/pre_eol_info': '0x01\n',
    'sys/devices/mmcblk0/queue/write_cache': 'write back\n',
    'sys/devices/mmcblk0/mmcblk0p2/uevent': 'MAJOR=179\nDEVNAME=mmcblk0p2\n',
    'sys/fs/ext4/mmcblk0p2/errors_count': `${errors}\n`,
    'state/file': '',
  });
  const { sys } = input.machine;
  const stateDir = join(dirname(sys), 'state');
  const { dev } = statSync(stateDir);
  const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
  mkdirSync(join(sys, 'dev/block'), { recursive: true });
  symlinkSync(join(sys, 'devices/mmcblk0/mmcblk0p2'), join(sys, 'dev/block', number));
  writeFileSync(join(stateDir, 'file'), 'x');
  return { ...input, places: { ...input.places, stateDir } };
}

it('a worn eMMC is reported, also if the store is on a partition', async () => {
  expect(await runCheck(storageMedium, openCard('0x01 0x02'))).toMatchObject([{ verdict: 'ok' }]);
  const [worn] = await runCheck(storageMedium, openCard('0x0b 0x02'));
  expect(worn).toMatchObject({ verdict: 'warn' });
  expect(worn?.facts.join(' ')).toContain('cache "write back", life time 0x0b 0x02');
});

it('errors that the kernel has counted are a failure', async () => {
  expect(await runCheck(storageMedium, openCard('0x01 0x01', '3'))).toMatchObject([{ verdict: 'fail' }]);
});

it('a folder that does not exist yet is no failure', async () => {
  const input = openInput({});
  const missing = { ...input, places: { ...input.places, stateDir: join(input.machine.sys, 'nowhere') } };
  for (const check of [storageSpace, storageContent]) {
    const [finding] = await runCheck(check, missing);
    expect(finding).toMatchObject({ verdict: 'skipped' });
    expect(finding?.facts[0]).toContain('does not exist yet');
  }
});
