/** Offers of firmware in documents of the hub: what is accepted, and the reasons of a rejection. */
import { describe, expect, it } from 'vitest';
import { readFirmwareDocument } from '../../../src/firmware/firmware-documents.ts';

const IMAGE_BYTES_MAX = 1 << 24;
const OFFER = {
  type: 'update_firmware',
  version: '0.2',
  url: 'https://images.example/2?signature=a',
  md5sum: 'A'.repeat(32),
  file_size: 708_482,
};

const read = (document: unknown) =>
  readFirmwareDocument(new TextEncoder().encode(JSON.stringify(document)), IMAGE_BYTES_MAX);

describe('an offer', () => {
  it.each([708_482, '708482'])('has a size as a number or as digits: %o', (size) => {
    const image = { md5: 'a'.repeat(32), sha256: undefined, size: 708_482 };
    const offer = { version: '0.2', url: OFFER.url, image };
    expect(read({ ...OFFER, file_size: size })).toEqual({ kind: 'offer', offer });
  });

  it.each([true, null, '', ' 1', '0x10', '1e3', '-1', 1.5, -1, 0, 2 ** 32, [60_000], {}, undefined])(
    'is rejected with file_size %o',
    (size) => {
      const reason = 'file_size in the offer is not a number from 1 to 4294967295';
      expect(read({ ...OFFER, file_size: size })).toEqual({ kind: 'invalid', reason, version: '0.2' });
    },
  );

  it.each([
    [{ type: 'x' }, 'the type of the offer is not "update_firmware"'],
    [{ version: 'v'.repeat(65) }, 'the version of the offer is not a text of 1 to 64 bytes'],
    [{ version: 'a\u009b31m' }, 'the version of the offer is not a text of 1 to 64 bytes'],
    [{ url: 'http://images.example/2' }, 'url in the offer is not an address that begins with https://'],
    [{ md5sum: 'a' }, 'md5sum in the offer does not have 32 hexadecimal digits'],
    [{ sha256: 5 }, 'sha256 in the offer does not have 64 hexadecimal digits'],
    [{ file_size: 2 ** 25 }, 'the image has 33554432 bytes, more than 16777216 (firmware.image_mib_max)'],
  ])('is rejected with %o', (changed, reason) => {
    expect(read({ ...OFFER, ...changed })).toMatchObject({ kind: 'invalid', reason });
  });

  it.each([[[]], ['text'], [null]])('is a JSON object: not %o', (document) => {
    expect(read(document)).toMatchObject({ kind: 'invalid', reason: 'the offer is not a JSON object' });
  });

  it('is not read if its JSON is too deep for the parser', () => {
    const deep = new TextEncoder().encode('['.repeat(16_000));
    expect(readFirmwareDocument(deep, IMAGE_BYTES_MAX)).toMatchObject({ kind: 'invalid' });
  });
});
