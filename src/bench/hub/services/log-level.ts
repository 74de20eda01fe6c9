/**
 * Log level of a device: the device requests it on `$log/operation/…`. Devices send log lines over HTTP, which the
 * bench hub does not serve.
 *
 * Source: the IoT hub's page "Device logs".
 */
import { z } from 'zod';
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { BenchService, Requester } from '../service-contract.ts';
import { PerDevice } from './per-device.ts';
import { addressee, jsonTo, readJson } from './system-topic.ts';

const REQUESTS = '$log/operation/';
const ANSWERS = '$log/operation/result/';

const Request = z.object({ type: z.literal('get_log_level'), clientToken: z.string().exactOptional() });

/** Log level of a device: 0 off, 1 errors, 2 also warnings, 3 also information, 4 everything. */
export type DeviceLogLevel = 0 | 1 | 2 | 3 | 4;

export class LogLevelService implements BenchService {
  readonly #levels = new PerDevice<DeviceLogLevel>();

  takes(topic: string): boolean {
    return topic.startsWith(REQUESTS);
  }

  answer({ topic, payload }: Message, from: Requester, wallMs: number): readonly Message[] | undefined {
    const to = addressee(topic, REQUESTS, from);
    if (to === undefined || to.rest.length > 0) return undefined;
    const request = readJson(payload, Request);
    if (request === undefined) return [];
    const level = this.#levels.get(to.device) ?? 0;
    return [
      jsonTo(to.device, ANSWERS, { ...request, log_level: level, result: 0, timestamp: Math.floor(wallMs / 1000) }),
    ];
  }

  /** Sets the level that the device receives with its next request. */
  setLevel(device: RegisteredDevice, level: DeviceLogLevel): void {
    this.#levels.set(device, level);
  }
}
