/**
 * Invariants after each step and at the end. The accounts outside the gateway (`stream.ts`, `hub-tap.ts`, `line-tap.ts`)
 * complain by themselves. This file compares the gateway's ledger with its bounds and with the disk.
 */

import { WINDOW_MAX } from '../../src/app/stations.ts';
import type { Direction } from '../../src/base/message.ts';
import type { Custodian } from '../../src/custody/custodian.ts';
import type { Lane } from '../../src/custody/lane.ts';
import { imbalance } from '../../src/custody/ledger.ts';
import type { Tally } from '../../src/custody/row.ts';
import { COPIES_MAX } from '../../src/flow/back-pressure.ts';
import type { Stream } from './stream.ts';
import type { World } from './world.ts';

/** Largest number of unstored bytes: the bound of 16 MB plus one message of 16 KB. */
const UNSTORED_BYTES_MAX = 16 * 1024 * 1024 + 20_000;

/** Largest number of surplus downlinks of all inboxes: above `COPIES_MAX` the hub must wait. */
const EXCESS_MAX = 5 * COPIES_MAX;

/** Returns the first problem between two steps; `undefined`: none. */
export function problemNow(world: World): string | undefined {
  const complaint = world.complaints[0] ?? world.firmware?.problemNow();
  if (complaint !== undefined || world.gateway === undefined) return complaint;
  const { uplinks, downlinks } = world.gateway.stations;
  const { outbox, inbox } = world.config;
  if (uplinks.pending > outbox.messagesMax) return `${uplinks.pending} uplinks in custody`;
  if (uplinks.pendingBytes > outbox.bytesMax) return `${uplinks.pendingBytes} bytes of uplinks in custody`;
  if (world.gateway.stations.inbox.excess > EXCESS_MAX)
    return `${downlinks.pending} downlinks, more than may wait to be shed`;
  return (
    custodianProblem(uplinks, (lane) => lane.pending > outbox.messagesMax) ??
    custodianProblem(downlinks, (lane) => {
      // a downlink that is being delivered cannot be shed, and one on disk only after it was read
      const canGiveWay = inbox.overflow === 'drop-newest' || lane.window.some(({ inFlight }) => !inFlight);
      return canGiveWay && lane.pending > inbox.messagesMax + 1;
    })
  );
}

function custodianProblem(custodian: Custodian, isOverfull: (lane: Lane) => boolean): string | undefined {
  const { direction } = custodian;
  const off = custodian.imbalance();
  if (off !== 0) return `the ${direction} ledger is off by ${off}`;
  if (custodian.unstoredBytes > UNSTORED_BYTES_MAX) return `${custodian.unstoredBytes} bytes of ${direction}s in RAM`;
  let pending = 0;
  let bytes = 0;
  for (const lane of custodian.lanes()) {
    pending += lane.pending;
    bytes += lane.pendingBytes;
    if (lane.window.length > WINDOW_MAX) return `${lane.window.length} ${direction}s in a window`;
    if (isOverfull(lane)) return `${lane.pending} ${direction}s for one subdevice, more than allowed`;
  }
  if (bytes !== custodian.pendingBytes) return `${direction}s: ${custodian.pendingBytes} bytes, ${bytes} in lanes`;
  return pending === custodian.pending ? undefined : `${direction}s: ${custodian.pending} pending, ${pending} in lanes`;
}

/** Time between two timers of a gateway, and for a receipt, ms. */
const TURN_MS = 20;

/** Returns the time after which unacknowledged messages in custody may be lost in a power cut. */
function lossWindowFromMs({ time, store, config }: World): number {
  const { holdMs, commitMs } = config.outbox;
  return time.nowMs - holdMs - commitMs - store.commitMsMax - TURN_MS;
}

/**
 * Returns the problems at the end of a life: each acknowledged message must be on the disk, and the ledger must balance.
 * @param isOrderly an orderly stop, after which nothing may be lost except on a full disk
 */
export function problemsAtCrash(world: World, isOrderly: boolean): string[] {
  const mayLoseFromMs =
    isOrderly && Number.isFinite(world.store.commitMsMax) ? world.time.nowMs : lossWindowFromMs(world);
  const { problem, disorder } = world.observer;
  const problems = problem === undefined ? [] : [problem];
  for (const direction of ['uplink', 'downlink'] as const) {
    const onDisk = new Map<Stream, Set<number>>();
    for (const { lane, payload } of world.store.messages(direction)) {
      const stream = world.streamOf(direction, lane);
      const number = stream?.numberOf(payload);
      if (stream === undefined || number === undefined) continue;
      const numbers = onDisk.get(stream) ?? new Set();
      onDisk.set(stream, numbers.add(number));
    }
    for (const { uplinks, downlinks, insight } of world.subdevices) {
      const stream = direction === 'uplink' ? uplinks : downlinks;
      if (direction === 'uplink') insight?.crashed(mayLoseFromMs);
      else stream.displace(onDisk.get(stream));
      stream.excuseLost(mayLoseFromMs, onDisk.get(stream));
      const lost = stream.lost(onDisk.get(stream));
      if (lost.length > 0)
        problems.push(`${stream.name}: acknowledged and not on the disk: ${lost.slice(0, 10).join(', ')}`);
    }
  }
  return [...problems, ...ledgerProblems(world.store.tally()), ...(disorder === undefined ? [] : [disorder])];
}

/** Returns whether no message is pending anywhere. */
export function isDrained(world: World): boolean {
  const { gateway } = world;
  if (gateway === undefined) return false;
  const { uplinks, downlinks, committer } = gateway.stations;
  if (uplinks.pending > 0 || downlinks.pending > 0 || committer.fullSinceMs !== undefined) return false;
  if (world.firmware?.isSettled === false) return false;
  return world.subdevices.every(({ queued }) => queued === 0) && world.hub.unacknowledged(world.clientId) === 0;
}

/** Returns the problems after all troubles, when there was time to deliver all messages. */
export function problemsWhenDrained(world: World): string[] {
  const problems: string[] = isDrained(world) ? [] : [pendingWords(world)];
  problems.push(...(world.firmware?.problemsWhenDrained() ?? []));
  if (world.observer.problem !== undefined) problems.push(world.observer.problem);
  let vanished = 0;
  for (const { uplinks, downlinks } of world.subdevices) {
    for (const stream of [uplinks, downlinks]) {
      const lost = stream.lost();
      if (lost.length > 0) problems.push(`${stream.name}: acknowledged and lost: ${lost.slice(0, 10).join(', ')}`);
    }
    vanished += Math.max(0, downlinks.vanished - downlinks.unnumberedLosses);
  }
  const dropped = world.hub.dropped(world.clientId);
  if (vanished > dropped) problems.push(`${vanished} downlinks are missing, but the hub dropped only ${dropped}`);
  return problems;
}

/** Returns the problems after an orderly stop: the counters on disk must be those of the gateway. */
export function problemsOnDisk(world: World): string[] {
  const { uplinks, downlinks } = world.gateway?.stations ?? {};
  const tally = world.store.tally();
  const problems = ledgerProblems(tally);
  if (world.observer.disorder !== undefined) problems.push(world.observer.disorder);
  for (const { direction, lane, counts } of tally.counts) {
    const live = (direction === 'uplink' ? uplinks : downlinks)?.counts(lane);
    if (live !== undefined && JSON.stringify(sorted(live)) !== JSON.stringify(sorted(counts)))
      problems.push(`${nameOf(direction, lane)}: ${JSON.stringify(counts)}, but in RAM ${JSON.stringify(live)}`);
  }
  return problems;
}

function ledgerProblems(tally: Tally): string[] {
  return tally.counts.flatMap(({ direction, lane, counts }) => {
    const rows = tally.rows.find((row) => row.direction === direction && row.lane === lane)?.rows ?? 0;
    const off = imbalance(counts, rows);
    return [
      ...(off === 0 ? [] : [`${nameOf(direction, lane)}: the ledger is off by ${off}`]),
      ...(counts.damaged === 0
        ? []
        : [`${nameOf(direction, lane)}: ${counts.damaged} damaged, but the world damages no rows`]),
    ];
  });
}

function nameOf(direction: Direction, lane: number): string {
  return `${direction}s of lane ${lane} on disk`;
}

function sorted(counts: { readonly shed: Readonly<Record<string, number>> }): unknown {
  return { ...counts, shed: Object.entries(counts.shed).sort() };
}

function pendingWords(world: World): string {
  const queued = world.subdevices.map(({ id, queued }) => `${id}:${queued}`).join(' ');
  const { uplinks, downlinks } = world.gateway?.stations ?? {};
  return `not drained: uplinks ${uplinks?.pending}, downlinks ${downlinks?.pending}, at the hub ${world.hub.unacknowledged(world.clientId)}, in subdevices ${queued}`;
}
