/** Frames within recorded bytes, for any split of the bytes: Modbus by its CRC or its length, lines by their delimiter. */
import { expect, it } from 'vitest';
import type { Frame } from '../../../src/base/recorded-frame.ts';
import type { Kinded } from '../../../src/base/step.ts';
import { appendCrc } from '../../../src/codec/modbus-rtu.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { frameSource } from '../../../src/recorder/frames.ts';
import { MomentReader } from '../../../src/recorder/moments.ts';

function framesIn(driver: string, chunks: readonly Uint8Array[], options: object = {}): Frame[] {
  const source = frameSource({ name: 'one', driver, options });
  return chunks.flatMap((bytes) => source.read(bytes));
}

const READ = appendCrc([0x11, 0x03, 0x00, 0x6b, 0x00, 0x03]); // Modbus application protocol §6.3.
const REFUSED = appendCrc([0x11, 0x83, 0x02]);

it('Modbus frames are recognised by their CRC, for any split of the bytes', () => {
  const bytes = Buffer.concat([READ, REFUSED]);
  const packets = [
    { kind: 'modbus', address: 17, functionCode: 3, body: Uint8Array.of(0x00, 0x6b, 0x00, 0x03) },
    { kind: 'modbus exception', address: 17, functionCode: 3, exception: 2 },
  ];
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const frames = framesIn('modbus', [bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(frames.map(({ packet }) => packet)).toMatchObject(packets);
  }
});

it('noise on a Modbus line is shown unchanged, and does not hide all later frames', () => {
  const frames = framesIn('modbus', [new Uint8Array(300).fill(0x55), READ]);
  expect(frames.length).toBeGreaterThan(40);
  expect(frames.every(({ packet }) => packet === undefined)).toBe(true);
  const later = framesIn('modbus', [new Uint8Array(20).fill(0x55), READ, new Uint8Array(300).fill(0x55)]);
  expect(later.filter(({ packet }) => packet !== undefined)).toHaveLength(1);
});

it('frames of Modbus TCP are recognised by their length, for any split of the bytes', () => {
  const bytes = Uint8Array.from([
    ...[0, 7, 0, 0, 0, 6, 0x11, 3, 0, 0x6b, 0, 3],
    ...[0xff, 0xff, 0, 0, 0, 3, 0x11, 0x83, 2],
  ]);
  const packets = [
    { kind: 'modbus', transaction: 7, address: 17, functionCode: 3, body: Uint8Array.of(0x00, 0x6b, 0x00, 0x03) },
    { kind: 'modbus exception', transaction: 65_535, address: 17, functionCode: 3, exception: 2 },
  ];
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const frames = framesIn('modbus', [bytes.subarray(0, cut), bytes.subarray(cut)], { framing: 'mbap' });
    expect(frames.map(({ packet }) => packet)).toMatchObject(packets);
  }
});

it('an invalid header of Modbus TCP is reported, and the next chunk is read from its beginning', () => {
  const ping = Uint8Array.of(0, 7, 0, 0, 0, 2, 1, 7);
  const frames = framesIn('modbus', [READ, ping], { framing: 'mbap' });
  expect(frames.map(({ packet, problem }) => problem ?? packet?.kind)).toEqual([
    'protocol id 107 instead of 0',
    'modbus',
  ]);
});

it('lines end with their delimiter, and invalid text is reported as such', () => {
  const text = new TextEncoder().encode('a=1;b=2;');
  const delimiter = new TextEncoder().encode(';');
  const frames = framesIn('lines', [text.subarray(0, 3), text.subarray(3), Uint8Array.of(0xff, 0x3b)], { delimiter });
  expect(frames.map(({ packet, problem }) => packet ?? problem)).toEqual([
    { kind: 'line', text: 'a=1' },
    { kind: 'line', text: 'b=2' },
    'a line that is not valid UTF-8',
  ]);
});

it('MQTT-SN is decoded in the framing of its link', () => {
  const ping = Uint8Array.of(2, 0x16); // PINGREQ (MQTT-SN 1.2 §5.4.20).
  const kinds = (framing: string, bytes: Uint8Array) =>
    framesIn('mqttsn', [bytes], { framing }).map((one) => one.packet?.kind);
  expect(kinds('sn-raw', ping)).toEqual(['pingreq']);
  expect(kinds('sn-cobs', encodeFrame(ping))).toEqual(['pingreq']);
});

it('a command with many messages is shown with the first ones and their number', () => {
  const uplinks = Array.from({ length: 5 }, (_, index) => ({ subdevice: 'a', token: index + 1 }));
  const reader = new MomentReader({ name: 'one', driver: 'mqttsn', options: {} });
  const shown = (count: number) =>
    reader.read({
      ...{ upMs: 0, draws: [], actions: [], state: 'open' },
      input: { kind: 'acknowledge', uplinks: uplinks.slice(0, count) } as Kinded,
    });
  const four =
    'acknowledge uplinks=[(subdevice="a" token=1),(subdevice="a" token=2),(subdevice="a" token=3),(subdevice="a" token=4)]';
  expect(shown(4)).toMatchObject([{ what: 'command', words: four }]);
  expect(shown(5)).toMatchObject([{ what: 'command', words: `${four}…5 entries` }]);
});
