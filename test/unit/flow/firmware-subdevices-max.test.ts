/** Largest number of subdevices with records of firmware. */
import { expect, it } from 'vitest';
import { FirmwareRig } from './firmware-rig.ts';

it('the version of one more than 4,096 is rejected, unless one that is away can be forgotten', async () => {
  const rig = new FirmwareRig();
  for (let n = 0; n < 4096; n++) rig.up(`old-${n}`, { kind: 'version', version: '1' });
  const rejected = rig.up('new', { kind: 'version', version: '1' });
  expect(rig.refused, 'all are present').toEqual([rejected]);
  rig.attach('old-7').isAttached = false;
  const accepted = rig.up('new', { kind: 'version', version: '1' });
  await rig.run(2000);
  expect(rig.refused).toEqual([rejected]);
  expect(rig.acknowledged).toContain(accepted);
  expect(rig.flow.views().filter(({ subdevice }) => ['old-7', 'new'].includes(subdevice))).toHaveLength(1);
});
