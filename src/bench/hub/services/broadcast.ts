/**
 * Broadcasts to the devices of a product. A broadcast has QoS 0, so only online devices with a subscription receive it.
 *
 * Source: the IoT hub's page "Broadcast communication".
 */
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { BenchService } from '../service-contract.ts';
import { messageTo } from './system-topic.ts';

const NOTICES = '$broadcast/rxd/';

/** Largest payload of a broadcast: 8 KB, counted in the base64 form that the platform accepts. */
const BASE64_BYTES_MAX = 8192;

export class BroadcastService implements BenchService {
  takes(topic: string): boolean {
    return topic.startsWith('$broadcast/');
  }

  /** Rejects a PUBLISH, because devices may not publish broadcasts. */
  answer(): undefined {
    return undefined;
  }

  /** Returns the broadcast as one message for each device. `undefined`: the payload is too large. */
  send(devices: readonly RegisteredDevice[], payload: Uint8Array): readonly Message[] | undefined {
    if (Math.ceil(payload.length / 3) * 4 > BASE64_BYTES_MAX) return undefined;
    return devices.map((device) => messageTo(device, NOTICES, { payload, qos: 0 }));
  }
}
