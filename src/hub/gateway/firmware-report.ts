/**
 * Reports the version of this program as the firmware of the gateway: `$ota/report/{product}/{device}`, until the hub
 * confirms it on `$ota/update/…`. A confirmed version is not reported again by this process.
 *
 * An offer of other firmware is a notice for the technician: the gateway is updated by its package, and not by the hub.
 *
 * Source: the IoT hub's page "Firmware update of devices".
 */
import type { Message } from '../../base/message.ts';
import type { HubService, HubServiceEvent, HubServiceRequest } from './hub-service.ts';
import { RetriedRequest } from './retried-request.ts';

/** Largest number of characters of an offered version that are shown. */
const VERSION_SHOWN_MAX = 64;

export class FirmwareReport implements HubService {
  readonly filters: readonly string[];
  readonly #topic: string;
  readonly #version: string;
  /** Request of this connection; `undefined`: not connected, or the hub has confirmed the version. */
  #request: RetriedRequest | undefined;
  #isConfirmed = false;
  #offered: string | undefined;

  constructor(gateway: { readonly productId: string; readonly deviceName: string }, version: string) {
    const identity = `${gateway.productId}/${gateway.deviceName}`;
    this.#topic = `$ota/report/${identity}`;
    this.filters = [`$ota/update/${identity}`];
    this.#version = version;
  }

  connected(): void {
    if (!this.#isConfirmed) this.#request = new RetriedRequest();
  }

  disconnected(): void {
    this.#request = undefined;
  }

  next(nowMs: number): HubServiceRequest | undefined {
    const request = this.#request;
    if (request === undefined || !request.isDue(nowMs)) return undefined;
    request.sent(nowMs);
    const content = { type: 'report_version', report: { version: this.#version } };
    return { topic: this.#topic, payload: new TextEncoder().encode(JSON.stringify(content)) };
  }

  wakeAtMs(): number | undefined {
    return this.#request?.wakeAtMs();
  }

  onReceived({ payload }: Message): readonly HubServiceEvent[] {
    const { type, version } = fieldsOf(payload);
    if (type === 'report_version_rsp' && version === this.#version) {
      this.#isConfirmed = true;
      this.#request = undefined;
    }
    if (type !== 'update_firmware' || typeof version !== 'string' || version === this.#offered) return [];
    this.#offered = version;
    const shown = version.slice(0, VERSION_SHOWN_MAX).replaceAll(/\p{Cc}/gu, '?');
    const sentence = `The hub offers firmware ${shown} for the gateway; it is ignored, because the gateway is updated by its package`;
    return [{ kind: 'notice', sentence }];
  }
}

function fieldsOf(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
