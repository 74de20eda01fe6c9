/**
 * Reports of versions, progress and results of firmware updates to the hub. Versions and results are uplinks of their
 * subdevices with QoS 1. The progress of a transfer has QoS 0, is in no custody, and goes behind the data. The final state
 * is offered until the outbox has custody of it, also over restarts, so it may be sent twice.
 */
import type { FirmwareFailure, FirmwareOffer, FirmwareUpdate } from '../base/firmware.ts';
import { topicProblem } from '../base/topic.ts';
import {
  burningDocument,
  doneDocument,
  downloadingDocument,
  failedDocument,
  versionDocument,
} from '../firmware/firmware-documents.ts';
import type { FirmwareRecords } from '../firmware/firmware-records.ts';
import type { Clock } from '../ports.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import type { ProgressDocuments } from './progress-documents.ts';
import type { UplinkFlow } from './uplink.ts';

export interface FirmwareReportsOptions {
  readonly clock: Clock;
  readonly registry: SubdeviceRegistry;
  readonly records: FirmwareRecords;
  readonly uplink: Pick<UplinkFlow, 'offerFor'>;
  readonly progress: Pick<ProgressDocuments, 'set' | 'remove'>;
  readonly topicsOf: (subdevice: string) => TopicMap;
  /** Topic of the reports, in the subdevice's own names. */
  readonly reportTopic: string;
}

/** Shortest time between two reports of the progress of a transfer, ms. */
const PROGRESS_MS = 10_000;
/** Shortest time between two reports of the same version, ms: a subdevice may connect again and again. */
const VERSION_MS = 3_600_000;
const DAY_MS = 24 * VERSION_MS;

interface SentReport {
  version: string;
  versionAtMs: number;
  /** True if offers may have been lost since: the hub offers again when it gets the version. */
  isOfferMissing: boolean;
  progressAtMs: number;
  percent: number;
}

export class FirmwareReports {
  readonly #options: FirmwareReportsOptions;
  readonly #sent = new Map<string, SentReport>();
  /** Subdevices whose final report is offered to the outbox now. */
  readonly #offered = new Set<string>();

  constructor(options: FirmwareReportsOptions) {
    this.#options = options;
  }

  /** Reports the running version. @param isDue also if the same one was reported within the hour */
  version(subdevice: Subdevice, version: string, isDue = false): void {
    const sent = this.#sentOf(subdevice.id);
    const nowMs = this.#options.clock.nowMs();
    if (!isDue && sent.version === version && nowMs - sent.versionAtMs < VERSION_MS) return;
    sent.isOfferMissing = false;
    this.#send(subdevice, versionDocument(version), () => {
      sent.version = version;
      sent.versionAtMs = nowMs;
    });
  }

  /** Notes that an offer may have been lost, so the version is reported again within the hour. */
  offersMissing(id: string): void {
    this.#sentOf(id).isOfferMissing = true;
  }

  /** Reports that an offer was accepted. */
  began(id: string, { version }: FirmwareOffer): void {
    const sent = this.#sentOf(id);
    sent.percent = 0;
    sent.progressAtMs = this.#options.clock.nowMs();
    this.#sendProgress(id, downloadingDocument(version, 0));
  }

  /** @param confirmed bytes that the subdevice has */
  progress({ id }: Subdevice, { version, image }: FirmwareOffer, confirmed: number): void {
    const sent = this.#sentOf(id);
    const nowMs = this.#options.clock.nowMs();
    const percent = Math.floor((confirmed * 100) / image.size);
    if (percent === sent.percent || nowMs - sent.progressAtMs < PROGRESS_MS) return;
    sent.percent = percent;
    sent.progressAtMs = nowMs;
    this.#sendProgress(id, downloadingDocument(version, percent));
  }

  burning(subdevice: Subdevice, version: string): void {
    this.#send(subdevice, burningDocument(version));
  }

  /** Reports an offer that cannot be used. */
  rejected(id: string, version: string, failure: FirmwareFailure): void {
    const subdevice = this.#options.registry.byId(id);
    if (subdevice !== undefined) this.#send(subdevice, failedDocument(version, failure));
  }

  /** Reports the final state of the update, if the outbox does not have it. */
  final(id: string): void {
    const { registry, records } = this.#options;
    const update = records.get(id)?.update;
    const subdevice = registry.byId(id);
    const document = update && finalDocument(update);
    if (update === undefined || subdevice === undefined || document === undefined || this.#offered.has(id)) return;
    this.#offered.add(id);
    const ended = (): void => void this.#offered.delete(id);
    const safe = (): void => {
      ended();
      const record = records.get(id);
      if (record?.update === update) records.set({ ...record, update: { ...update, isReported: true } });
      else this.final(id); // the update has ended in another way meanwhile
    };
    this.#send(subdevice, document, safe, ended);
  }

  /**
   * Offers the final states again that the outbox did not take, and reports each version once a day, or within the hour
   * if an offer may have been lost, so that the hub repeats it to a subdevice that never connects again.
   */
  look(): void {
    const { registry, records, clock } = this.#options;
    for (const { subdevice: id, version } of records.all()) {
      this.final(id);
      const subdevice = registry.byId(id);
      if (version === undefined || subdevice?.isAttached !== true) continue;
      const { versionAtMs, isOfferMissing } = this.#sentOf(id);
      if (clock.nowMs() - versionAtMs >= (isOfferMissing ? VERSION_MS : DAY_MS)) this.version(subdevice, version);
    }
  }

  #sendProgress(id: string, payload: Uint8Array): void {
    const topic = this.#topicOf(id);
    if (topic !== undefined) this.#options.progress.set(topic, payload);
  }

  #send(subdevice: Subdevice, payload: Uint8Array, safe = nothing, refused = nothing): void {
    const { reportTopic, progress, uplink } = this.#options;
    const topic = this.#topicOf(subdevice.id);
    if (topic === undefined) return safe();
    progress.remove(topic); // it would arrive after this report
    const message = { topic, payload, qos: 1 } as const;
    uplink.offerFor(subdevice, reportTopic, message, { safe, refuse: refused, withdrawn: refused });
  }

  /** Topic of the reports at the hub. `undefined`: the hub serves none for this subdevice. */
  #topicOf(id: string): string | undefined {
    const topic = this.#options.topicsOf(id).toHub(this.#options.reportTopic);
    return topic === undefined || topicProblem(topic) !== undefined ? undefined : topic;
  }

  #sentOf(id: string): SentReport {
    const known = this.#sent.get(id);
    if (known !== undefined) return known;
    const sent = {
      version: '',
      versionAtMs: 0,
      isOfferMissing: false,
      progressAtMs: Number.NEGATIVE_INFINITY,
      percent: 0,
    };
    this.#sent.set(id, sent);
    return sent;
  }
}

function nothing(): void {}

/** @returns `undefined`: the update has not ended, or its end is reported */
function finalDocument({ offer, state, failure, isReported }: FirmwareUpdate): Uint8Array | undefined {
  if (isReported) return undefined;
  if (state === 'done') return doneDocument(offer.version);
  return state === 'failed' && failure !== undefined ? failedDocument(offer.version, failure) : undefined;
}
