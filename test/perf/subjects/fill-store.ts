/**
 * Fills an empty state directory with uplinks by the code of the store itself, at a few hundred thousand rows per second.
 * Feeding a million messages through the gateway would take minutes and give the same rows.
 */
import { join } from 'node:path';
import type { Change } from '../../../src/custody/change.ts';
import { StoreCore } from '../../../src/store/core.ts';
import { STORE_FILE } from '../../../src/store/state-files.ts';
import { payloadOf } from '../load/frames.ts';
import { IDS } from '../load/link-memory.ts';
import { topicAtHub } from './relay.ts';

const BATCH = 2000;

/** @param each number of messages of each link */
export function fillStore(stateDir: string, links: number, each: number): void {
  const upMs = Number(process.hrtime.bigint() / 1_000_000n);
  const core = new StoreCore({ path: join(stateDir, STORE_FILE), bootId: 'bench', upMs });
  const { nextSeq, now } = core.opening;
  const subdevices = Array.from({ length: links }, (_, index): Change => {
    return { kind: 'subdevice', row: { lane: index + 1, id: `s${index}`, lasting: true, link: `link-${index}` } };
  });
  const end = nextSeq.uplink + each * links;
  core.commit([...subdevices, { kind: 'reserveSeq', direction: 'uplink', reservedTo: end }], upMs);
  for (let from = 0; from < each * links; from += BATCH) {
    const count = Math.min(BATCH, each * links - from);
    const puts = Array.from({ length: count }, (_, offset): Change => {
      const place = from + offset;
      const link = place % links;
      const payload = payloadOf((Math.floor(place / links) % IDS) + 1);
      const message = { topic: topicAtHub(link), payload, qos: 1, stamp: now } as const;
      return { kind: 'put', direction: 'uplink', row: { seq: nextSeq.uplink + place, lane: link + 1, ...message } };
    });
    core.commit(puts, upMs);
    core.checkpointIfDue(0);
  }
  core.close(upMs);
}
