/**
 * Remote configuration: a device requests its product's configuration; the application side pushes it.
 *
 * Source: the IoT hub's page "Remote configuration of devices"; the Java SDK sends requests on `$config/report/…`.
 */
import { z } from 'zod';
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { BenchService, Requester } from '../service-contract.ts';
import { addressee, jsonTo, readJson } from './system-topic.ts';

const REQUESTS = ['$config/operation/', '$config/report/'];
const ANSWERS = '$config/operation/result/';

/** Result code: the feature is off for the product. */
const DISABLED = 1001;

const Request = z.object({ type: z.literal('get') });

type Configuration = Readonly<Record<string, unknown>>;

export class RemoteConfigService implements BenchService {
  /** Product → configuration. A product without an entry has the feature turned off. */
  readonly #configurations = new Map<string, Configuration>();

  takes(topic: string): boolean {
    return REQUESTS.some((prefix) => topic.startsWith(prefix));
  }

  answer({ topic, payload }: Message, from: Requester): readonly Message[] | undefined {
    const prefix = REQUESTS.find((each) => topic.startsWith(each)) ?? '';
    const to = addressee(topic, prefix, from);
    if (to === undefined || to.rest.length > 0) return undefined;
    if (readJson(payload, Request) === undefined) return [];
    const configuration = this.#configurations.get(to.device.product);
    const outcome = configuration === undefined ? { result: DISABLED } : { result: 0, payload: configuration };
    return [jsonTo(to.device, ANSWERS, { type: 'reply', ...outcome })];
  }

  /** Turns the feature on or off. */
  configure(product: string, configuration: Configuration | undefined): void {
    if (configuration === undefined) this.#configurations.delete(product);
    else this.#configurations.set(product, configuration);
  }

  /** Returns the message with the configuration for a device. `undefined`: the feature is off for its product. */
  push(device: RegisteredDevice): Message | undefined {
    const payload = this.#configurations.get(device.product);
    return payload === undefined ? undefined : jsonTo(device, ANSWERS, { type: 'push', result: 0, payload });
  }
}
