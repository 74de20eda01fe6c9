/**
 * Broadcasts to the devices of a product. QoS 0, so only online devices with a subscription receive one.
 *
 * Source: the IoT hub's page "Broadcast communication".
 */
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { BenchService } from '../service-contract.ts';
import { messageTo } from './system-topic.ts';

const NOTICES = '$broadcast/rxd/';

/** 8 KB, counted in the base64 form that the platform takes. */
const BASE64_BYTES_MAX = 8192;

export class BroadcastService implements BenchService {
  takes(topic: string): boolean {
    return topic.startsWith('$broadcast/');
  }

  /** Devices may not publish broadcasts. */
  answer(): undefined {
    return undefined;
  }

  /** `undefined`: the payload is too large. */
  send(devices: readonly RegisteredDevice[], payload: Uint8Array): readonly Message[] | undefined {
    if (Math.ceil(payload.length / 3) * 4 > BASE64_BYTES_MAX) return undefined;
    return devices.map((device) => messageTo(device, NOTICES, { payload, qos: 0 }));
  }
}
