/**
 * Any damage to the files of a store: nothing wrong is passed on, the ledger balances, each loss is counted or
 * reported as unknown, and the offline reading reports beforehand what the next start finds. Positions are drawn from
 * seeds.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { seededRandom } from '../../../../src/base/random.ts';
import { imbalance } from '../../../../src/custody/ledger.ts';
import { readStoreOffline } from '../../../../src/store/offline.ts';
import { IS_LONG_RUN } from '../../../long-run.ts';
import { settle } from '../store-rig.ts';
import { type Image, imageOf, inFolder, payloadOf, puts, readBack } from './bit-rot-rig.ts';
import { type Corruption, corruptions } from './corruption-kinds.ts';

const ROWS = 90;
const DELIVERED = 12;
const PENDING = ROWS - DELIVERED;
const SEEDS = IS_LONG_RUN ? 2 : 1;

/** Three lanes whose oldest messages were delivered; the high-water mark is of the last commit. */
function image(isClosed: boolean): Image {
  return imageOf((core) => {
    for (let lane = 1; lane <= 3; lane += 1)
      core.commit([{ kind: 'subdevice', row: { lane, id: `pump-${lane}`, lasting: true, link: 'a' } }], 2000);
    for (let first = 1; first < ROWS; first += 3) core.commit(puts(first, first + 2), 2000);
    for (let seq = 1; seq <= DELIVERED; seq += 1) core.commit([settle(seq, 1 + (seq % 3))], 2000);
    core.note(1_000_000);
  }, isClosed);
}

interface Sight {
  readonly seen: 'whole' | 'counted' | 'unknown';
}

async function expectReported({ name, image: damaged }: Corruption): Promise<Sight> {
  const offline = await readOffline(damaged);
  const read = readBack(damaged);
  if (read === undefined) throw new Error(`${name}: the store does not open`);
  const isOfOtherStore = [...read.payloads].some(([seq]) => seq > 1000);
  for (const [seq, payload] of read.payloads)
    expect([name, payload]).toEqual([name, Buffer.from(payloadOf(seq)).toString()]);
  expect([name, read.balances]).toEqual([name, true]);
  const words = (sentences: readonly string[]): string[] => sentences.map((one) => one.replace(/in \/\S+/g, 'in …'));
  expect([name, words(offline.findings)]).toEqual([name, words(read.recovery)]);
  expect([name, offline.isUnknown]).toEqual([name, read.isUnknown]);
  if (read.isUnknown || isOfOtherStore) return { seen: 'unknown' };
  // As many as were pending, or more if a delivered one is present again.
  const known = [...read.payloads.keys()].filter((seq) => seq > DELIVERED).length;
  if (known + read.damaged < PENDING) throw new Error(`${name}: ${known} there, ${read.damaged} damaged of ${PENDING}`);
  return { seen: read.damaged === 0 ? 'whole' : 'counted' };
}

/** Report of `ledger` before the start; it changes no file. */
async function readOffline(damaged: Image): Promise<{ findings: readonly string[]; isUnknown: boolean }> {
  return await inFolder(async (path) => {
    for (const [suffix, bytes] of damaged) writeFileSync(path + suffix, bytes);
    const reading = await readStoreOffline(dirname(path));
    for (const [suffix, bytes] of damaged) expect(readFileSync(path + suffix).equals(bytes)).toBe(true);
    for (const lane of reading?.lanes ?? []) expect(imbalance(lane.counts, lane.pending)).toBe(0);
    return {
      findings: reading?.findings ?? [],
      isUnknown: reading?.losses.some(({ unknown }) => unknown !== undefined) ?? false,
    };
  });
}

it.each([
  ['after a clean stop', true],
  ['as a power cut leaves it', false],
])('a store %s', async (_when, isClosed) => {
  const [own, other] = [image(isClosed), image(isClosed)];
  const seen = { whole: 0, counted: 0, unknown: 0 };
  const problems: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1)
    for (const corruption of corruptions(own, other, seededRandom(seed)))
      try {
        seen[(await expectReported(corruption)).seen] += 1;
      } catch (error) {
        problems.push(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
      }
  console.log(seen);
  expect(problems).toEqual([]);
});
