/** Firmware updates on a slow line: data hardly waits for the chunks of an image. */
import { expect, it } from 'vitest';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import { FirmwareWorld, PLAN } from './firmware-world.ts';
import { chunksFirst } from './sabotage-firmware.ts';
import type { Sabotage } from './world.ts';

const BAUD_RATE = 2400;
const BYTES_PER_MS = BAUD_RATE / 10_000;
const CHUNK_BYTES = 64;
/** Octets of a frame besides those of a chunk: CHUNK 9, PUBLISH 7, CRC-32, COBS and delimiters. */
const FRAME_BYTES = 24;
const CHUNK_MS = (CHUNK_BYTES + FRAME_BYTES) / BYTES_PER_MS;
const IMAGE_BYTES = 12_000;
const WORLD_MS = 300_000;

/** Runs a world for some minutes. @returns delays of all uplinks and downlinks, by their names */
async function delaysIn(imageBytes: number, sabotage?: Sabotage): Promise<Map<string, number>> {
  const one = await FirmwareWorld.open(
    {
      baudRate: BAUD_RATE,
      uplinkEveryMs: 10_000,
      downlinkEveryMs: 2000,
      firmware: { ...PLAN, chunkBytes: CHUNK_BYTES },
    },
    sabotage,
  );
  if (imageBytes > 0) one.firmware.offer('v1', imageBytes);
  await one.pass(WORLD_MS);
  expect(one.firmware.installations).toBe(imageBytes > 0 ? one.world.subdevices.length : 0);
  const delays = one.world.subdevices.flatMap(({ id, uplinks, downlinks }) => [
    ...[...uplinks.delaysMs].map(([number, ms]) => [`uplink ${number} of ${id}`, ms] as const),
    ...[...downlinks.delaysMs].map(([number, ms]) => [`downlink ${number} to ${id}`, ms] as const),
  ]);
  await one.end();
  return new Map(delays);
}

/** @returns largest time that a message of `other` is later than the same message without an image */
function laterByMs(without: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  expect([...other.keys()].sort()).toEqual([...without.keys()].sort());
  return Math.max(...[...other].map(([name, ms]) => ms - (without.get(name) ?? 0)));
}

/** Lets chunks leave as soon as the subdevice permits them. */
function withoutPace(parts: GatewayParts): GatewayParts {
  const { firmware } = parts.config;
  if (firmware === undefined) throw new Error('a gateway without firmware');
  const settings = { ...firmware.settings, lineShare: 100 };
  return { ...parts, config: { ...parts.config, firmware: { ...firmware, settings } } };
}

it('a message is later by at most the time of one chunk', async () => {
  const without = await delaysIn(0);
  expect(without.size).toBeGreaterThan(200);
  expect(laterByMs(without, await delaysIn(IMAGE_BYTES))).toBeLessThanOrEqual(CHUNK_MS);
});

it('negative control: chunks without their pace delay messages by several chunks', async () => {
  const without = await delaysIn(0);
  expect(laterByMs(without, await delaysIn(IMAGE_BYTES, { alter: withoutPace }))).toBeGreaterThan(4 * CHUNK_MS);
});

it('negative control: chunks that go before waiting messages are found', async () => {
  await expect(delaysIn(IMAGE_BYTES, { patch: chunksFirst })).rejects.toThrow(/own message to s\d/);
});
