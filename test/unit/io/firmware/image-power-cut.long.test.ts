/** Power cuts of a real file system: what was counted as durable is on the disk, and the download continues there. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Shutdown, SmallDisk, whyNoMount } from '../../../e2e/small-disk.ts';
import { until } from '../../../e2e/until.ts';
import {
  completeOf,
  digestOf,
  fetched,
  ImageServer,
  imageOf,
  KIB,
  openStorage,
  type StoragePlan,
  temporaryFolder,
} from './image-server.ts';

const IMAGE = imageOf(1500 * KIB);
const DIGEST = digestOf(IMAGE);
const OFFSETS = [100, 300, 600, 1100, 1499];
const SHUTDOWNS: readonly Shutdown[] = ['journal kept', 'journal flushed', 'journal lost'];

async function onDisk(path: string) {
  const disk = new SmallDisk(path, 16, 'ext4');
  const server = await ImageServer.open(IMAGE);
  const folder = join(path, 'firmware');
  return { disk, server, open: (plan?: StoragePlan) => openStorage(folder, server.tls.caFile, plan) };
}

describe.skipIf(whyNoMount('ext4') !== undefined)('a power cut of ext4', () => {
  it.each(SHUTDOWNS.flatMap((how) => OFFSETS.map((kib) => [how, kib] as const)))(
    '(%s) after %d KiB costs no durable byte',
    async (how, kib) => {
      const { disk, server, open } = await onDisk(join(temporaryFolder(), 'disk'));
      const storage = open();
      server.stopAt = kib * KIB;
      const outcome = fetched(storage, DIGEST, server.url);
      await until(() => server.sent >= kib * KIB && kib * KIB - storage.bytesOf(DIGEST) < 256 * KIB);
      const durable = storage.bytesOf(DIGEST);
      disk.shutDown(how);
      server.drop();
      expect(await outcome).toMatchObject({ kind: 'failed', again: 'later' });
      disk.remount();
      server.stopAt = Number.POSITIVE_INFINITY;
      const next = open();
      expect(next.bytesOf(DIGEST)).toBe(durable);
      expect(await fetched(next, DIGEST, server.url)).toEqual(completeOf(IMAGE));
      expect(server.starts).toEqual([0, durable]);
    },
  );

  it('negative control: costs bytes that were counted before they were synced, and the digest shows it', async () => {
    const { disk, server, open } = await onDisk(join(temporaryFolder(), 'disk'));
    const storage = open({ syncBytes: async () => undefined });
    server.stopAt = 1100 * KIB;
    const outcome = fetched(storage, DIGEST, server.url);
    await until(() => server.sent >= server.stopAt && server.stopAt - storage.bytesOf(DIGEST) < 256 * KIB);
    const counted = storage.bytesOf(DIGEST);
    disk.shutDown('journal lost');
    server.drop();
    await outcome;
    disk.remount();
    server.stopAt = Number.POSITIVE_INFINITY;
    expect(await fetched(open(), DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.starts).toEqual([0, counted, 0]);
  });

  it.each(SHUTDOWNS)('(%s) after the last byte keeps the complete image', async (how) => {
    const { disk, server, open } = await onDisk(join(temporaryFolder(), 'disk'));
    expect(await fetched(open(), DIGEST, server.url)).toEqual(completeOf(IMAGE));
    disk.shutDown(how);
    disk.remount();
    const next = open();
    expect(next.find(DIGEST)).toBeDefined();
    expect(await fetched(next, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.requests.length).toBe(1);
  });
});
