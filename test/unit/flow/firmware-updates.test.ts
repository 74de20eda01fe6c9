import { describe, expect, it } from 'vitest';
import { CANCELLED, newRecord } from '../../../src/base/firmware.ts';
import { digestOf } from '../../sim/memory-firmware.ts';
import { CRC, type FirmwareRig, IMAGE, offerOf, rigWith, SPEED, statesOf, URL } from './firmware-rig.ts';

const HOUR_MS = 3_600_000;

/** Pulls the whole image as a subdevice does. @returns the octets */
async function pull(rig: FirmwareRig, id = 'meter', chunkBytes = 100): Promise<Uint8Array> {
  const got = new Uint8Array(IMAGE.length);
  for (let offset = 0; offset < IMAGE.length; ) {
    const before = rig.down(id).length;
    rig.up(id, { kind: 'get', isAgain: false, window: 4, chunkBytes, image: CRC, offset });
    await rig.run(4 * 1000);
    for (const message of rig.down(id).slice(before)) {
      if (message.kind !== 'chunk' || message.offset !== offset) continue;
      got.set(message.octets, offset);
      offset += message.octets.length;
    }
  }
  return got;
}

describe('an update', () => {
  it('goes from the offer over the transfer to the new version, and the hub gets each state', async () => {
    const rig = rigWith();
    expect(rig.requestedFilters).toEqual(['$ota/update/PRODUCT/meter']);
    const offer = rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    expect(offer).toEqual({ isTaken: true, isSafe: true });
    expect(rig.down('meter')).toEqual([
      { kind: 'offer', image: CRC, size: IMAGE.length, md5: digestOf(IMAGE).md5, version: '2' },
    ]);
    expect(await pull(rig)).toEqual(IMAGE);
    rig.up('meter', { kind: 'state', state: 'received', image: CRC, reason: '' });
    await rig.run(1000);
    expect(rig.flow.views()[0]?.update?.step).toBe('installing');
    rig.up('meter', { kind: 'version', version: '2' });
    await rig.run(1000);
    const states = statesOf(rig);
    expect(states.slice(0, 2)).toEqual(['version 1', 'downloading 0 0']);
    expect(states.slice(-3)).toEqual(['burning 100 0', 'version 2', 'done 100 0']);
    expect(rig.flow.views()).toMatchObject([
      { running: '2', update: { step: 'done', isReported: true, failure: undefined } },
    ]);
    expect(rig.disk.imagesOnDisk, 'no update needs the image').toBe(0);
    expect(rig.acknowledged.length, 'every message of the subdevice was acknowledged').toBe(
      rig.reports.length === 0 ? -1 : rig.acknowledged.at(-1),
    );
  });

  it('sends chunks at most at the share of the line', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    await pull(rig);
    const chunks = (rig.sent.get('meter') ?? []).filter(({ message }) => message.kind === 'chunk');
    const gaps = chunks.slice(1).map(({ atMs }, index) => atMs - (chunks[index]?.atMs ?? 0));
    // 100 octets, 9 of the message and those of the frame at half of 960 octets per second
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(((100 + 9) * 1000) / (SPEED / 2));
  });

  it('follows a change of the speed of the line', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.up('meter', { kind: 'get', isAgain: false, window: 2, chunkBytes: 100, image: CRC, offset: 0 });
    await rig.run(2000);
    rig.speed = SPEED / 8;
    rig.up('meter', { kind: 'get', isAgain: false, window: 8, chunkBytes: 100, image: CRC, offset: 200 });
    await rig.run(4000);
    const chunks = (rig.sent.get('meter') ?? []).filter(({ message }) => message.kind === 'chunk');
    const gaps = chunks.slice(3).map(({ atMs }, index) => atMs - (chunks[index + 2]?.atMs ?? 0));
    expect(gaps.length).toBeGreaterThan(0);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(((100 + 9) * 1000) / (SPEED / 8 / 2));
  });

  it('sends no chunk while a downlink waits', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.busy.add('meter');
    rig.up('meter', { kind: 'get', isAgain: false, window: 4, chunkBytes: 100, image: CRC, offset: 0 });
    await rig.run(10_000);
    expect(rig.down('meter').filter(({ kind }) => kind === 'chunk')).toEqual([]);
    rig.busy.clear();
    rig.deliver(rig.attach('meter').lane);
    await rig.run(2000);
    expect(rig.down('meter').filter(({ kind }) => kind === 'chunk')).toHaveLength(4);
  });

  it('continues where the subdevice is after a restart of the gateway', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.restart();
    rig.up('meter', { kind: 'version', version: '1' });
    rig.up('meter', { kind: 'get', isAgain: true, window: 2, chunkBytes: 100, image: CRC, offset: 1500 });
    await rig.run(3000);
    expect(rig.disk.servedBytes, 'the image is not downloaded again').toBe(IMAGE.length);
    expect(rig.down('meter').flatMap((message) => (message.kind === 'chunk' ? [message.offset] : []))).toEqual([
      1500, 1600,
    ]);
  });

  it('a lost chunk is sent again when the subdevice says so, and only then', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    const get = { kind: 'get', window: 2, chunkBytes: 100, image: CRC } as const;
    rig.up('meter', { ...get, isAgain: false, offset: 0 });
    await rig.run(3000);
    rig.up('meter', { ...get, isAgain: false, offset: 100 });
    await rig.run(3000);
    rig.up('meter', { ...get, isAgain: true, offset: 200 });
    await rig.run(3000);
    const offsets = rig.down('meter').flatMap((message) => (message.kind === 'chunk' ? [message.offset] : []));
    expect(offsets).toEqual([0, 100, 200, 200, 300]);
  });

  it('one image for two subdevices is downloaded and stored once', async () => {
    const rig = rigWith();
    rig.up('other', { kind: 'version', version: '1' });
    rig.offer('meter', offerOf(IMAGE));
    rig.offer('other', offerOf(IMAGE, '2', `${URL}?signature=other`));
    await rig.run(2000);
    expect(rig.disk.servedBytes).toBe(IMAGE.length);
    expect(rig.disk.imagesOnDisk).toBe(1);
    expect(rig.down('other').map(({ kind }) => kind)).toEqual(['offer']);
  });

  it('an image that another subdevice already gets is offered at once', async () => {
    const rig = rigWith();
    rig.up('other', { kind: 'version', version: '1' });
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.offer('other', offerOf(IMAGE));
    expect(rig.down('other').map(({ kind }) => kind)).toEqual(['offer']);
    expect(rig.disk.servedBytes).toBe(IMAGE.length);
  });
});

describe('an update that fails', () => {
  it('is reported with the code of the hub until the outbox has the report, also after a restart', async () => {
    const rig = rigWith({ attemptsMax: 1 });
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.outbox = 'is full';
    rig.up('meter', { kind: 'state', state: 'failed', image: CRC, reason: 'flash error' });
    await rig.run(1000);
    rig.restart();
    rig.outbox = 'takes';
    rig.flow.look();
    await rig.run(1000);
    rig.flow.look();
    await rig.run(1000);
    expect(statesOf(rig).filter((state) => state.startsWith('fail'))).toEqual(['fail 0 -5']);
    expect(rig.flow.views()[0]?.update).toMatchObject({ step: 'failed', isReported: true });
  });

  it('the old version after the installation begins the next attempt, up to the limit', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    for (const attempts of [1, 2]) {
      expect(rig.flow.views()[0]?.update).toMatchObject({ step: 'waiting for the subdevice', attempts });
      expect(rig.down('meter').filter(({ kind }) => kind === 'offer')).toHaveLength(attempts);
      rig.up('meter', { kind: 'state', state: 'received', image: CRC, reason: '' });
      rig.connect('meter', '1');
      await rig.run(1000);
    }
    expect(rig.flow.views()[0]?.update).toMatchObject({ step: 'failed', attempts: 2 });
    expect(statesOf(rig).filter((state) => state.startsWith('fail'))).toEqual(['fail 0 -5']);
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    expect(rig.flow.views()[0]?.update?.step).toBe('failed');
    expect(rig.events.at(-1)).toContain('firmwareOfferRejected');
    expect(rig.flow.retry('meter')).toBe('done');
    await rig.run(2000);
    expect(rig.flow.views()[0]?.update).toMatchObject({ step: 'waiting for the subdevice', attempts: 1 });
  });

  it('the old version before the restart is none: it was sent before the installation', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.connect('meter', '1');
    rig.up('meter', { kind: 'state', state: 'received', image: CRC, reason: '' });
    rig.up('meter', { kind: 'version', version: '1' });
    await rig.run(1000);
    rig.restart(); // before the answer to STATE has arrived
    rig.flow.connected('meter');
    rig.up('meter', { kind: 'state', state: 'received', image: CRC, reason: '' });
    rig.up('meter', { kind: 'version', version: '1' });
    expect(rig.flow.views()[0]?.update?.step).toBe('installing');
    rig.connect('meter', '2');
    expect(rig.flow.views()[0]?.update?.step).toBe('done');
  });

  it('the new version after a reported failure is a success after all', async () => {
    const rig = rigWith({ attemptsMax: 1 });
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.up('meter', { kind: 'state', state: 'failed', image: CRC, reason: '' });
    await rig.run(1000);
    rig.up('meter', { kind: 'version', version: '2' });
    await rig.run(1000);
    expect(statesOf(rig).slice(-3)).toEqual(['fail 0 -5', 'version 2', 'done 100 0']);
  });

  it('a wrong digest ends it with code -4', async () => {
    const rig = rigWith();
    rig.disk.served.set(URL, new Uint8Array(IMAGE.length));
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(5000);
    expect(statesOf(rig).at(-1)).toBe('fail 0 -4');
  });

  it('a server that does not answer is tried again, and the update ends when the time is up', async () => {
    const rig = rigWith({ giveUpMs: HOUR_MS });
    rig.disk.served.clear();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(60_000);
    expect(rig.flow.views()[0]?.update).toMatchObject({
      step: 'waiting to download again',
      failure: { kind: 'timed out' },
    });
    await rig.run(HOUR_MS);
    rig.flow.look();
    expect(statesOf(rig).at(-1)).toBe('fail 0 -1');
  });

  it('cancelled by an operator, the subdevice is stopped', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    expect(rig.flow.cancel('meter')).toBe('done');
    expect(rig.flow.cancel('meter')).toBe('already ended');
    expect(rig.flow.cancel('nobody')).toBe('no update');
    expect(rig.down('meter').at(-1)).toEqual({ kind: 'stop', image: CRC });
    await rig.run(1000);
    expect(rig.disk.imagesOnDisk).toBe(0);
  });

  it('cancelled after its failure, it counts as cancelled, without another report to the hub', async () => {
    const rig = rigWith();
    rig.disk.served.set(URL, new Uint8Array(IMAGE.length));
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(5000);
    const before = statesOf(rig);
    expect(rig.flow.cancel('meter')).toBe('done');
    await rig.run(5000);
    expect(rig.flow.views()[0]?.update).toMatchObject({ step: 'failed', failure: CANCELLED });
    expect(statesOf(rig)).toEqual(before);
    expect(rig.flow.cancel('meter')).toBe('already ended');
    expect([rig.flow.retry('meter'), rig.flow.cancel('meter')]).toEqual(['done', 'done']);
  });
});

describe('messages of subdevices', () => {
  it('the filter of offers that has no room at the hub is reported, and the version is acknowledged', async () => {
    const rig = rigWith();
    rig.hasRoom = false;
    const token = rig.up('other', { kind: 'version', version: '1' });
    await rig.run(1000);
    expect(rig.rejectedFilters).toEqual(['other']);
    expect(rig.acknowledged).toContain(token);
  });

  it('that are invalid are rejected and counted', () => {
    const rig = rigWith();
    const token = rig.upBytes('meter', Uint8Array.of(0x7f));
    expect(rig.refused).toEqual([token]);
    expect(rig.discarded[0]).toContain('unknown kind 0x7f');
  });

  it('that ask for an unknown image are stopped', async () => {
    const rig = rigWith();
    rig.up('meter', { kind: 'get', isAgain: false, window: 4, chunkBytes: 100, image: 7, offset: 0 });
    await rig.run(100);
    expect(rig.down('meter')).toEqual([{ kind: 'stop', image: 7 }]);
  });

  it('that ask beyond the end of the image are stopped', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.up('meter', { kind: 'get', isAgain: false, window: 4, chunkBytes: 100, image: CRC, offset: IMAGE.length + 1 });
    await rig.run(100);
    expect(rig.down('meter').at(-1)).toEqual({ kind: 'stop', image: CRC });
  });

  it('the version is reported again at once if the offers were not subscribed: some may be lost', async () => {
    const rig = rigWith();
    rig.connect('meter', '1');
    await rig.run(1000);
    expect(statesOf(rig)).toEqual(['version 1']);
    rig.registry.byId('meter')?.subscriptions.clear(); // a session that ends with its connection
    rig.connect('meter', '1');
    expect(statesOf(rig)).toEqual(['version 1', 'version 1']);
  });

  it('the version is acknowledged when its record is durable', async () => {
    const rig = rigWith();
    expect(rig.acknowledged).toEqual([]);
    await rig.run(100);
    expect(rig.acknowledged).toEqual([1]);
    expect(rig.disk.records).toEqual([
      { ...newRecord('meter'), version: '1', offers: { filter: '$ota/update/PRODUCT/meter', isActive: true } },
    ]);
  });
});
