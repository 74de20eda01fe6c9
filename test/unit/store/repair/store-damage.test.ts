import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../src/custody/change.ts';
import type { Custodian } from '../../../../src/custody/custodian.ts';
import { imbalance, ZERO } from '../../../../src/custody/ledger.ts';
import { BenchDisk, custodianOn, seqsOf } from '../../custody/custody-rig.ts';
import { openStore, put, ROW_BYTES, settle, storePath, tamper } from '../store-rig.ts';

/** Store with five messages whose file was changed by `sql`, opened again. */
async function damaged(sql: string) {
  const path = storePath();
  const first = openStore(path);
  first.commit(...[1, 2, 3, 4, 5].map((seq) => put(seq)));
  await first.store.close();
  tamper(path, sql);
  return openStore(path);
}

/** Reads everything back into custody; its lazy changes go with the next commit. */
async function recover({ store, opening, commit }: ReturnType<typeof openStore>): Promise<Custodian> {
  const { backlog, counts } = opening;
  const disk = new BenchDisk();
  const custodian = custodianOn(disk, { windowMax: 64, backlog, counts, nextSeq: opening.nextSeq.uplink });
  for (let wanted = custodian.wanted(); wanted.size > 0; wanted = custodian.wanted())
    custodian.loaded(wanted, await store.page({ direction: 'uplink', lanes: wanted, limit: 2 }));
  commit(...(disk.lazyChanges as Change[]));
  return custodian;
}

describe('a row that was damaged by the card', () => {
  it.each([
    ['a flipped bit in its payload', "UPDATE outbox SET payload = x'010203ff' WHERE seq = 3"],
    ['another topic', "UPDATE outbox SET topic = 'a/c' WHERE seq = 3"],
    ['another stamp', 'UPDATE outbox SET up_ms = 8 WHERE seq = 3'],
    ['another QoS', 'UPDATE outbox SET qos = 0 WHERE seq = 3'],
    ['a payload that is a number', 'UPDATE outbox SET payload = 7 WHERE seq = 3'],
    ['a topic that is a blob', "UPDATE outbox SET topic = x'00' WHERE seq = 3"],
    ['another lane', 'UPDATE outbox SET lane = 3 WHERE seq = 3'],
    ['another checksum', 'UPDATE outbox SET crc = crc + 1 WHERE seq = 3'],
    ['nothing left of it', 'DELETE FROM outbox WHERE seq = 3'],
  ])('by %s is detected, counted and not passed on', async (_what, sql) => {
    const opened = await damaged(sql);
    const custodian = await recover(opened);
    expect(seqsOf(custodian.lane(1).window)).toEqual([1, 2, 4, 5]);
    expect([custodian.counts(1).damaged, custodian.pending, custodian.imbalance()]).toEqual([1, 4, 0]);
    const { counts, rows } = await opened.store.tally();
    expect(counts[0]?.counts.damaged).toBe(1);
    expect(imbalance(counts[0]?.counts ?? ZERO, rows[0]?.rows ?? 0)).toBe(0);
    expect(opened.events).toEqual([1]);
  });

  it('leaves no bytes in the ledger once the lane is empty', async () => {
    const path = storePath();
    const first = openStore(path);
    first.commit(put(1), put(2));
    await first.store.close();
    tamper(path, 'DELETE FROM outbox WHERE seq = 1');
    const second = openStore(path);
    await recover(second);
    second.commit(settle(2));
    second.commit(put(9));
    await second.store.close();
    expect(openStore(path).opening.backlog).toEqual([{ direction: 'uplink', lane: 1, rows: 1, bytes: ROW_BYTES }]);
  });
});

it('an undamaged file returns every message', async () => {
  const custodian = await recover(await damaged('SELECT 1'));
  expect(seqsOf(custodian.lane(1).window)).toEqual([1, 2, 3, 4, 5]);
  expect(custodian.counts(1).damaged).toBe(0);
});
