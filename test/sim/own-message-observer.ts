/** Observes messages of the gateway itself for subdevices: none may be sent while a downlink can be delivered. */
import type { Gateway } from '../../src/app/gateway.ts';

/** Begins to observe a gateway. Must be called before the gateway starts. */
export function watchOwnMessages(gateway: Gateway, complain: (what: string) => void): void {
  const { firmware, parts } = gateway;
  if (firmware === undefined) return;
  const next = firmware.next.bind(firmware);
  firmware.next = (subdevice, isAwake) => {
    const message = next(subdevice, isAwake);
    if (message !== undefined && canDeliver(gateway, subdevice.lane, parts.clock.nowMs()))
      complain(`own message to ${subdevice.id} before a downlink that waits`);
    return message;
  };
}

/** Returns whether a downlink of the lane is due now. */
function canDeliver({ stations: { inbox, downlinks } }: Gateway, lane: number, nowMs: number): boolean {
  const delivery = inbox.deliveryOf(lane);
  if (delivery === undefined) return false;
  const { state, qos0, replayTo, replayAtMs, wakeTo } = delivery;
  if (state === 'away' || state === 'asleep') return false;
  const oldest = downlinks.lane(lane).window[0];
  if (oldest === undefined || oldest.inFlight) return qos0.length > 0;
  const { seq } = oldest.row;
  return qos0.length > 0 || (state === 'awake' ? seq <= wakeTo : seq > replayTo || nowMs >= replayAtMs);
}
