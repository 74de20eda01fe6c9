/** Connects the taps of a world with its accounts: notes when a message is stored, delivered or acknowledged. */
import type { Message } from '../../src/base/message.ts';
import type { SimDevice } from './sim-device.ts';
import { numberIn } from './stream.ts';
import type { World } from './world.ts';

/** A PUBACK may become overdue this long before its limit, because of its way back, ms. */
const WAY_BACK_MS = 100;

export function noteArrivals(world: World): void {
  const { store, tap, hub } = world;
  store.onPut = (direction, row) => world.streamOf(direction, row.lane)?.stored(row.payload);
  const { envelopes } = world;
  tap.payloadIn = (message) => {
    const { subdevice, payload } = world.atHub(message);
    return Buffer.concat([Buffer.from(`${subdevice?.id} `), envelopes.payloadIn(subdevice, payload)]);
  };
  tap.onDownlink = (message) => {
    const { subdevice, payload } = world.atHub(message);
    subdevice?.downlinks.place(payload);
  };
  tap.onCrossed = (message) => {
    const { subdevice, payload } = world.atHub(message);
    subdevice?.downlinks.cross(payload);
  };
  tap.onDownlinkAcknowledged = (message) => {
    const { topic } = message;
    const { subdevice, payload } = world.atHub(message);
    const number = numberIn(payload);
    if (number !== undefined) subdevice?.downlinks.acknowledge(number);
    const isStored = (): boolean =>
      store.messages('downlink').some((row) => row.topic === topic && Buffer.compare(row.payload, payload) === 0);
    world.firmware?.acknowledged({ topic, payload, qos: 1 }, isStored);
  };
  hub.onArrived = (message) => {
    const { subdevice, payload, ms } = world.atHub(message);
    const arrived = { ...message, payload: envelopes.arrived(subdevice, message.topic, payload) };
    if (ms !== undefined) envelopes.judgeDocument(subdevice, arrived, ms);
    uplinkArrived(world, subdevice, arrived);
  };
}

function uplinkArrived(world: World, subdevice: SimDevice | undefined, message: Message): void {
  const { topic, payload, qos, retain } = message;
  const number = subdevice?.uplinks.numberOf(payload);
  if (number === undefined || subdevice === undefined) return;
  const isRetained = world.config.hub.retain && subdevice.retains?.(number) === true;
  if ((retain === true) !== isRetained)
    world.complain(`uplink of ${subdevice.id} ${number} arrived ${isRetained ? 'without' : 'with'} RETAIN`);
  if (qos === 0) return subdevice.qos0Uplinks.arrive(number);
  const { nowMs } = world.time;
  const reasonForDuplicate = (sinceMs: number, sentAtMs: number): string | undefined => {
    if (Math.max(world.startedAtMs, world.tap.connectedAtMs) >= sinceMs) return 'the gateway started again';
    if (subdevice.connectedAtMs >= sentAtMs) return 'the subdevice connected again';
    return nowMs - sinceMs >= world.config.hub.pubackMsMax - WAY_BACK_MS ? 'its PUBACK was overdue' : undefined;
  };
  subdevice.uplinks.arrive({ topic, number, nowMs, reasonForDuplicate });
}
