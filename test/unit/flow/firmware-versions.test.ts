import { describe, expect, it } from 'vitest';
import { FirmwareRig } from './firmware-rig.ts';

const HOUR_MS = 3_600_000;

it('the version of a subdevice that stays connected is reported once a day', async () => {
  const rig = new FirmwareRig();
  rig.flow.start();
  rig.up('meter', { kind: 'version', version: '1' });
  for (let hours = 1; hours <= 49; hours += 1) {
    await rig.run(HOUR_MS);
    rig.flow.look();
  }
  const document = { type: 'report_version', report: { version: '1' } };
  expect(rig.reports.map(({ content }) => content)).toEqual([document, document, document]);
});

describe('an offer that may be lost', () => {
  async function rigAfter(lose: (rig: FirmwareRig) => void): Promise<number> {
    const rig = new FirmwareRig();
    rig.flow.start();
    rig.up('meter', { kind: 'version', version: '1' });
    await rig.run(HOUR_MS / 2);
    lose(rig);
    rig.flow.look();
    expect(rig.reports, 'not more than once an hour').toHaveLength(1);
    await rig.run(HOUR_MS / 2);
    rig.flow.look();
    rig.flow.look();
    return rig.reports.length;
  }

  it('because it was shed: the version is reported again within the hour, so that the hub repeats it', async () => {
    expect(await rigAfter((rig) => rig.flow.wasShed('meter', '$ota/update/PRODUCT/meter'))).toBe(2);
    expect(await rigAfter((rig) => rig.flow.wasShed('meter', '$other/PRODUCT/meter')), 'another topic').toBe(1);
  });

  it('because the hub has lost its session: the same', async () => {
    expect(await rigAfter((rig) => rig.flow.hubSessionLost())).toBe(2);
    expect(await rigAfter(() => undefined), 'negative control').toBe(1);
  });
});
