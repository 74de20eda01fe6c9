/** Offers of the hub: which are taken, and what becomes of the others. */
import { describe, expect, it } from 'vitest';
import { CRC, IMAGE, offerOf, rigWith, statesOf, URL } from './firmware-rig.ts';

describe('offers', () => {
  it.each([
    ['that are not JSON', 'hello'],
    ['without https', { ...offerOf(IMAGE), url: 'http://images.example/x' }],
    ['with a short digest', { ...offerOf(IMAGE), md5sum: 'abcd' }],
    ['with a size of 0', { ...offerOf(IMAGE), file_size: 0 }],
    ['of an image that is too large', { ...offerOf(IMAGE), file_size: 100_001 }],
    ['without a version', { ...offerOf(IMAGE), version: undefined }],
  ])('%s are rejected, and leave custody', async (_, document) => {
    const rig = rigWith();
    const offer = rig.offer('meter', document);
    await rig.run(1000);
    expect(offer).toEqual({ isTaken: true, isSafe: true });
    expect(rig.events.filter((event) => event.startsWith('firmwareOfferRejected'))).toHaveLength(1);
    expect(rig.flow.views()[0]?.update).toBeUndefined();
  });

  it('that are rejected are known until one is accepted, also after a restart, and are written once', async () => {
    const rig = rigWith();
    await rig.run(1000);
    const invalid = { ...offerOf(IMAGE, '7'), url: 'http://images.example/x' };
    const rejected = { kind: 'invalid', version: '7', reason: expect.stringContaining('https://') };
    rig.offer('meter', invalid);
    await rig.run(1000);
    rig.disk.writeProblem = 'no space left';
    rig.offer('meter', invalid); // as the hub repeats it
    await rig.run(1000);
    expect(rig.flow.unstored, 'the same rejection is not written again').toBeUndefined();
    rig.disk.writeProblem = undefined;
    rig.restart();
    expect(rig.flow.views()).toMatchObject([{ subdevice: 'meter', rejected }]);
    rig.offer('meter', offerOf(IMAGE));
    expect(rig.flow.views()[0]?.rejected).toBeUndefined();
  });

  it('of an update that has failed before are rejected with a version, until an operator tries again', async () => {
    const rig = rigWith({ attemptsMax: 1 });
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(2000);
    rig.up('meter', { kind: 'state', state: 'refused', image: CRC, reason: 'flash full' });
    rig.offer('meter', offerOf(IMAGE));
    expect(rig.flow.views()[0]?.rejected).toMatchObject({ kind: 'failed before', version: '2' });
    rig.flow.retry('meter');
    expect(rig.flow.views()[0]?.rejected).toBeUndefined();
  });

  it('for a subdevice that uses no firmware messages are passed on to it', () => {
    const rig = rigWith();
    expect(rig.offer('other', offerOf(IMAGE)).isTaken).toBe(false);
  });

  it('with a new address continue the download', async () => {
    const rig = rigWith();
    rig.disk.served.clear();
    rig.offer('meter', offerOf(IMAGE));
    await rig.run(30_000);
    rig.disk.served.set(`${URL}?new`, IMAGE);
    rig.offer('meter', offerOf(IMAGE, '2', `${URL}?new`));
    await rig.run(2000);
    expect(rig.flow.views()[0]?.update).toMatchObject({ step: 'waiting for the subdevice', attempts: 1 });
  });

  it('of the version that runs are done at once', async () => {
    const rig = rigWith();
    rig.offer('meter', offerOf(IMAGE, '1'));
    await rig.run(1000);
    expect(statesOf(rig).at(-1)).toBe('done 100 0');
    expect(rig.disk.servedBytes).toBe(0);
  });

  it('leave custody also while the records cannot be written, so that downlinks go on', async () => {
    const rig = rigWith();
    await rig.run(1000);
    rig.disk.writeProblem = 'no space left';
    const offer = rig.offer('meter', offerOf(IMAGE));
    await rig.run(1000);
    expect(offer.isSafe).toBe(true);
    expect(rig.flow.unstored).toBe('no space left');
    rig.disk.writeProblem = undefined;
    rig.flow.look();
    await rig.run(1000);
    expect(rig.flow.unstored).toBeUndefined();
    expect(rig.disk.records[0]?.update?.offer.version).toBe('2');
  });
});
