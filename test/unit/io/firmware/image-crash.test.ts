/**
 * Downloads that end in the middle: the process is killed, or the power is cut. The next one continues after the last
 * durable byte, and no wrong byte reaches a complete image.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { partName, progressName } from '../../../../src/io/firmware/image-names.ts';
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

const FETCHING = fileURLToPath(new URL('./fetching-process.ts', import.meta.url));
const SYNC_BYTES = 256 * KIB;
const IMAGE = imageOf(1500 * KIB);
const DIGEST = digestOf(IMAGE);

/** Number of bytes in the progress file. */
function storedBytes(folder: string): number {
  const path = join(folder, progressName(DIGEST));
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).bytes : 0;
}

function start(folder: string, { tls, url }: ImageServer): ChildProcess {
  const child = spawn(process.execPath, [FETCHING, folder, tls.caFile, url, JSON.stringify(DIGEST)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('a killed process', () => {
  it('continues after the bytes that it has stored, at many offsets', async () => {
    const server = await ImageServer.open(IMAGE);
    const folder = temporaryFolder();
    // the last offset: all bytes but one
    const offsets = [1, 100, 255, 256, 300, 600, 900, 1100, 1499].map((kib) => kib * KIB).concat(IMAGE.length - 1);
    for (const offset of offsets) {
      server.stopAt = offset;
      const before = server.requests.length;
      const child = start(folder, server);
      await until(() => server.requests.length > before && offset - storedBytes(folder) < SYNC_BYTES);
      await kill(child);
    }
    server.stopAt = Number.POSITIVE_INFINITY;
    const child = start(folder, server);
    expect(JSON.parse(await text(child.stdout ?? process.stdin))).toEqual(completeOf(IMAGE));
    // each kill costs less than one interval of syncs
    const { starts } = server;
    expect(starts.toSorted((a, b) => a - b)).toEqual(starts);
    for (const [index, from] of starts.slice(1).entries())
      expect(from).toBeGreaterThan((offsets[index] ?? 0) - SYNC_BYTES);
    expect(openStorage(folder, server.tls.caFile).bytesOf(DIGEST)).toBe(IMAGE.length);
  });

  it('at any moment, also while it syncs, leaves bytes that are right', async () => {
    const server = await ImageServer.open(IMAGE);
    const folder = temporaryFolder();
    for (const kib of [10, 257, 400, 512, 515, 700, 1030, 1490]) {
      let child: ChildProcess | undefined;
      server.onPiece = (offset) => {
        if (offset >= kib * KIB) child?.kill('SIGKILL');
      };
      child = start(folder, server);
      await once(child, 'exit');
    }
    server.onPiece = () => undefined;
    const before = server.requests.length;
    expect(await fetched(openStorage(folder, server.tls.caFile), DIGEST, server.url)).toEqual(completeOf(IMAGE));
    // a wrong byte would cost one more request from the beginning
    expect(server.requests.length - before).toBeLessThanOrEqual(1);
  });
});

/**
 * Downloads up to an offset, and returns the folder as a power cut leaves it: the bytes that were written since the
 * last sync are zero.
 */
async function cutPowerAt(offset: number, syncBytes: (file: FileHandle) => Promise<void>) {
  const server = await ImageServer.open(IMAGE);
  const folder = temporaryFolder();
  let durable: Buffer = Buffer.alloc(IMAGE.length);
  const sync = async (file: FileHandle): Promise<void> => {
    await syncBytes(file);
    if (syncBytes === dataSync) durable = readFileSync(join(folder, partName(DIGEST)));
  };
  server.stopAt = offset;
  const storage = openStorage(folder, server.tls.caFile, { syncBytes: sync });
  const cancel = storage.fetch(DIGEST, server.url, () => expect.unreachable());
  await until(() => server.sent >= offset && offset - storage.bytesOf(DIGEST) < SYNC_BYTES);
  const crashed = temporaryFolder();
  cpSync(folder, crashed, { recursive: true });
  writeFileSync(join(crashed, partName(DIGEST)), durable);
  cancel();
  server.stopAt = Number.POSITIVE_INFINITY;
  return { server, crashed: openStorage(crashed, server.tls.caFile), bytes: storedBytes(crashed) };
}

const dataSync = (file: FileHandle): Promise<void> => file.datasync();

describe('a power cut', () => {
  it.each([200, 300, 520, 1000])('after %d KiB leaves only bytes that are right', async (kib) => {
    const { server, crashed, bytes } = await cutPowerAt(kib * KIB, dataSync);
    expect(await fetched(crashed, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.starts).toEqual([0, bytes]);
    expect(bytes).toBe(Math.floor(kib / 256) * SYNC_BYTES);
  });

  it('negative control: leaves wrong bytes if their number is stored before they are synced; the digest shows it', async () => {
    const { server, crashed, bytes } = await cutPowerAt(1000 * KIB, async () => undefined);
    expect(bytes).toBeGreaterThan(0);
    expect(await fetched(crashed, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    // the joined image was wrong, and was downloaded once more from the beginning
    expect(server.starts).toEqual([0, bytes, 0]);
  });
});
