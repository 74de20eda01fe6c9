/**
 * Firmware of a world: the server of images, the hub's service for updates, and the flash of each MQTT-SN subdevice, which
 * keeps its content over power cycles. The hub offers the newest image to each subdevice that reports another version.
 */

import type { FirmwareRecord, FirmwareView } from '../../src/base/firmware.ts';
import type { Message } from '../../src/base/message.ts';
import type { BenchService, Requester } from '../../src/bench/hub/service-contract.ts';
import { OtaService } from '../../src/bench/hub/services/ota.ts';
import { SimulatedFlash } from '../../src/bench/subdevices/simulated-flash.ts';
import type { SubdeviceFirmwareOptions } from '../../src/bench/subdevices/subdevice-firmware.ts';
import { firmwareTopics } from '../../src/config/firmware-config.ts';
import { opened } from '../envelope-reader.ts';
import { FIRST_VERSION, type FirmwarePlan } from './firmware-plan.ts';
import { digestOf, MemoryFirmware } from './memory-firmware.ts';
import { randomOf } from './scenario.ts';
import { GENERIC_FIRMWARE_TOPICS, topicAtHub } from './scenario-config.ts';
import type { World } from './world.ts';

type FirmwareWorld = Pick<World, 'scenario' | 'time' | 'hub' | 'tell' | 'gateway' | 'complain'>;

/** Final states of an update, as the hub gets them. */
type FinalState = 'done' | 'fail';

interface ReportDocument {
  readonly type: string;
  readonly report: {
    readonly version: string;
    readonly progress?: { readonly state: string; readonly result_msg?: string };
  };
}

export class SimFirmware {
  readonly disk: MemoryFirmware;
  /** Service of the hub, for reports of the subdevices. */
  readonly service: BenchService;
  readonly #world: FirmwareWorld;
  readonly #plan: FirmwarePlan;
  readonly #ota = new OtaService();
  /** Images on the server, by version. */
  readonly #images = new Map<string, Uint8Array>();
  readonly #flashes = new Map<string, SimulatedFlash>();
  /** Subdevice and version → last final state that the hub got. */
  readonly #got = new Map<string, FinalState>();
  /** Subdevices whose reports a policy of the gateway has dropped. */
  readonly #unreported = new Set<string>();
  /** Subdevices whose offers a policy of the gateway has dropped. */
  readonly #unoffered = new Set<string>();
  #checkedInstallations = 0;
  /** True if the disk was full: the record of the newest update may be lost. */
  #wasFull = false;

  constructor(world: FirmwareWorld, plan: FirmwarePlan) {
    this.#world = world;
    this.#plan = plan;
    this.disk = new MemoryFirmware(world.time);
    this.disk.onUnneeded = (md5) => this.#unneeded(md5);
    this.service = {
      takes: (topic) => this.#ownerOf(topic, this.#topics.report) !== undefined,
      answer: (report, from) => this.#answer(report, from),
    };
  }

  /** Firmware of a subdevice, to be used for all its lives. */
  optionsOf(subdevice: string): SubdeviceFirmwareOptions {
    const { window, chunkBytes } = this.#plan;
    return { flash: this.flashOf(subdevice), window, chunkBytes };
  }

  flashOf(subdevice: string): SimulatedFlash {
    const flash =
      this.#flashes.get(subdevice) ?? new SimulatedFlash(FIRST_VERSION, { pageBytes: this.#plan.pageBytes });
    this.#flashes.set(subdevice, flash);
    return flash;
  }

  get flashes(): ReadonlyMap<string, SimulatedFlash> {
    return this.#flashes;
  }

  /** Schedules the offers of the scenario. */
  schedule(): void {
    for (const { atMs, version, bytes } of this.#plan.offers)
      this.#world.time.at(atMs, () => this.offer(version, bytes));
  }

  /** Offers an image of random octets to all subdevices. @returns the image */
  offer(version: string, bytes: number): Uint8Array {
    const { scenario, hub } = this.#world;
    const random = randomOf(scenario.seed, `image ${version}`);
    const image = Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
    const url = `https://images.example/${version}`;
    this.#world.tell(`the hub offers ${version}, ${bytes} bytes`);
    this.#images.set(version, image);
    this.disk.served.set(url, image);
    const firmware = { version, url, md5sum: digestOf(image).md5, file_size: bytes };
    const product = topicAtHub(scenario, 's1', '').split('/')[0] ?? '';
    for (const offer of this.#ota.offer(product, firmware)) hub.publish(this.#atHub(offer));
    return image;
  }

  /** Called when the gateway ends custody of a report or of an offer without delivering it. */
  released(topic: string): void {
    const [reporter, receiver] = [this.#ownerOf(topic, this.#topics.report), this.#ownerOf(topic, this.#topics.offer)];
    if (reporter !== undefined) this.#unreported.add(reporter);
    if (receiver !== undefined) this.#unoffered.add(receiver);
  }

  /** Called when the gateway has acknowledged a downlink. An offer must be in its inbox or in a record on the disk. */
  acknowledged({ topic, payload }: Message, isStored: () => boolean): void {
    const subdevice = this.#ownerOf(topic, this.#topics.offer);
    if (subdevice === undefined || this.#unoffered.has(subdevice) || this.disk.writeProblem !== undefined) return;
    const { type, version } = JSON.parse(new TextDecoder().decode(payload)) as { type: string; version: string };
    const kept = this.disk.records.find((record) => record.subdevice === subdevice)?.update?.offer.version;
    const isKept = kept !== undefined && numberOf(kept) >= numberOf(version);
    if (type === 'update_firmware' && !isKept && !isStored())
      this.#world.complain(`the offer of ${version} to ${subdevice} was acknowledged, but is not on the disk`);
  }

  fillDisk(): void {
    this.#wasFull = true;
    this.disk.writeProblem = 'no space left on the disk';
  }

  emptyDisk(): void {
    this.disk.writeProblem = undefined;
  }

  /** @param isThere the server of images answers */
  setServer(isThere: boolean): void {
    this.disk.isServerAway = !isThere;
  }

  /** @param works installations of the subdevice succeed */
  setInstaller(subdevice: string, works: boolean): void {
    const flash = this.#flashes.get(subdevice);
    if (flash !== undefined) flash.faults.failsInstallation = !works;
  }

  repair(): void {
    this.setServer(true);
    this.emptyDisk();
    for (const id of this.#flashes.keys()) this.setInstaller(id, true);
  }

  /** Last final state of an update that the hub got. */
  finalStateAtHub(subdevice: string, version: string): FinalState | undefined {
    return this.#got.get(`${subdevice} ${version}`);
  }

  /** Number of images that subdevices have installed. */
  get installations(): number {
    return [...this.#flashes.values()].reduce((sum, { installed }) => sum + installed.length, 0);
  }

  /** Returns the first problem between two steps: an installed image that differs from the served one. */
  problemNow(): string | undefined {
    if (this.installations === this.#checkedInstallations) return undefined;
    this.#checkedInstallations = this.installations;
    for (const [id, { version, installed }] of this.#flashes) {
      const [last, served] = [installed.at(-1), this.#images.get(version)];
      if (last !== undefined && (served === undefined || Buffer.compare(last, served) !== 0))
        return `${id} has installed an image that is not ${version}`;
    }
    return undefined;
  }

  /** Returns whether all updates have ended, and all final states are reported. */
  get isSettled(): boolean {
    return this.#world.gateway !== undefined && this.#unsettled().length === 0;
  }

  /** Returns the problems after all troubles, when there was time for all updates. */
  problemsWhenDrained(): string[] {
    const problems = this.#unsettled();
    if (this.disk.imagesOnDisk > 0) problems.push(`${this.disk.imagesOnDisk} images on the disk that no update needs`);
    for (const view of this.#views()) {
      const flash = this.#flashes.get(view.subdevice);
      if (flash === undefined) problems.push(`${view.subdevice} has a record of firmware, but takes none`);
      else problems.push(...this.#viewProblems(view, flash));
    }
    return problems;
  }

  #unsettled(): string[] {
    return this.#views().flatMap((view) => {
      const { subdevice, update } = view;
      if (update !== undefined && !((update.step === 'done' || update.step === 'failed') && update.isReported))
        return [`the update of ${subdevice} to ${update.version} has not ended: ${update.step}`];
      const kept = this.disk.records.find((record) => record.subdevice === subdevice);
      return isKept(view, kept) ? [] : [`the record of ${subdevice} on the disk is ${JSON.stringify(kept)}`];
    });
  }

  #unneeded(md5: string): void {
    for (const { subdevice, update } of this.#views()) {
      const image = update && this.#images.get(update.version);
      const isWanted = update !== undefined && !['installing', 'done', 'failed'].includes(update.step);
      if (isWanted && image !== undefined && digestOf(image).md5 === md5)
        this.#world.complain(`the image of ${update.version} was removed, but ${subdevice} needs it`);
    }
  }

  #viewProblems({ subdevice, running, update }: FirmwareView, flash: SimulatedFlash): string[] {
    const problems: string[] = [];
    if (running !== flash.version) problems.push(`${subdevice} runs ${flash.version}, but the record is ${running}`);
    if (update === undefined) return problems;
    const { step, version, failure } = update;
    if (step === 'done' && flash.version !== version && !this.#wasFull)
      problems.push(`${subdevice} is done with ${version}, but runs another`);
    if (step === 'failed' && failure === undefined)
      problems.push(`the update of ${subdevice} has failed without a reason`);
    const got = this.finalStateAtHub(subdevice, version);
    if (got !== (step === 'done' ? 'done' : 'fail') && !this.#unreported.has(subdevice))
      problems.push(`the update of ${subdevice} to ${version} is ${step}, but the hub got ${got}`);
    return problems;
  }

  #views(): readonly FirmwareView[] {
    return this.#world.gateway?.firmware?.views() ?? [];
  }

  #answer(report: Message, from: Requester): readonly Message[] | undefined {
    const { scenario } = this.#world;
    const isGeneric = scenario.profile === 'generic';
    const subdevice = this.#ownerOf(report.topic, this.#topics.report) ?? '';
    const payload = isGeneric && scenario.envelope !== undefined ? opened(report.payload).payload : report.payload;
    const device = topicAtHub(scenario, subdevice, '').slice(0, -1);
    const owns = isGeneric ? () => true : from.owns;
    const answers = this.#ota.answer({ ...report, topic: `$ota/report/${device}`, payload }, { ...from, owns });
    if (answers !== undefined) this.#note(subdevice, payload);
    return answers?.map((answer) => this.#atHub(answer));
  }

  #note(subdevice: string, payload: Uint8Array): void {
    const { type, report } = JSON.parse(new TextDecoder().decode(payload)) as Partial<ReportDocument>;
    if (report === undefined) return this.#world.complain(`the hub does not understand a report of ${subdevice}`);
    const { version, progress } = report;
    const state = progress?.state;
    this.#world.tell(`the hub gets ${type} of ${subdevice}: ${version} ${state ?? ''}`);
    if (progress?.result_msg?.includes('CRC-32') === true)
      this.#world.complain(`${subdevice} got an image that is not ${version}`);
    if (state === 'done' || state === 'fail') this.#got.set(`${subdevice} ${version}`, state);
  }

  get #topics(): { readonly offer: string; readonly report: string } {
    const { offer = '', report = '' } = firmwareTopics(
      this.#world.scenario.profile === 'generic' ? GENERIC_FIRMWARE_TOPICS : {},
      this.#world.scenario.profile,
    );
    return { offer, report };
  }

  /** Returns the subdevice of a topic of the hub. @param own in the subdevice's own names */
  #ownerOf(topic: string, own: string): string | undefined {
    return [...this.#flashes.keys()].find((id) => this.#topicOf(id, own) === topic);
  }

  #topicOf(subdevice: string, own: string): string {
    const { scenario } = this.#world;
    return own.startsWith('$')
      ? `${own}/${topicAtHub(scenario, subdevice, '').slice(0, -1)}`
      : topicAtHub(scenario, subdevice, own);
  }

  /** Returns a message of the service with the topic that the configuration of the gateway has for offers. */
  #atHub(message: Message): Message {
    const subdevice = message.topic.split('/').at(-1) ?? '';
    return { ...message, topic: this.#topicOf(subdevice, this.#topics.offer) };
  }
}

/** Returns whether the record on the disk is the one of the running gateway. */
function isKept({ running, update }: FirmwareView, kept: FirmwareRecord | undefined): boolean {
  const other = kept?.update;
  return (
    kept?.version === running &&
    other?.state === update?.step &&
    other?.offer.version === update?.version &&
    other?.isReported === update?.isReported
  );
}

/** Returns the number of a version, such as `v2`. */
function numberOf(version: string): number {
  return Number(version.slice(1));
}
