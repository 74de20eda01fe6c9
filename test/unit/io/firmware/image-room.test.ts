/** Room for images: reserved before the first byte, and never the room that messages need. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { partName } from '../../../../src/io/firmware/image-names.ts';
import { SmallDisk, whyNoMount } from '../../../e2e/small-disk.ts';
import { until } from '../../../e2e/until.ts';
import {
  completeOf,
  digestOf,
  fetched,
  ImageServer,
  imageOf,
  KIB,
  openStorage,
  temporaryFolder,
} from './image-server.ts';

const MIB = 1024 * KIB;
const IMAGE = imageOf(1200 * KIB);
const DIGEST = digestOf(IMAGE);

function failedForNow(reason: RegExp) {
  return { kind: 'failed', failure: { kind: 'timed out', reason: expect.stringMatching(reason) }, again: 'later' };
}

it('an image that would leave too little room for messages is not downloaded, and its server is not asked', async () => {
  const server = await ImageServer.open(IMAGE);
  const folder = temporaryFolder();
  const storage = openStorage(folder, server.tls.caFile, { keepFreeBytes: 2 ** 52 });
  expect(await fetched(storage, DIGEST, server.url)).toEqual(
    failedForNow(
      /^the disk has no room for the image: [\d.]+ MiB are free, the image needs 1.2 MiB, and .+ MiB stay free/,
    ),
  );
  expect([server.requests, readdirSync(folder)]).toEqual([[], []]);
});

describe.skipIf(whyNoMount('tmpfs') !== undefined)('a small disk', () => {
  async function onDisk(keepFreeBytes: number) {
    const server = await ImageServer.open(IMAGE);
    const disk = new SmallDisk(join(temporaryFolder(), 'disk'), 4);
    const storage = openStorage(join(disk.path, 'firmware'), server.tls.caFile, { keepFreeBytes });
    return { server, disk, storage };
  }

  it('that is full later does not end a download: its room was reserved', async () => {
    const { server, disk, storage } = await onDisk(MIB);
    server.stopAt = 300 * KIB;
    const outcome = fetched(storage, DIGEST, server.url);
    await until(() => storage.bytesOf(DIGEST) >= 256 * KIB);
    disk.fill(64 * KIB);
    server.stopAt = Number.POSITIVE_INFINITY;
    server.drop();
    expect(await outcome).toMatchObject({ kind: 'failed', again: 'later' });
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
  });

  it('without room fails for now, leaves no file, and has the image when there is room', async () => {
    const { server, disk, storage } = await onDisk(0);
    disk.fill(600 * KIB);
    expect(await fetched(storage, DIGEST, server.url)).toEqual(failedForNow(/no room for the image/));
    disk.free();
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
  });

  it('that cannot reserve the room, although it seems to be free, gets it back', async () => {
    const { server, disk, storage } = await onDisk(-2 * MIB);
    disk.fill(600 * KIB);
    const { freeBytes } = disk;
    expect(await fetched(storage, DIGEST, server.url)).toEqual(failedForNow(/^the disk is full/));
    expect(disk.freeBytes).toBeGreaterThanOrEqual(freeBytes - 16 * KIB);
    expect(readdirSync(join(disk.path, 'firmware'))).not.toContain(partName(DIGEST));
  });
});
