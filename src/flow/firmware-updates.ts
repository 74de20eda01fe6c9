/**
 * Firmware updates of subdevices: messages of the hub and of the subdevices about firmware. `update-course.ts` has the
 * states of an update.
 *
 * Invariants: an offer leaves custody when its record is written. Where a transfer stands is known by the subdevice alone,
 * so it survives every restart of the gateway. Chunks are sent only while no downlink can be delivered, at most `lineShare`
 * of the line.
 */
import type { Facts } from '../base/events.ts';
import {
  type FirmwareAnswer,
  type FirmwareOffer,
  type FirmwareRecord,
  type FirmwareSettings,
  type FirmwareView,
  newRecord,
  type RejectedOffer,
} from '../base/firmware.ts';
import type { Message } from '../base/message.ts';
import { decodeFirmwareUp, FIRMWARE_DOWN, FIRMWARE_UP, type FirmwareUpMessage } from '../codec/firmware-messages.ts';
import type { DriverReport, SafeUplink } from '../driver/driver.ts';
import { readFirmwareDocument } from '../firmware/firmware-documents.ts';
import { FirmwareRecords, newUpdate } from '../firmware/firmware-records.ts';
import { offerMeaning } from '../firmware/offer-meaning.ts';
import type { Clock, FirmwareStorage } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import { FirmwareReports, type FirmwareReportsOptions } from './firmware-reports.ts';
import { firmwareView } from './firmware-views.ts';
import { ImageTransfers, type ImageTransfersOptions } from './image-transfers.ts';
import type { Intake } from './intake.ts';
import type { CommandLink } from './links.ts';
import { OfferSubscriptions, type OfferSubscriptionsOptions } from './offer-subscriptions.ts';
import type { OwnMessages } from './own-messages.ts';
import { UpdateCourse } from './update-course.ts';

export interface FirmwareOptions
  extends Omit<FirmwareReportsOptions, 'records' | 'reportTopic'>,
    Omit<ImageTransfersOptions, 'lineShare' | 'unreadable'>,
    OfferSubscriptionsOptions {
  readonly settings: FirmwareSettings;
  readonly storage: FirmwareStorage;
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly commandLink: CommandLink;
  readonly acknowledge: (link: string, uplink: SafeUplink) => void;
  readonly intake: Pick<Intake, 'note'>;
}

type UplinkReport = Extract<DriverReport, { kind: 'uplink' }>;

/** Largest number of subdevices with firmware records: more than lines carry. */
const RECORDS_MAX = 4096;

export class FirmwareFlow implements OwnMessages {
  readonly #options: FirmwareOptions;
  readonly #records: FirmwareRecords;
  readonly #transfers: ImageTransfers;
  readonly #reports: FirmwareReports;
  readonly #offers: OfferSubscriptions;
  readonly #course: UpdateCourse;
  /**
   * Subdevices that have not connected since their STATE `received`: until then VERSION names the firmware that ran
   * before the installation.
   */
  readonly #beforeRestart = new Set<string>();

  constructor(options: FirmwareOptions) {
    const { storage, settings } = options;
    const { lineShare, reportTopic, offerTopic } = settings;
    const records = new FirmwareRecords(storage);
    const unreadable = (): void => this.#course.download(); // the image is downloaded again
    this.#options = options;
    this.#records = records;
    this.#transfers = new ImageTransfers({ ...options, lineShare, unreadable });
    this.#reports = new FirmwareReports({ ...options, records, reportTopic });
    this.#offers = new OfferSubscriptions(options, records, offerTopic);
    this.#course = new UpdateCourse({ ...options, records, transfers: this.#transfers, reports: this.#reports });
  }

  start(): void {
    this.#offers.releaseOthers();
    this.#course.download();
    this.#reports.look();
  }

  stop(): void {
    this.#course.downloads.stop();
  }

  /** Repeats what failed, and ends updates without progress. */
  look(): void {
    this.#records.look();
    this.#reports.look();
    this.#course.look();
  }

  /** Called when a subdevice connects. */
  connected(subdevice: string): void {
    this.#beforeRestart.delete(subdevice);
  }

  /** Handles an uplink on the topic of firmware messages. */
  received(link: string, report: UplinkReport): void {
    const { registry, commandLink, acknowledge, intake } = this.#options;
    const { subdevice: id, token, payload } = report;
    const subdevice = registry.byId(id);
    if (subdevice === undefined) throw new Error(`firmware message of ${id}, which never attached`);
    const read = decodeFirmwareUp(payload);
    const done = (): void => {
      if (token !== undefined) acknowledge(link, { subdevice: id, token });
    };
    if (read.ok && this.#handle(subdevice, read.value, done)) return;
    const problem = read.ok ? `more than ${RECORDS_MAX} subdevices have firmware` : read.problem;
    const sample = `${FIRMWARE_UP}: ${problem}`;
    intake.note({ link, subdevice: id, direction: 'uplink', reason: 'malformed packet', sample, count: 1 });
    if (token !== undefined) commandLink(link, { kind: 'refuse', subdevice: id, token, why: 'not supported' });
  }

  takes(subdevice: Subdevice, topic: string, payload: Uint8Array, done: () => void): boolean {
    const { settings } = this.#options;
    const record = this.#records.get(subdevice.id);
    if (record === undefined || topic !== settings.offerTopic) return false;
    const document = readFirmwareDocument(payload, settings.imageBytesMax);
    if (document.kind === 'offer') this.#offered(record, document.offer);
    if (document.kind === 'invalid') {
      const { reason, version } = document;
      this.#reject(record, { kind: 'invalid', version, reason });
      if (version !== undefined) this.#reports.rejected(subdevice.id, version, { kind: 'not updated', reason });
    }
    this.#records.whenWritten(done);
    return true;
  }

  next(subdevice: Subdevice, isAwake: boolean): Message | undefined {
    const payload = this.#transfers.next(subdevice, isAwake);
    return payload && { topic: FIRMWARE_DOWN, ...payload };
  }

  ended(subdevice: Subdevice, report: Parameters<OwnMessages['ended']>[1]): void {
    this.#transfers.ended(subdevice, report);
  }

  wasShed(id: string, topic: string): boolean {
    const { settings, topicsOf } = this.#options;
    if (this.#records.get(id) === undefined || topicsOf(id).toSubdevice(topic) !== settings.offerTopic) return false;
    this.#reports.offersMissing(id);
    return true;
  }

  hubSessionLost(): void {
    for (const { subdevice } of this.#records.all()) this.#reports.offersMissing(subdevice);
  }

  /** State of each update, for reports. */
  views(): readonly FirmwareView[] {
    const { storage } = this.#options;
    const parts = { storage, downloads: this.#course.downloads, transfers: this.#transfers };
    return [...this.#records.all()].map((record) => firmwareView(record, parts));
  }

  /** Reason why the newest records are not durable. `undefined`: they are. */
  get unstored(): string | undefined {
    return this.#records.problem;
  }

  retry(subdevice: string): FirmwareAnswer {
    return this.#course.retry(subdevice);
  }

  cancel(subdevice: string): FirmwareAnswer {
    return this.#course.cancel(subdevice);
  }

  /** @returns false if there is no room for a record */
  #handle(subdevice: Subdevice, message: FirmwareUpMessage, done: () => void): boolean {
    const { id } = subdevice;
    const record = this.#records.get(id);
    switch (message.kind) {
      case 'version':
        if (record === undefined && this.#records.size >= RECORDS_MAX && !this.#forgetOne()) return false;
        this.#versionReported(subdevice, record, message.version, done);
        return true;
      case 'get':
        this.#requested(subdevice, record, message);
        done();
        return true;
      case 'state':
        this.#stateReported(subdevice, record, message, done);
        return true;
    }
  }

  /** Makes room for a record: subdevices that were removed or had another id do not come again. */
  #forgetOne(): boolean {
    const { registry } = this.#options;
    return this.#records.forgetOne((id) => registry.byId(id)?.isAttached !== true);
  }

  #versionReported(subdevice: Subdevice, record: FirmwareRecord | undefined, version: string, done: () => void): void {
    const { id } = subdevice;
    const update = record?.update;
    this.#transfers.pause(id);
    if (record?.version !== version) this.#records.set({ ...(record ?? newRecord(id)), version });
    const isNew = this.#offers.subscribe(subdevice);
    this.#reports.version(subdevice, version, isNew); // offers may have been lost before
    if (update !== undefined && update.state !== 'done') {
      if (version === update.offer.version) this.#course.succeed(id);
      else if (update.state === 'installing' && !this.#beforeRestart.has(id))
        this.#course.failAttempt(subdevice, `the subdevice still runs ${version} after the installation`);
      else if (update.state === 'wanted') this.#course.offer(subdevice, update);
    }
    this.#records.whenWritten(done);
  }

  #requested(
    subdevice: Subdevice,
    record: FirmwareRecord | undefined,
    message: Extract<FirmwareUpMessage, { kind: 'get' }>,
  ): void {
    const { storage } = this.#options;
    const update = record?.update;
    const crc32 = update?.state === 'wanted' ? storage.find(update.offer.image) : undefined;
    if (update?.state === 'installing') return; // sent before its STATE
    if (update?.state === 'wanted' && crc32 === undefined) return; // the subdevice asks again
    if (update === undefined || crc32 !== message.image) return this.#transfers.sendStop(subdevice, message.image);
    const before = this.#transfers.confirmedBy(subdevice.id);
    const confirmed = this.#transfers.get(subdevice, { image: update.offer.image, crc32 }, message);
    if (confirmed === undefined) return this.#transfers.sendStop(subdevice, message.image);
    if (confirmed === before) return;
    this.#course.progressed(subdevice.id);
    this.#reports.progress(subdevice, update.offer, confirmed);
  }

  #stateReported(
    subdevice: Subdevice,
    record: FirmwareRecord | undefined,
    { state, image, reason }: Extract<FirmwareUpMessage, { kind: 'state' }>,
    done: () => void,
  ): void {
    const { storage } = this.#options;
    const update = record?.update;
    const isMeant = update?.state === 'wanted' && storage.find(update.offer.image) === image;
    const { id } = subdevice;
    if (state === 'received') this.#beforeRestart.add(id);
    if (record !== undefined && isMeant && state === 'received') {
      this.#course.received(subdevice, record, update);
    } else if (update !== undefined && state !== 'received' && (isMeant || update.state === 'installing')) {
      const words = reason === '' ? '' : `: ${reason}`;
      if (state === 'failed') this.#course.failAttempt(subdevice, `the subdevice could not install the image${words}`);
      else this.#course.fail(id, { kind: 'not updated', reason: `the subdevice refuses the image${words}` });
    }
    this.#records.whenWritten(done);
  }

  #offered(record: FirmwareRecord, offer: FirmwareOffer): void {
    const { subdevice } = record;
    const meaning = offerMeaning(record, offer);
    switch (meaning.kind) {
      case 'new':
        return this.#course.begin(record, offer);
      case 'already runs':
        this.#records.set({ ...record, update: newUpdate(offer) });
        return this.#course.succeed(subdevice);
      case 'new address':
        return this.#course.readdress(record, offer);
      case 'repeated':
        return;
      case 'rejected':
        this.#reject(record, { kind: 'failed before', version: offer.version, reason: meaning.reason });
    }
  }

  /** Notes a rejected offer. The hub may repeat it each hour. */
  #reject(record: FirmwareRecord, rejected: RejectedOffer): void {
    const { subdevice, rejected: last } = record;
    this.#options.facts.emit('firmwareOfferRejected', { subdevice, reason: rejected.reason });
    if (last?.kind === rejected.kind && last.version === rejected.version && last.reason === rejected.reason) return;
    this.#records.set({ ...record, rejected });
  }
}
