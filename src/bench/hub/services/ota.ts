/**
 * Firmware updates: a device reports its version, the hub offers another version, and the device reports its progress.
 *
 * The image comes from the `url`, which this hub does not serve. If a device reports the old version again, the hub
 * sends the offer again. Invariant: a device is offered only firmware of its product that it does not run already.
 *
 * Source: the IoT hub's page "Firmware update of devices"; numbers in progress reports are strings there.
 */
import { z } from 'zod';
import type { Message } from '../../../base/message.ts';
import type { RegisteredDevice } from '../device-registry.ts';
import type { BenchService, Requester } from '../service-contract.ts';
import { PerDevice } from './per-device.ts';
import { addressee, jsonTo, readJson } from './system-topic.ts';

const REPORTS = '$ota/report/';
const UPDATES = '$ota/update/';

const Progress = z.object({
  state: z.enum(['downloading', 'burning', 'done', 'fail']),
  percent: z.coerce.number().min(0).max(100).exactOptional(),
  /** Result: 0, or the reason of a failure (−1 timeout, −2 no file, −3 signature expired, −4 MD5, −5 not updated). */
  result_code: z.coerce.number().int().exactOptional(),
  result_msg: z.string().exactOptional(),
});

const Report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('report_version'), report: z.object({ version: z.string() }) }),
  z.object({
    type: z.literal('report_progress'),
    report: z.object({ progress: Progress, version: z.string().exactOptional() }),
  }),
]);

export const Firmware = z.strictObject({
  version: z.string(),
  url: z.string(),
  md5sum: z.string(),
  file_size: z.int().min(0),
});

export type Firmware = z.output<typeof Firmware>;

/** Values reported by a device. */
export interface FirmwareState {
  readonly version: string | undefined;
  readonly progress: z.output<typeof Progress> | undefined;
}

const UNKNOWN: FirmwareState = { version: undefined, progress: undefined };

export class OtaService implements BenchService {
  readonly #offered = new Map<string, Firmware>();
  readonly #states = new PerDevice<FirmwareState>();

  takes(topic: string): boolean {
    return topic.startsWith(REPORTS);
  }

  answer({ topic, payload }: Message, from: Requester): readonly Message[] | undefined {
    const to = addressee(topic, REPORTS, from);
    if (to === undefined || to.rest.length > 0) return undefined;
    const { device } = to;
    const told = readJson(payload, Report);
    switch (told?.type) {
      case undefined:
        return [];
      case 'report_version': {
        const { version } = told.report;
        this.#states.set(device, { version, progress: undefined });
        const accepted = { result_code: 0, result_msg: 'success', type: 'report_version_rsp', version };
        return [jsonTo(device, UPDATES, accepted), ...this.#report(device)];
      }
      case 'report_progress':
        this.#states.set(device, { ...this.stateOf(device), progress: told.report.progress });
        return [];
    }
  }

  /** Offers a firmware to the devices of a product that are known to run another version. */
  offer(product: string, firmware: Firmware): readonly Message[] {
    this.#offered.set(product, firmware);
    return this.#states.devicesOf(product).flatMap((device) => this.#report(device));
  }

  stateOf(device: RegisteredDevice): FirmwareState {
    return this.#states.get(device) ?? UNKNOWN;
  }

  #report(device: RegisteredDevice): readonly Message[] {
    const firmware = this.#offered.get(device.product);
    if (firmware === undefined || firmware.version === this.stateOf(device).version) return [];
    return [jsonTo(device, UPDATES, { type: 'update_firmware', ...firmware })];
  }
}
