/** Tests that unreadable bytes are recognised as another protocol. */
import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { encodeMbap } from '../../../src/codec/modbus-mbap.ts';
import { encodeRequest } from '../../../src/codec/modbus-rtu.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import { recognise } from '../../../src/driver/recognise.ts';

const PACKET = encodePacket({ kind: 'pingreq', clientId: 'pump-7' });
const TCP_ANSWER = encodeMbap(7, 1, [3, 2, 0, 20]);
const REQUEST = encodeRequest({ function: 3, unit: 7, address: 0, count: 4 });

it.each([
  [
    'frames of sn-cobs, cut at both ends',
    [encodeFrame(PACKET).subarray(3), encodeFrame(PACKET), [0x00, 0x05]],
    'sn-cobs',
  ],
  ['bare packets', [PACKET, PACKET, PACKET], 'sn-raw'],
  ['requests of another Modbus master', [REQUEST, REQUEST], 'rtu'],
  ['a single frame, possibly by chance', [REQUEST], undefined],
  ['frames of Modbus TCP, cut at both ends', [TCP_ANSWER.slice(4), TCP_ANSWER, TCP_ANSWER, [0x00, 0x05]], 'mbap'],
  ['a single frame of Modbus TCP, possibly by chance', [TCP_ANSWER], undefined],
  ['text', [Buffer.from('12.5 kg\r\n12.6 kg\r\n')], 'lines'],
  ['nothing', [], undefined],
])('%s', (_, pieces, protocol) => {
  expect(recognise(Uint8Array.from(pieces.flatMap((piece) => [...piece])))).toBe(protocol);
});

it('noise is not recognised as any protocol', () => {
  const random = seededRandom(3);
  const noises = Array.from({ length: 50 }, () => Uint8Array.from({ length: 512 }, () => Math.floor(random() * 256)));
  expect(noises.filter((noise) => recognise(noise) !== undefined)).toEqual([]);
});
