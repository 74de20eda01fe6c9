/** Firmware updates that are off: messages of subdevices, and what an earlier process has left. */
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { FIRMWARE_UP } from '../../../src/codec/firmware-messages.ts';
import type { LinkCommand } from '../../../src/flow/links.ts';
import { passOn, type ReportedTo } from '../../../src/flow/reports.ts';
import { digestOf } from '../../sim/memory-firmware.ts';
import { FirmwareRig } from './firmware-rig.ts';

const URL = 'https://images.example/meter-2.bin';
const IMAGE = new Uint8Array(randomBytes(3000));
const FILTER = '$ota/update/PRODUCT/meter';

it('without firmware updates a message about firmware is rejected, and is no uplink that counts', () => {
  const commands: LinkCommand[] = [];
  const offered: string[] = [];
  const to = {
    firmware: undefined,
    command: (_link: string, command: LinkCommand) => commands.push(command),
    uplink: { offer: (_link: string, { topic }: { readonly topic: string }) => offered.push(topic) },
    underWay: { handle: (_message: unknown, act: () => void) => act() },
  } as unknown as ReportedTo;
  const uplink = { kind: 'uplink', subdevice: 'meter', payload: Uint8Array.of(1, 0x31) } as const;
  passOn(to, 'bus', { ...uplink, topic: FIRMWARE_UP, qos: 1, token: 7 });
  passOn(to, 'bus', { ...uplink, topic: FIRMWARE_UP, qos: 0, token: undefined });
  passOn(to, 'bus', { ...uplink, topic: 't', qos: 0, token: undefined });
  expect(commands).toEqual([{ kind: 'refuse', subdevice: 'meter', token: 7, why: 'not supported' }]);
  expect(offered, 'negative control: another topic is an uplink').toEqual(['t']);
});

/** Rig with a subdevice that waits for the complete image, and one whose update is done and not reported. */
async function rigWithUpdates(): Promise<FirmwareRig> {
  const rig = new FirmwareRig();
  const { md5, size } = digestOf(IMAGE);
  const offer = { type: 'update_firmware', version: '2', url: URL, md5sum: md5, file_size: size };
  rig.disk.served.set(URL, IMAGE);
  rig.flow.start();
  for (const id of ['meter', 'other']) {
    rig.up(id, { kind: 'version', version: '1' });
    rig.offer(id, offer);
  }
  await rig.run(2000);
  rig.outbox = 'is full';
  rig.up('other', { kind: 'version', version: '2' });
  await rig.run(1000);
  return rig;
}

it('updates that are switched off end the subscriptions, and leave no image on the disk', async () => {
  const rig = await rigWithUpdates();
  expect(rig.disk.imagesOnDisk, 'negative control').toBe(1);
  rig.switchOff();
  await rig.run(1000);
  expect(rig.releasedFilters).toEqual([FILTER, '$ota/update/PRODUCT/other']);
  expect(rig.registry.byId('meter')?.subscriptions.size).toBe(0);
  expect(rig.disk.imagesOnDisk).toBe(0);
});

it('updates that are on again continue, and the state that was not reported is reported', async () => {
  const rig = await rigWithUpdates();
  rig.switchOff();
  await rig.run(1000);
  rig.outbox = 'takes';
  rig.restart();
  await rig.run(2000);
  expect(rig.flow.views()).toMatchObject([
    { subdevice: 'meter', running: '1', update: { version: '2', step: 'waiting for the subdevice' } },
    { subdevice: 'other', running: '2', update: { version: '2', step: 'done', isReported: true } },
  ]);
  expect(rig.disk.servedBytes, 'the image was downloaded again').toBe(2 * IMAGE.length);
  rig.up('meter', { kind: 'version', version: '1' });
  expect(rig.requestedFilters.filter((filter) => filter === FILTER)).toHaveLength(2);
});

it('a subscription that the subdevice itself makes while updates are off stays, and so do its offers', async () => {
  const rig = await rigWithUpdates();
  rig.switchOff();
  await rig.run(1000);
  const subdevice = rig.attach('meter');
  rig.registry.subscribe(subdevice, FILTER, 1);
  rig.releasedFilters.length = 0;
  const off = rig.switchOff();
  await rig.run(1000);
  expect(rig.releasedFilters).toEqual([]);
  expect(off.takes(subdevice, '$ota/update', IMAGE, () => undefined)).toBe(false);
  expect(off.wasShed('meter', FILTER)).toBe(false);
});

it('offers that were in custody leave it, and are no loss', async () => {
  const rig = await rigWithUpdates();
  const off = rig.switchOff();
  let isSafe = false;
  const safe = (): void => {
    isSafe = true;
  };
  expect(off.takes(rig.attach('meter'), '$ota/update', IMAGE, safe)).toBe(true);
  expect(isSafe).toBe(true);
  expect(off.wasShed('meter', FILTER)).toBe(true);
  expect(off.takes(rig.attach('meter'), 'set', IMAGE, safe), 'negative control: another topic').toBe(false);
  expect(off.takes(rig.attach('third'), '$ota/update', IMAGE, safe), 'negative control: no updates').toBe(false);
});

it('another topic of offers ends the subscription of the earlier one', async () => {
  const rig = await rigWithUpdates();
  rig.restart({ offerTopic: 'firmware/offer' });
  await rig.run(1000);
  expect(rig.releasedFilters).toEqual([FILTER, '$ota/update/PRODUCT/other']);
  rig.up('meter', { kind: 'version', version: '1' });
  expect(rig.requestedFilters.at(-1)).toBe('PRODUCT/meter/firmware/offer');
  rig.restart();
  await rig.run(1000);
  expect(rig.releasedFilters, 'the same topic stays subscribed').toHaveLength(2);
});

it('a subscription is released after a crash before its record was written', async () => {
  const rig = await rigWithUpdates();
  rig.disk.writeProblem = 'no space left';
  rig.switchOff();
  await rig.run(1000);
  expect(rig.disk.records[0]?.offers?.isActive, 'negative control: the record is old').toBe(true);
  rig.disk.writeProblem = undefined;
  rig.switchOff();
  await rig.run(1000);
  expect(rig.disk.records.map(({ offers }) => offers?.isActive)).toEqual([false, false]);
});
