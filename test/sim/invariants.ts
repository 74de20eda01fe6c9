/**
 * What must hold after every step, and what must hold at the end. Nothing here asks the gateway whether it is well: the
 * books of the outside are held against its promises, and its own books against each other.
 */
import { shedTotal } from '../../src/custody/ledger.ts';
import type { World } from './world.ts';

const WINDOW_MAX = 64;
const INBOX_MAX = 150;

/** The first thing that is wrong between two steps; `undefined`: nothing is. */
export function problemNow(world: World): string | undefined {
  if (world.broken !== undefined) return world.broken;
  const [complaint] = world.tap.complaints;
  if (complaint !== undefined) return complaint;
  const { gateway } = world;
  if (gateway === undefined) return undefined;
  const { uplinks, downlinks, outbox } = gateway.stations;
  if (outbox.inFlight > 8 * WINDOW_MAX) return `${outbox.inFlight} uplinks in flight`;
  for (const custodian of [uplinks, downlinks]) {
    if (custodian.imbalance() !== 0) return `the ${custodian.direction} ledger is off by ${custodian.imbalance()}`;
    for (const lane of custodian.lanes()) {
      if (lane.window.length > WINDOW_MAX) return `${lane.window.length} entries in a window`;
      if (custodian.direction === 'downlink' && lane.pending > INBOX_MAX + 1)
        return `${lane.pending} downlinks in an inbox`;
    }
  }
  for (const { id, uplinks: account, downlinks: others } of world.subdevices) {
    if (account.reordered > 0) return `an uplink of ${id} arrived out of order`;
    if (others.reordered > 0) return `a downlink to ${id} arrived out of order`;
  }
  return undefined;
}

/** Everything has had its time and nothing goes wrong any more: nothing may be on its way. */
export function isDrained(world: World): boolean {
  const { gateway } = world;
  if (gateway === undefined) return false;
  const { uplinks, downlinks } = gateway.stations;
  const isQuiet = world.subdevices.every((subdevice) => subdevice.queued === 0);
  return isQuiet && uplinks.pending === 0 && downlinks.pending === 0 && world.hub.stored(world.clientId) === 0;
}

/** What is wrong at the end of a world. */
export async function problemsAtEnd(world: World): Promise<string[]> {
  const problems: string[] = [];
  const { gateway } = world;
  if (gateway === undefined) return ['there is no gateway'];
  if (!isDrained(world)) problems.push(pendingWords(world));
  for (const { id, uplinks, downlinks } of world.subdevices) {
    const lane = gateway.stations.mirror.byId(id)?.lane ?? 0;
    const counts = gateway.stations.uplinks.counts(lane);
    const shed = shedTotal(counts) + counts.dead + counts.damaged;
    if (uplinks.missing > shed)
      problems.push(`${uplinks.missing} acknowledged uplinks of ${id} are lost, ${shed} shed`);
    const received = [...(world.safeDownlinks.get(id) ?? [])].filter((number) => !downlinks.hasArrived(number));
    const downShed = shedTotal(gateway.stations.downlinks.counts(lane));
    if (received.length > downShed)
      problems.push(`${received.length} acknowledged downlinks of ${id} are lost, ${downShed} shed`);
    const isUndisturbed = world.story.length <= 1;
    if (isUndisturbed && uplinks.duplicates > 0)
      problems.push(`${uplinks.duplicates} duplicates of ${id} without a reason`);
  }
  return problems;
}

function pendingWords(world: World): string {
  const { gateway } = world;
  const queued = world.subdevices.map(({ id, queued }) => `${id}:${queued}`).join(' ');
  const { uplinks, downlinks } = gateway?.stations ?? {};
  return `not drained: uplinks ${uplinks?.pending}, downlinks ${downlinks?.pending}, at the hub ${world.hub.stored(world.clientId)}, in subdevices ${queued}`;
}
