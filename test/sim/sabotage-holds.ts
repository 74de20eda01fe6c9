/** Planted bugs in the operator holds and drops, one at a time. */
import type { Gateway } from '../../src/app/gateway.ts';
import type { PlantedBug } from './sabotage.ts';

/** Stores a hold, and sends nevertheless. */
function ignoreHolds({ stations: { uplinks, downlinks } }: Gateway): void {
  for (const custodian of [uplinks, downlinks]) custodian.setHolds = () => undefined;
}

/** Ends a hold without reading the parked messages again: later messages overtake them. */
function forgetOrder({ stations: { uplinks, downlinks } }: Gateway): void {
  for (const custodian of [uplinks, downlinks]) custodian.rewind = () => undefined;
}

/** Drops messages that the next hop may have. */
function dropInFlight({ stations: { uplinks, downlinks } }: Gateway): void {
  for (const custodian of [uplinks, downlinks]) {
    const laneOf = custodian.lane.bind(custodian);
    custodian.lane = (number) => {
      const lane = laneOf(number);
      lane.undroppable = () => undefined;
      return lane;
    };
  }
}

export const PLANTED_IN_HOLDS: readonly PlantedBug[] = [
  { name: 'hold ignored', complaint: /was sent while on hold/, patch: ignoreHolds },
  {
    name: 'hold that does not keep the order',
    complaint: /arrived out of order|not drained/,
    patch: forgetOrder,
  },
  { name: 'messages in flight dropped', complaint: /ledger is off by/, world: 17, patch: dropInFlight },
];
