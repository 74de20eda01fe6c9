/**
 * Lines with any bytes instead of frames, and frames with any bytes instead of packets: counted and bounded, and the
 * line continues.
 */
import { describe, expect, it } from 'vitest';
import type { LinkCounters } from '../../src/base/link-counters.ts';
import { seededRandom } from '../../src/base/random.ts';
import { encodeFrame } from '../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import { damaging, turned } from './damage.ts';
import { Recorder } from './recorder.ts';
import { openTestbed, type Testbed } from './testbed.ts';

const PINGREQ = encodeFrame(encodePacket({ kind: 'pingreq', clientId: '' }));
const SEARCHGW = encodeFrame(encodePacket({ kind: 'searchgw', radius: 0 }));
const DELIMITER = Uint8Array.of(0);
/** More than the default of packet_bytes_max. */
const OVERSIZE_BYTES = 5000;

describe('bytes that no subdevice should send', () => {
  const cases: readonly (readonly [Uint8Array, keyof LinkCounters])[] = [
    [joined(PINGREQ.subarray(0, 4), DELIMITER, PINGREQ), 'crcErrors'], // A frame cut off by the next one.
    [joined(within(SEARCHGW), within(PINGREQ)), 'crcErrors'], // Two frames without a delimiter between.
    [turned(PINGREQ, 2), 'crcErrors'], // A frame with one flipped bit.
    [joined(new Uint8Array(OVERSIZE_BYTES).fill(0x55), DELIMITER), 'oversizeFrames'], // A frame larger than any packet.
    [encodeFrame(Uint8Array.of(3, 0xfd, 7)), 'malformedPackets'], // A good frame with a packet of no known type.
    [encodeFrame(Uint8Array.of(9, 0x16)), 'malformedPackets'], // A good frame with a packet whose length is wrong.
    [encodeFrame(new Uint8Array()), 'malformedPackets'], // An empty frame.
    [encodeFrame(encodePacket({ kind: 'pingresp' })), 'unexpectedPackets'], // A packet that only gateways send.
  ];

  it('are counted, each by its kind, and the line continues', async () => {
    const testbed = await openTestbed();
    await testbed.gateway.start();
    await untilLinksAreOpen(testbed);
    for (const [bytes, counter] of cases) {
      const before = (await testbed.gateway.status()).links[0]?.counters[counter] ?? 0;
      await sendRaw(testbed, bytes);
      await testbed.untilStatus(({ links }) => (links[0]?.counters[counter] ?? 0) > before);
    }
    await expectService(testbed);
  });

  it('noise disturbs only its own line, and only while it lasts', async () => {
    const testbed = await openTestbed();
    await testbed.gateway.start();
    await untilLinksAreOpen(testbed);
    const random = seededRandom(7);
    const b = testbed.subdevice('b');
    testbed.enter(b);
    for (let burst = 0; burst < 40; burst += 1) {
      b.publish('t');
      const noise = Uint8Array.from({ length: 1500 }, () => Math.floor(random() * 256));
      await sendRaw(testbed, noise);
    }
    await testbed.untilAcknowledged();
    const { links } = await testbed.gateway.status();
    expect(links[0]?.counters.crcErrors).toBeGreaterThan(100);
    expect(links[0]).toMatchObject({ state: 'open', counters: { openings: 1 } });
    testbed.subdevice('a').start();
    testbed.subdevice('a').publish('t');
    await testbed.expectNothingLost();
  });
});

describe('a line that damages one frame in ten, in both directions', () => {
  it('costs repetitions, and no message', async () => {
    const testbed = await openTestbed({
      subdevices: { a: { window: 1, retryMs: 50, disturb: damaging(seededRandom(11), 0.1) } },
      config: { link: { retry_ms: 50, retries_max: 20 } },
    });
    await testbed.start();
    for (let count = 0; count < 60; count += 1) {
      testbed.publish(1);
      testbed.command(testbed.subdevice('a'));
    }
    await testbed.expectNothingLost();
    const { links } = await testbed.gateway.status();
    expect(links[0]?.counters.crcErrors).toBeGreaterThan(5);
    expect(links[0]?.counters.retries).toBeGreaterThan(0);
    expect(links[0]?.counters.duplicates).toBeGreaterThan(0);
  });
});

async function untilLinksAreOpen(testbed: Testbed): Promise<void> {
  await testbed.untilStatus(({ links }) => links.every(({ state }) => state === 'open'));
}

/** Writes bytes to the line of subdevice a, which is not started yet. */
async function sendRaw(testbed: Testbed, bytes: Uint8Array): Promise<void> {
  const recorder = new Recorder();
  const channel = testbed.subdevice('a').pty.open(recorder);
  await recorder.untilOpen();
  channel.write(bytes);
  channel.write(DELIMITER);
  channel.close('sent');
  await recorder.untilClosed();
}

/** Expects normal service for the subdevices. */
async function expectService(testbed: Testbed): Promise<void> {
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  testbed.publish(5);
  await testbed.expectNothingLost();
  const { links, losing } = await testbed.gateway.status();
  expect({ losing, openings: links.map(({ counters }) => counters.openings) }).toEqual({
    losing: 'no',
    openings: [1, 1],
  });
}

/** Frame without its delimiters. */
function within(frame: Uint8Array): Uint8Array {
  return frame.filter((octet) => octet !== 0);
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(pieces);
}
