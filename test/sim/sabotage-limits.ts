/** Planted bugs of bounds, limits, order and the ledger: one or more for each invariant of the simulation. */

import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Custodian } from '../../src/custody/custodian.ts';
import type { Entry } from '../../src/custody/entry.ts';
import type { Lane } from '../../src/custody/lane.ts';
import type { OpenStore } from '../../src/ports.ts';
import type { PlantedBug } from './sabotage.ts';

/** Every Nth packet is altered: often enough for short worlds. */
const EVERY = 10;

type Sections = { readonly [name in 'hub' | 'outbox']?: Partial<Config[name]> };

/** Changes limits of the gateway that the world still checks. */
function configured({ hub, outbox }: Sections): (parts: GatewayParts) => GatewayParts {
  return (parts) => {
    const { config } = parts;
    return { ...parts, config: { ...config, hub: { ...config.hub, ...hub }, outbox: { ...config.outbox, ...outbox } } };
  };
}

/** Deletes rows in the transaction that writes them. */
function deleteAtOnce(openStore: OpenStore): OpenStore {
  return async (listener) => {
    const opened = await openStore(listener);
    const commit = opened.store.commit.bind(opened.store);
    opened.store.commit = (batch, changes) => {
      const gone = changes.flatMap((change) => {
        if (change.kind !== 'put') return [];
        const { direction, row } = change;
        const { lane, seq } = row;
        return [{ kind: 'settle', direction, lane, seq, bytes: 0, outcome: { as: 'delivered' } } as const];
      });
      commit(batch, [...changes, ...gone]);
    };
    return opened;
  };
}

/** Starts the sequence numbers at 1 in each life. */
function forgetNumbers(openStore: OpenStore): OpenStore {
  return async (listener) => {
    const { store, opening } = await openStore(listener);
    return { store, opening: { ...opening, nextSeq: { uplink: 1, downlink: 1 } } };
  };
}

function swapNeighbours({ stations: { outbox, uplinks } }: Gateway): void {
  const next = outbox.next.bind(outbox);
  outbox.next = (nowMs) => {
    for (const lane of uplinks.lanes()) {
      const window = lane.window as Entry[];
      const [first, second] = window;
      if (first?.sentPlace === 0 && second?.sentPlace === 0) window.splice(0, 2, second, first);
    }
    return next(nowMs);
  };
}

function sendTwice({ stations: { outbox } }: Gateway): void {
  const next = outbox.next.bind(outbox);
  let sent = 0;
  let again: ReturnType<typeof next>;
  outbox.next = (nowMs) => {
    const sending = again ?? next(nowMs);
    if (sending !== undefined) sent += 1;
    again = again === undefined && sending !== undefined && sent % EVERY === 0 ? { ...sending, dup: true } : undefined;
    return sending;
  };
}

function sendWithoutDup({ stations: { outbox } }: Gateway): void {
  const next = outbox.next.bind(outbox);
  outbox.next = (nowMs) => {
    const sending = next(nowMs);
    return sending && { ...sending, dup: false };
  };
}

function sendQos0Twice({ hub }: Gateway): void {
  const publish = hub.publish.bind(hub);
  hub.publish = (message, isSuspect) => {
    publish(message, isSuspect);
    if (message.qos === 0) publish(message, isSuspect);
  };
}

function countNoShed({ stations: { uplinks, downlinks } }: Gateway): void {
  for (const custodian of [uplinks, downlinks]) {
    const countOnly = custodian.countOnly.bind(custodian);
    custodian.countOnly = (lane, outcome) => {
      if (outcome.as !== 'shed') countOnly(lane, outcome);
    };
  }
}

/** Alters each lane before it is used. */
function alterLanes(custodian: Custodian, alter: (lane: Lane) => void): void {
  const laneOf = custodian.lane.bind(custodian);
  const known = new Set<Lane>();
  custodian.lane = (number) => {
    const lane = laneOf(number);
    if (!known.has(lane)) alter(lane);
    known.add(lane);
    return lane;
  };
}

function keepEverythingInRam({ stations: { uplinks } }: Gateway): void {
  alterLanes(uplinks, (lane) => Object.defineProperty(lane, 'isOpenAtEnd', { get: () => lane.rowsOnDisk === 0 }));
}

function keepEndedEntries({ stations: { uplinks } }: Gateway): void {
  alterLanes(uplinks, (lane) => {
    lane.remove = () => undefined;
  });
}

/** Never repeats a lost delivery. */
function giveUpDeliveries({ stations: { inbox } }: Gateway): void {
  inbox.undelivered = () => undefined;
}

/** Never sheds messages that are only on disk. */
function dropNewestDownlinks({ stations: { inbox, downlinks }, parts: { config } }: Gateway): void {
  const admit = inbox.admit.bind(inbox);
  inbox.admit = (lane, message, from) => {
    const { pending, window } = downlinks.lane(lane);
    if (pending < config.inbox.messagesMax || window.some(({ inFlight }) => !inFlight))
      return admit(lane, message, from);
    inbox.countShed(lane, 'overflow drop-newest');
    return undefined;
  };
}

export const PLANTED_LIMITS: readonly PlantedBug[] = [
  {
    name: 'window ignored',
    complaint: /uplinks in flight, \d+ allowed/,
    alter: configured({ hub: { inFlightMax: 1000 } }),
  },
  {
    name: 'no pause between CONNECTs',
    complaint: /CONNECT after/,
    alter: configured({ hub: { reconnectFloorMs: 100 } }),
  },
  {
    name: 'message too large for the hub sent',
    complaint: /bytes published, \d+ allowed/,
    alter: configured({ hub: { payloadBytesMax: 1e6 } }),
  },
  {
    name: 'outbox unbounded in messages',
    complaint: /\d+ uplinks in custody/,
    alter: configured({ outbox: { messagesMax: 1e9 } }),
  },
  {
    name: 'outbox unbounded in bytes',
    complaint: /bytes of uplinks in custody/,
    world: 6,
    alter: configured({ outbox: { bytesMax: 1e12 } }),
  },
  {
    name: 'deleted with the commit that wrote it',
    complaint: /acknowledged and not on the disk/,
    alter: (parts) => ({ ...parts, openStore: deleteAtOnce(parts.openStore) }),
  },
  {
    name: 'numbers forgotten at a restart',
    complaint: /was assigned twice/,
    alter: (parts) => ({ ...parts, openStore: forgetNumbers(parts.openStore) }),
  },
  { name: 'neighbours swapped', complaint: /arrived out of order/, patch: swapNeighbours },
  { name: 'sent twice without a reason', complaint: /arrived twice without/, patch: sendTwice },
  { name: 'sent again without DUP', complaint: /sent again without DUP/, patch: sendWithoutDup },
  { name: 'QoS 0 sent twice', complaint: /arrived twice, with QoS 0/, patch: sendQos0Twice },
  { name: 'shed message not counted', complaint: /shed: .*, but \d+ in the ledger/, patch: countNoShed },
  { name: 'backlog kept in RAM', complaint: /uplinks in a window/, patch: keepEverythingInRam },
  { name: 'ended entry not removed', complaint: /ledger is off|in lanes|sent while on hold/, patch: keepEndedEntries },
  {
    name: 'inbox drops the newest',
    complaint: /the newest downlink was shed/,
    world: 32,
    patch: dropNewestDownlinks,
  },
  { name: 'lost delivery not repeated', complaint: /not drained/, patch: giveUpDeliveries },
];
