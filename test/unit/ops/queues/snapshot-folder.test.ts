/** Snapshots of dropped messages: their bound, their content, and names that are taken. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { MessageFacts } from '../../../../src/ops/queues/message-report.ts';
import { SnapshotFolder } from '../../../../src/ops/queues/snapshot-folder.ts';
import { rowOf } from '../../custody/custody-rig.ts';

const FACTS: MessageFacts = {
  nameOf: () => 'meter-1',
  ageOf: () => ({ ms: 1, quality: 'exact' }),
  acceptedMsOf: () => null,
  stateOf: () => ({ state: 'waiting', attempts: 0 }),
};

function folderOf(bytesMax?: number): { readonly folder: string; readonly snapshots: SnapshotFolder } {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return {
    folder,
    snapshots: new SnapshotFolder({ folder, wallMs: () => 0, ...(bytesMax === undefined ? {} : { bytesMax }) }),
  };
}

/** Size of the snapshot of one message. */
async function sizeOfOne(): Promise<number> {
  const { snapshots } = folderOf();
  const file = await snapshots.create('outbox', FACTS);
  await file.add([rowOf(1)]);
  await file.close();
  return readFileSync(file.path).length;
}

it('has the messages of the last version of each page', async () => {
  const { snapshots } = folderOf();
  const file = await snapshots.create('outbox', FACTS);
  await file.add([rowOf(1), rowOf(2)]);
  await file.add([rowOf(3), rowOf(4)]);
  await file.replaceLast([rowOf(4)]);
  await file.close();
  const lines = readFileSync(file.path, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).number)).toEqual([1, 2, 4]);
});

it.each([-1, 0, 1])('is written up to the bound of the folder: bound %i B larger than two messages', async (more) => {
  const { folder, snapshots } = folderOf(2 * (await sizeOfOne()) + more);
  const first = await snapshots.create('outbox', FACTS);
  await first.add([rowOf(1)]);
  await first.close();
  const second = await snapshots.create('outbox', FACTS);
  const written = second.add([rowOf(2)]);
  if (more < 0) await expect(written).rejects.toMatchObject({ code: 'command-rejected' });
  else await written;
  await second.close();
  expect(readdirSync(folder)).toEqual(['outbox-19700101T000000-2.ndjson', 'outbox-19700101T000000.ndjson']);
});

it('keeps what was written when a later page has no room', async () => {
  const { snapshots } = folderOf(await sizeOfOne());
  const file = await snapshots.create('inbox', FACTS);
  await file.add([rowOf(1)]);
  await expect(file.add([rowOf(2)])).rejects.toMatchObject({ code: 'command-rejected' });
  await file.close();
  expect(readFileSync(file.path, 'utf8').trimEnd().split('\n')).toHaveLength(1);
});
