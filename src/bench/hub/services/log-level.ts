/**
 * How much a device is to log: it asks on `$log/operation/…`. The lines themselves travel by HTTP, which is not served.
 *
 * Source: "Device logs" (hub contract §4.5).
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

/** 0 off, 1 errors, 2 warnings too, 3 information too, 4 everything. */
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

  /** The device hears of it when it asks next. */
  setLevel(device: RegisteredDevice, level: DeviceLogLevel): void {
    this.#levels.set(device, level);
  }
}
