/** Payloads on the screen: text, digits, JSON, and what a cut or other bytes make of them. */
import { expect, it } from 'vitest';
import { type PayloadFormat, shownPayload } from '../../../src/cli/payload-format.ts';

function shown(bytes: Uint8Array | string, format: PayloadFormat, bytesMax = 256) {
  const all = Buffer.from(bytes);
  return shownPayload({ bytes: all.length, base64: all.subarray(0, bytesMax).toString('base64') }, format);
}

it.each([
  ['{ "t": 21.5 }', 'json', 'json', '{"t":21.5}'],
  ['{ "t": 21.5 }', 'text', 'text', '{ "t": 21.5 }'],
  ['no JSON', 'json', 'text', 'no JSON'],
  ['ü', 'hex', 'hex', 'c3bc'],
  [Uint8Array.of(0xff, 0x00), 'text', 'hex', 'ff00'],
  [Uint8Array.of(0xff, 0x00), 'json', 'hex', 'ff00'],
  ['', 'text', 'text', ''],
] as const)('%j as %s is %s: %s', (bytes, wanted, format, content) => {
  expect(shown(bytes, wanted)).toMatchObject({ format, content, isCut: false });
});

it('a cut within a character leaves the character out, and a cut document is text', () => {
  expect(shown('aü', 'text', 2)).toEqual({ bytes: 3, isCut: true, format: 'text', content: 'a' });
  expect(shown('{"t":1}', 'json', 6)).toMatchObject({ format: 'text', content: '{"t":1', isCut: true });
});
