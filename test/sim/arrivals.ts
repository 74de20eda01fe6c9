/** Connects the taps of a world with its accounts: notes when a message is stored, delivered or acknowledged. */
import type { Message } from '../../src/base/message.ts';
import { numberIn } from './stream.ts';
import type { World } from './world.ts';

/** A PUBACK may become overdue this long before its limit, because of its way back, ms. */
const WAY_BACK_MS = 100;

export function noteArrivals(world: World): void {
  const { store, tap, hub } = world;
  store.onPut = (direction, row) => world.streamOf(direction, row.topic)?.stored(row.payload);
  const { envelopes } = world;
  tap.payloadIn = (message) => envelopes.payloadIn(message);
  tap.onDownlink = ({ topic, payload }) => world.streamOf('downlink', topic)?.place(payload);
  tap.onCrossed = ({ topic, payload }) => world.streamOf('downlink', topic)?.cross(payload);
  tap.onDownlinkAcknowledged = ({ topic, payload }) => {
    const number = numberIn(payload);
    if (number !== undefined) world.streamOf('downlink', topic)?.acknowledge(number);
  };
  hub.onArrived = (message) => uplinkArrived(world, { ...message, payload: envelopes.arrived(message) });
}

function uplinkArrived(world: World, { topic, payload, qos, retain }: Message): void {
  const subdevice = world.subdeviceOf(topic);
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
