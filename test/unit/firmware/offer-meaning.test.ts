import { expect, it } from 'vitest';
import {
  type FirmwareFailureKind,
  type FirmwareOffer,
  type FirmwareUpdate,
  newRecord,
} from '../../../src/base/firmware.ts';
import { offerMeaning } from '../../../src/firmware/offer-meaning.ts';

const OFFER: FirmwareOffer = {
  version: '2',
  url: 'https://images.example/2?signature=a',
  image: { md5: 'a'.repeat(32), sha256: undefined, size: 100 },
};
const OTHER: FirmwareOffer = { ...OFFER, image: { ...OFFER.image, md5: 'b'.repeat(32) } };

const updateIn = (state: FirmwareUpdate['state']): FirmwareUpdate => ({
  offer: OFFER,
  state,
  attempts: 1,
  failure: undefined,
  isReported: true,
});

const failed = (kind: FirmwareFailureKind): FirmwareUpdate => ({
  ...updateIn('failed'),
  failure: { kind, reason: 'the reason' },
});

it.each([
  ['the first one', '1', undefined, OFFER, 'new'],
  ['another image with the same version', '1', updateIn('wanted'), OTHER, 'new'],
  ['the same one while it is wanted', '1', updateIn('wanted'), OFFER, 'repeated'],
  [
    'the same one with another address',
    '1',
    updateIn('wanted'),
    { ...OFFER, url: 'https://b.example/2' },
    'new address',
  ],
  ['the same one while it is installed', '1', updateIn('installing'), OFFER, 'repeated'],
  ['the same one after a failed download', '1', failed('link expired'), OFFER, 'new'],
  ['another one after a failed installation', '1', failed('not updated'), OTHER, 'new'],
  ['the version that runs', '2', undefined, OFFER, 'already runs'],
  ['the version that runs after its update', '2', updateIn('done'), OFFER, 'repeated'],
  ['the same one after a return to the old version', '1', updateIn('done'), OFFER, 'new'],
] as const)('%s', (_, version, update, offer, kind) => {
  expect(offerMeaning({ ...newRecord('meter'), version, update }, offer)).toEqual({ kind });
});

it('the same one after a failed installation is rejected with its reason', () => {
  const meaning = offerMeaning({ ...newRecord('meter'), version: '1', update: failed('not updated') }, OFFER);
  expect(meaning).toEqual({ kind: 'rejected', reason: 'the update to 2 has failed before: the reason' });
});
