/** The folder of firmware: files that must go, files that are damaged, links, and callbacks in the mailbox. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { completeName, nameOf, partName, progressName } from '../../../../src/io/firmware/image-names.ts';
import { until } from '../../../e2e/until.ts';
import {
  completeOf,
  digestOf,
  fetched,
  ImageServer,
  imageOf,
  KIB,
  openStorage,
  readOf,
  temporaryFolder,
} from './image-server.ts';

const IMAGE = imageOf(600 * KIB);
const DIGEST = digestOf(IMAGE);
const OTHER = imageOf(10 * KIB, 2);

async function stored() {
  const server = await ImageServer.open(IMAGE);
  const folder = temporaryFolder();
  const storage = openStorage(folder, server.tls.caFile);
  expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
  const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.image')) ?? '');
  return { server, folder, storage, path, open: () => openStorage(folder, server.tls.caFile) };
}

describe('a complete image', () => {
  it('is known after a restart, and is read in parts of any size', async () => {
    const { open } = await stored();
    const next = open();
    expect(next.find(DIGEST)).toBe(crc32(IMAGE));
    expect(next.bytesOf(DIGEST)).toBe(IMAGE.length);
    for (const [offset, bytes] of [
      [0, 1],
      [IMAGE.length - 1, 1],
      [65_000, 65_536],
      [IMAGE.length - 777, 777],
    ] as const)
      expect(Buffer.from((await readOf(next, DIGEST, offset, bytes)) ?? [])).toEqual(
        IMAGE.subarray(offset, offset + bytes),
      );
  });

  it('is in files that only their owner may read', async () => {
    const { path, folder } = await stored();
    expect([statSync(path).mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it('with a flipped bit counts as missing at the first read of a process, and is downloaded again', async () => {
    const { path, open, server } = await stored();
    const bytes = readFileSync(path);
    bytes[500_000] = (bytes[500_000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const next = open();
    expect(next.find(DIGEST)).toBeDefined();
    expect(await readOf(next, DIGEST, 0, 10)).toBeUndefined();
    expect(next.find(DIGEST)).toBeUndefined();
    expect(await fetched(next, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(Buffer.from((await readOf(next, DIGEST, 499_990, 20)) ?? [])).toEqual(IMAGE.subarray(499_990, 500_010));
  });

  it.each([IMAGE.length - 1, 0, IMAGE.length + 1])('with %d bytes counts as missing', async (bytes) => {
    const { path, storage, open } = await stored();
    truncateSync(path, bytes);
    expect([storage.find(DIGEST), open().find(DIGEST), open().bytesOf(DIGEST)]).toEqual([undefined, undefined, 0]);
    expect(await readOf(storage, DIGEST)).toBeUndefined();
  });

  it('that is removed while it is used counts as missing', async () => {
    const { path, storage } = await stored();
    rmSync(path);
    expect(await readOf(storage, DIGEST)).toBeUndefined();
    expect(storage.find(DIGEST)).toBeUndefined();
  });

  it('that is a link is not used', async () => {
    const { path, folder, open } = await stored();
    const outside = join(dirname(folder), 'outside');
    writeFileSync(outside, IMAGE);
    rmSync(path);
    symlinkSync(outside, path);
    expect(open().find(DIGEST)).toBeUndefined();
  });
});

describe('retain', () => {
  it('removes the files of all other images, complete or not, and no file with another name', async () => {
    const { folder, storage } = await stored();
    const other = digestOf(OTHER, true);
    const names = [partName(other), progressName(other), `${progressName(other)}.part`, completeName(other, 7)];
    const foreign = ['records.json', 'records.json.part', 'notes', `${nameOf(other)}.image`, 'lost+found'];
    for (const name of [...names, ...foreign]) writeFileSync(join(folder, name), '');
    storage.retain([DIGEST]);
    await until(() => names.every((name) => !existsSync(join(folder, name))));
    expect(storage.find(DIGEST)).toBeDefined();
    expect(new Set(readdirSync(folder))).toEqual(
      new Set([...foreign, completeName(DIGEST, storage.find(DIGEST) ?? 0)]),
    );
    storage.retain([]);
    expect([storage.find(DIGEST), storage.bytesOf(DIGEST)]).toEqual([undefined, 0]);
    await until(() => readdirSync(folder).length === foreign.length);
  });

  it('removes the image of a cancelled download after its end, and not one that is fetched again', async () => {
    const server = await ImageServer.open(IMAGE);
    const folder = temporaryFolder();
    const storage = openStorage(folder, server.tls.caFile);
    server.stopAt = 300 * KIB;
    const cancel = storage.fetch(DIGEST, server.url, () => expect.unreachable());
    await until(() => storage.bytesOf(DIGEST) > 0);
    storage.retain([]);
    expect(existsSync(join(folder, partName(DIGEST)))).toBe(true);
    cancel();
    storage.retain([]);
    await until(() => readdirSync(folder).length === 0);
    server.stopAt = Number.POSITIVE_INFINITY;
    storage.retain([]);
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(storage.find(DIGEST)).toBeDefined();
  });

  it('follows no link', async () => {
    const { folder, storage } = await stored();
    const outside = mkdtempSync(join(tmpdir(), 'holdfast-firmware-outside-'));
    onTestFinished(() => rmSync(outside, { recursive: true }));
    writeFileSync(join(outside, 'kept'), '');
    symlinkSync(outside, join(folder, partName(digestOf(OTHER))));
    storage.retain([]);
    await until(() => readdirSync(folder).length === 0);
    expect(readdirSync(outside)).toEqual(['kept']);
  });
});

describe('links in the folder', () => {
  it.each(['symbolic', 'hard'])(
    '(%s) in the place of an incomplete image are replaced, and not written through',
    async (kind) => {
      const server = await ImageServer.open(IMAGE);
      const folder = temporaryFolder();
      mkdirSync(folder);
      const outside = join(dirname(folder), 'outside');
      writeFileSync(outside, 'unchanged');
      const part = join(folder, partName(DIGEST));
      if (kind === 'hard') linkSync(outside, part);
      else symlinkSync(outside, part);
      const storage = openStorage(folder, server.tls.caFile);
      expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
      expect(readFileSync(outside, 'utf8')).toBe('unchanged');
    },
  );

  it('in the place of the folder make the storage unusable, and nothing is written behind them', async () => {
    const server = await ImageServer.open(IMAGE);
    const folder = temporaryFolder();
    const outside = join(dirname(folder), 'outside');
    mkdirSync(outside);
    symlinkSync(outside, folder);
    const storage = openStorage(folder, server.tls.caFile);
    expect([storage.records, storage.problem]).toEqual([[], `${folder} is no directory`]);
    const reason = `${folder} is no directory`;
    expect(await fetched(storage, DIGEST, server.url)).toEqual({
      kind: 'failed',
      failure: { kind: 'timed out', reason },
      again: 'later',
    });
    expect(await new Promise((resolve) => storage.keep([], resolve))).toBe(reason);
    storage.retain([]);
    expect(readdirSync(outside)).toEqual([]);
  });
});

describe('progress', () => {
  it.each([
    'null',
    '{}',
    '{"format":1,"bytes":-1}',
    '{"format":1,"bytes":600000000}',
    '{"format":1,"bytes":1.5}',
    '{"format":2,"bytes":8}',
    '\0',
  ])('of %j means 0 bytes', async (text) => {
    const server = await ImageServer.open(IMAGE);
    const folder = temporaryFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, partName(DIGEST)), IMAGE);
    writeFileSync(join(folder, progressName(DIGEST)), text);
    const storage = openStorage(folder, server.tls.caFile);
    expect(storage.bytesOf(DIGEST)).toBe(0);
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.starts).toEqual([0]);
  });

  it('of more bytes than the file has means 0 bytes', async () => {
    const server = await ImageServer.open(IMAGE);
    const folder = temporaryFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, partName(DIGEST)), IMAGE.subarray(0, 1000));
    writeFileSync(join(folder, progressName(DIGEST)), '{"format":1,"bytes":1001}');
    const storage = openStorage(folder, server.tls.caFile);
    expect(storage.bytesOf(DIGEST)).toBe(0);
    expect(await fetched(storage, DIGEST, server.url)).toEqual(completeOf(IMAGE));
  });

  it('sends no header that a damaged file has put together', async () => {
    const server = await ImageServer.open(IMAGE);
    const folder = temporaryFolder();
    mkdirSync(folder);
    writeFileSync(join(folder, partName(DIGEST)), IMAGE);
    writeFileSync(join(folder, progressName(DIGEST)), '{"format":1,"bytes":1000,"validator":"\\"x\\"\\r\\nA: b"}');
    expect(await fetched(openStorage(folder, server.tls.caFile), DIGEST, server.url)).toEqual(completeOf(IMAGE));
    expect(server.requests[0]).toMatchObject({ range: 'bytes=1000-', ifRange: undefined });
  });
});

describe('callbacks', () => {
  it('are called in the mailbox only, and none after a cancel that the mailbox ran before', async () => {
    const server = await ImageServer.open(IMAGE);
    const tasks: (() => void)[] = [];
    const storage = openStorage(temporaryFolder(), server.tls.caFile, { post: (task) => void tasks.push(task) });
    const calls: string[] = [];
    const run = async (): Promise<void> => {
      await until(() => tasks.length > 0);
      tasks.shift()?.();
    };
    storage.keep([], (problem) => calls.push(`kept ${problem}`));
    await until(() => tasks.length > 0);
    expect(calls).toEqual([]);
    await run();
    storage.fetch(DIGEST, server.url, ({ kind }) => calls.push(kind));
    await run();
    storage.read(DIGEST, 0, 1, (octets) => calls.push(`${octets?.length} byte`));
    await run();
    const cancel = storage.fetch(DIGEST, server.url, () => calls.push('never'));
    await until(() => tasks.length > 0);
    cancel();
    await run();
    expect(calls).toEqual(['kept undefined', 'complete', '1 byte']);
  });

  it('report a folder that cannot be written', async () => {
    const server = await ImageServer.open(IMAGE);
    const storage = openStorage('/proc/holdfast/firmware', server.tls.caFile);
    expect(await new Promise((resolve) => storage.keep([], resolve))).toMatch(/ENOENT/);
    expect(await fetched(storage, DIGEST, server.url)).toMatchObject({
      failure: { kind: 'timed out', reason: expect.stringMatching(/^the image cannot be stored: ENOENT/) },
      again: 'later',
    });
  });
});
