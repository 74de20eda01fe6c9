import { describe, expect, it } from 'vitest';
import {
  decodeFirmwareDown,
  decodeFirmwareUp,
  encodeFirmwareDown,
  encodeFirmwareUp,
  type FirmwareDownMessage,
  type FirmwareUpMessage,
} from '../../../src/codec/firmware-messages.ts';
import { DOWN_MESSAGES, MALFORMED_DOWN, UP_MESSAGES } from '../base/firmware-vectors.ts';
import { bytesOf, hexOf } from '../base/vectors.ts';

const UP: readonly FirmwareUpMessage[] = [
  { kind: 'version', version: '1.0.3-ü' },
  { kind: 'get', isAgain: true, window: 8, chunkBytes: 512, image: 0xfedcba98, offset: 0x01020304 },
  { kind: 'state', state: 'received', image: 0xfedcba98, reason: '' },
  { kind: 'state', state: 'failed', image: 1, reason: 'flash write error' },
];

const DOWN: readonly FirmwareDownMessage[] = [
  { kind: 'offer', image: 0xcbf43926, size: 0xffffffff, md5: '00112233445566778899aabbccddeeff', version: '2.0' },
  { kind: 'chunk', image: 0xcbf43926, offset: 9, octets: Uint8Array.of(1, 2, 3) },
  { kind: 'stop', image: 0xcbf43926 },
];

describe('messages of a firmware transfer', () => {
  it.each(UP)('are written and read: $kind', (message) => {
    expect(decodeFirmwareUp(encodeFirmwareUp(message))).toEqual({ ok: true, value: message });
  });

  it.each(DOWN)('are written and read: $kind', (message) => {
    expect(decodeFirmwareDown(encodeFirmwareDown(message))).toEqual({ ok: true, value: message });
  });

  it.each(UP_MESSAGES)('are those of the vectors: %s', (_, message, hex) => {
    expect(hexOf(encodeFirmwareUp(message))).toBe(hex);
    expect(decodeFirmwareUp(bytesOf(hex))).toEqual({ ok: true, value: message });
  });

  it.each(DOWN_MESSAGES)('are those of the vectors: %s', (_, message, hex) => {
    expect(hexOf(encodeFirmwareDown(message))).toBe(hex);
    expect(decodeFirmwareDown(bytesOf(hex))).toEqual({ ok: true, value: message });
  });

  it.each(MALFORMED_DOWN)('$name is a problem for the subdevice, and no exception', ({ bytes }) => {
    expect(decodeFirmwareDown(bytesOf(bytes)).ok).toBe(false);
  });

  it('have the documented octets', () => {
    const get = encodeFirmwareUp({
      kind: 'get',
      isAgain: false,
      window: 4,
      chunkBytes: 256,
      image: 0xcbf43926,
      offset: 512,
    });
    expect(Buffer.from(get).toString('hex')).toBe('0200040100cbf4392600000200');
    const chunk = encodeFirmwareDown({ kind: 'chunk', image: 0xcbf43926, offset: 512, octets: Uint8Array.of(0xaa) });
    expect(Buffer.from(chunk).toString('hex')).toBe('82cbf4392600000200aa');
  });

  it.each([
    ['an empty message', ''],
    ['an unknown kind', '7f00'],
    ['a version of no octets', '01'],
    ['a version of 65 octets', `01${'61'.repeat(65)}`],
    ['a version with a control character', '0131000a'],
    ['a version that is not UTF-8', '01ff'],
    ['a GET that is too short', '0200040100cbf43926000002'],
    ['a GET without a window', '0200000100cbf4392600000200'],
    ['a GET with chunks of no octets', '0200040000cbf4392600000200'],
    ['an unknown state', '0309cbf43926'],
    ['a STATE that is too short', '0301cbf439'],
  ])('%s is a problem, and no exception', (_, hex) => {
    expect(decodeFirmwareUp(Buffer.from(hex, 'hex')).ok).toBe(false);
  });

  it('octets behind the known ones of a GET are ignored', () => {
    const longer = Buffer.from('0200040100cbf4392600000200ffff', 'hex');
    expect(decodeFirmwareUp(longer)).toMatchObject({ ok: true, value: { offset: 512 } });
  });
});
