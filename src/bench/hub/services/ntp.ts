/**
 * Time service for a device: `{"type":"get","resource":["time"]}` on `$sys/operation/{product}/{device}`.
 *
 * Source: the IoT hub's page "NTP service". A published trace of 2020 has only `time`, so `answersStamps` determines
 * whether the answer has the two timestamps in ms.
 */
import { z } from 'zod';
import type { Message } from '../../../base/message.ts';
import type { BenchService, Requester } from '../service-contract.ts';
import { addressee, jsonTo, readJson } from './system-topic.ts';

const REQUESTS = '$sys/operation/';
const ANSWERS = '$sys/operation/result/';

const Request = z.object({ type: z.literal('get'), resource: z.array(z.string()) });

export class NtpService implements BenchService {
  /** True if the answer contains the timestamps in ms too. */
  answersStamps = true;

  takes(topic: string): boolean {
    return topic.startsWith(REQUESTS);
  }

  answer({ topic, payload }: Message, from: Requester, wallMs: number): readonly Message[] | undefined {
    const to = addressee(topic, REQUESTS, from);
    if (to === undefined || to.rest.length > 0) return undefined;
    if (readJson(payload, Request)?.resource.includes('time') !== true) return [];
    const nowMs = Math.round(wallMs);
    const stamps = this.answersStamps ? { ntptime1: nowMs, ntptime2: nowMs } : {};
    return [jsonTo(to.device, ANSWERS, { type: 'get', time: Math.floor(nowMs / 1000), ...stamps })];
  }
}
