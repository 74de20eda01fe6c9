/**
 * Course of firmware updates: begins, repeats and ends them, with the effects on downloads, transfers and reports.
 *
 *     offer ─▶ wanted ──▶ image complete at the gateway ──▶ OFFER ──▶ GET, CHUNK … ──STATE received──▶ installing
 *                ▲  └ download, repeated                                                                 │ VERSION
 *                ├── another attempt ◀── STATE failed, or another version ◀──────────────────────────────┤
 *     failed ◀───┴── no attempt left, refused, timed out, no image        the offered version ──▶ done ◀─┘
 *
 * Invariant: the final state of an update is reported until the outbox has custody of the report.
 */
import type { Facts } from '../base/events.ts';
import {
  CANCELLED,
  type FetchOutcome,
  type FirmwareAnswer,
  type FirmwareFailure,
  type FirmwareOffer,
  type FirmwareRecord,
  type FirmwareSettings,
  type FirmwareUpdate,
} from '../base/firmware.ts';
import { encodeFirmwareDown } from '../codec/firmware-messages.ts';
import { type FirmwareRecords, newUpdate } from '../firmware/firmware-records.ts';
import type { Clock, FirmwareStorage } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import type { FirmwareReports } from './firmware-reports.ts';
import { ImageDownloads, type WantedImage } from './image-downloads.ts';
import type { ImageTransfers } from './image-transfers.ts';

export interface UpdateCourseOptions {
  readonly settings: Pick<FirmwareSettings, 'attemptsMax' | 'giveUpMs'>;
  readonly storage: FirmwareStorage;
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly records: FirmwareRecords;
  readonly transfers: ImageTransfers;
  readonly reports: FirmwareReports;
}

export class UpdateCourse {
  readonly downloads: ImageDownloads;
  readonly #options: UpdateCourseOptions;
  /** Monotonic ms of the last progress of an update, by subdevice. */
  readonly #progressAtMs = new Map<string, number>();

  constructor(options: UpdateCourseOptions) {
    this.#options = options;
    this.downloads = new ImageDownloads({ ...options, ended: (...ended) => this.#downloadEnded(...ended) });
    for (const { subdevice } of options.records.all()) this.progressed(subdevice);
  }

  /** Downloads the images that updates want, and removes those that no update needs. */
  download(): void {
    this.downloads.look(this.#options.records);
  }

  /** Ends updates without progress. */
  look(): void {
    const { clock, settings, records } = this.#options;
    for (const { subdevice, update } of records.all()) {
      if (update?.state !== 'wanted' && update?.state !== 'installing') continue;
      if (clock.nowMs() - (this.#progressAtMs.get(subdevice) ?? 0) < settings.giveUpMs) continue;
      const hours = Math.round(settings.giveUpMs / 3_600_000);
      this.fail(subdevice, { kind: 'timed out', reason: `no progress for ${hours} hours (firmware.give_up_hours)` });
    }
  }

  progressed(id: string): void {
    this.#progressAtMs.set(id, this.#options.clock.nowMs());
  }

  begin(record: FirmwareRecord, offer: FirmwareOffer): void {
    const { facts, registry, records, transfers, reports } = this.#options;
    const { subdevice: id } = record;
    const update = newUpdate(offer);
    const subdevice = registry.byId(id);
    transfers.end(id);
    records.set({ ...record, update, rejected: undefined });
    this.progressed(id);
    facts.emit('firmwareOffered', { subdevice: id, version: offer.version, bytes: offer.image.size });
    reports.began(id, offer);
    this.download();
    if (subdevice !== undefined) this.offer(subdevice, update); // the image may be complete already
  }

  /** Goes on with another address of the image. */
  readdress(record: FirmwareRecord, offer: FirmwareOffer): void {
    this.#options.records.set({ ...record, update: record.update && { ...record.update, offer } });
    this.download();
    this.downloads.hurry(offer.image);
  }

  /** Sends OFFER to the subdevice, if the image is complete at the gateway. */
  offer(subdevice: Subdevice, { offer: { image, version } }: FirmwareUpdate): void {
    const crc32 = this.#options.storage.find(image);
    if (crc32 === undefined) return;
    const message = { kind: 'offer', image: crc32, size: image.size, md5: image.md5, version } as const;
    this.#options.transfers.sendOffer(subdevice, encodeFirmwareDown(message));
  }

  /** Called when the image is complete at the subdevice. */
  received(subdevice: Subdevice, record: FirmwareRecord, update: FirmwareUpdate): void {
    const { facts, records, transfers, reports } = this.#options;
    const { version } = update.offer;
    records.set({ ...record, update: { ...update, state: 'installing' } });
    transfers.end(subdevice.id);
    facts.emit('firmwareReceived', { subdevice: subdevice.id, version });
    reports.burning(subdevice, version);
    this.download();
  }

  succeed(id: string): void {
    const { facts, records, transfers, reports } = this.#options;
    const record = records.get(id);
    if (record?.update === undefined) return;
    const { update } = record;
    transfers.end(id);
    const done = { ...update, state: 'done', failure: undefined, isReported: false } as const;
    records.set({ ...record, update: done, rejected: undefined });
    facts.emit('firmwareUpdated', { subdevice: id, version: update.offer.version });
    reports.final(id);
    this.download();
  }

  /** Offers the image again, up to the largest number of attempts. */
  failAttempt(subdevice: Subdevice, reason: string): void {
    const { records, transfers, settings } = this.#options;
    const record = records.get(subdevice.id);
    if (record?.update === undefined) return;
    const { attempts } = record.update;
    const failure = { kind: 'not updated', reason } as const;
    if (attempts >= settings.attemptsMax) return this.fail(subdevice.id, failure);
    const update = { ...record.update, state: 'wanted', attempts: attempts + 1, failure } as const;
    transfers.end(subdevice.id);
    records.set({ ...record, update });
    this.offer(subdevice, update);
    this.download();
  }

  fail(id: string, failure: FirmwareFailure): void {
    const { registry, storage, facts, records, transfers, reports } = this.#options;
    const record = records.get(id);
    if (record?.update === undefined) return;
    const { update } = record;
    const [subdevice, image] = [registry.byId(id), storage.find(update.offer.image)];
    transfers.end(id);
    if (subdevice !== undefined && image !== undefined && update.state === 'wanted')
      transfers.sendStop(subdevice, image);
    records.set({ ...record, update: { ...update, state: 'failed', failure, isReported: false } });
    facts.emit('firmwareFailed', { subdevice: id, version: update.offer.version, reason: failure.reason });
    reports.final(id);
    this.download();
  }

  /** Begins a failed update again, by command of an operator. */
  retry(id: string): FirmwareAnswer {
    const record = this.#options.records.get(id);
    if (record?.update === undefined) return 'no update';
    const { state, offer } = record.update;
    if (state === 'failed') {
      this.begin(record, offer);
      return 'done';
    }
    this.downloads.hurry(offer.image);
    return state === 'wanted' ? 'done' : 'not failed';
  }

  /** Ends an update as failed, by command of an operator. One that has failed counts as cancelled from then on. */
  cancel(id: string): FirmwareAnswer {
    const { records } = this.#options;
    const record = records.get(id);
    if (record?.update === undefined) return 'no update';
    const { state, failure } = record.update;
    if (state === 'done' || (state === 'failed' && failure?.reason === CANCELLED.reason)) return 'already ended';
    if (state === 'failed') records.set({ ...record, update: { ...record.update, failure: CANCELLED } });
    else this.fail(id, CANCELLED);
    return 'done';
  }

  #downloadEnded({ image, url }: WantedImage, outcome: FetchOutcome): void {
    const { registry, facts, records } = this.#options;
    const concerned = records.wanting(image);
    const version = concerned[0]?.update.offer.version ?? '';
    if (outcome.kind === 'failed') {
      const { failure, again } = outcome;
      facts.emit('firmwareDownloadFailed', { version, reason: failure.reason, again: again === 'later' });
      if (again === 'never')
        for (const { id, update } of concerned) if (update.offer.url === url) this.fail(id, failure);
    }
    if (outcome.kind === 'complete') {
      facts.emit('firmwareDownloaded', { version, bytes: image.size });
      for (const { id, update } of concerned) {
        const subdevice = registry.byId(id);
        this.progressed(id);
        if (subdevice !== undefined) this.offer(subdevice, update);
      }
    }
    this.download();
  }
}
