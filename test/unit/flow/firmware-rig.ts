/** Flow of firmware updates with a disk in memory, and everything around it as recorded calls. */
import { randomBytes } from 'node:crypto';
import { newFacts } from '../../../src/base/events.ts';
import type { FirmwareSettings } from '../../../src/base/firmware.ts';
import type { Message } from '../../../src/base/message.ts';
import { crc32 } from '../../../src/codec/crc32.ts';
import {
  decodeFirmwareDown,
  encodeFirmwareUp,
  FIRMWARE_UP,
  type FirmwareDownMessage,
  type FirmwareUpMessage,
} from '../../../src/codec/firmware-messages.ts';
import { FirmwareOff, type FirmwareOffOptions } from '../../../src/flow/firmware-off.ts';
import { FirmwareFlow } from '../../../src/flow/firmware-updates.ts';
import type { UplinkSender } from '../../../src/flow/uplink.ts';
import type { Clock, FirmwareStorage } from '../../../src/ports.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { type Subdevice, SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { topicMap } from '../../../src/subdevices/topic-map.ts';
import { digestOf, MemoryFirmware } from '../../sim/memory-firmware.ts';
import { VirtualTime } from '../../sim/virtual-time.ts';

export const LINK = 'bus';
/** Octets per second of the line of the rig at its start. */
export const SPEED = 960;

const SETTINGS: FirmwareSettings = {
  offerTopic: '$ota/update',
  reportTopic: '$ota/report',
  lineShare: 0.5,
  imageBytesMax: 100_000,
  attemptsMax: 2,
  giveUpMs: 72 * 3_600_000,
};

interface SentDown {
  readonly atMs: number;
  readonly message: FirmwareDownMessage;
}

export class FirmwareRig {
  readonly time = new VirtualTime();
  readonly disk = new MemoryFirmware(this.time);
  readonly facts = newFacts();
  readonly registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
  /** Documents for the hub, as JSON, with their QoS. */
  readonly reports: { readonly subdevice: string; readonly qos: number; readonly content: unknown }[] = [];
  readonly requestedFilters: string[] = [];
  readonly releasedFilters: string[] = [];
  /** Subdevices whose filter found no room at the hub. */
  readonly rejectedFilters: string[] = [];
  hasRoom = true;
  /** Present speed of the line, octets per second. */
  speed = SPEED;
  readonly acknowledged: number[] = [];
  readonly refused: number[] = [];
  readonly discarded: string[] = [];
  readonly events: string[] = [];
  /** Answer of the outbox to reports with QoS 1. */
  outbox: 'takes' | 'is full' = 'takes';
  /** Messages to the subdevices, as they left. */
  readonly sent = new Map<string, SentDown[]>();
  /** Subdevices with a downlink that waits: they get no message of the gateway. */
  readonly busy = new Set<string>();
  #settings: FirmwareSettings;
  #life = { isAlive: true };
  #flow: FirmwareFlow;
  #token = 0;

  constructor(settings: Partial<FirmwareSettings> = {}) {
    this.#settings = { ...SETTINGS, ...settings };
    for (const name of ['firmwareOffered', 'firmwareOfferRejected', 'firmwareFailed', 'firmwareUpdated'] as const)
      this.facts.on(name, (fact: object) => this.events.push(`${name} ${JSON.stringify(fact)}`));
    this.#flow = this.#boot();
  }

  get flow(): FirmwareFlow {
    return this.#flow;
  }

  attach(id: string, link = LINK): Subdevice {
    const { subdevice } = this.registry.enter(id, link);
    subdevice.isAttached = true;
    return subdevice;
  }

  /** Connects a subdevice again, with its version. */
  connect(id: string, version: string): void {
    this.attach(id);
    this.flow.connected(id);
    this.up(id, { kind: 'version', version });
  }

  /** Kills the process and starts the next one. */
  restart(settings: Partial<FirmwareSettings> = {}): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#life.isAlive = false;
    this.#life = { isAlive: true };
    this.#flow = this.#boot();
    this.flow.start();
  }

  /** Sends a message of a subdevice. @returns its token */
  up(id: string, message: FirmwareUpMessage): number {
    return this.upBytes(id, encodeFirmwareUp(message));
  }

  upBytes(id: string, payload: Uint8Array): number {
    this.#token += 1;
    const token = this.#token;
    this.attach(id);
    this.flow.received(LINK, { kind: 'uplink', subdevice: id, topic: FIRMWARE_UP, payload, qos: 1, token });
    return token;
  }

  /** Delivers an offer of the hub. @returns whether the gateway has taken it, and whether its custody has ended */
  offer(id: string, document: unknown): { readonly isTaken: boolean; isSafe: boolean } {
    const payload = new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document));
    const outcome = { isTaken: false, isSafe: false };
    const safe = (): void => {
      outcome.isSafe = true;
    };
    return Object.assign(outcome, { isTaken: this.flow.takes(this.attach(id), '$ota/update', payload, safe) });
  }

  async run(ms: number): Promise<void> {
    await this.time.run(this.time.nowMs + ms, () => undefined);
  }

  /** Messages to a subdevice so far, without their times. */
  down(id: string): FirmwareDownMessage[] {
    return (this.sent.get(id) ?? []).map(({ message }) => message);
  }

  /** Kills the process and starts one without firmware updates. */
  switchOff(): FirmwareOff {
    this.#life.isAlive = false;
    this.#life = { isAlive: true };
    const off = new FirmwareOff(this.#parts());
    off.start();
    return off;
  }

  #boot(): FirmwareFlow {
    return new FirmwareFlow({
      ...this.#parts(),
      settings: this.#settings,
      commandLink: (_link, command) => {
        if (command.kind === 'refuse') this.refused.push(command.token);
      },
      acknowledge: (_link, { token }) => this.acknowledged.push(token),
      intake: { note: ({ reason, sample }) => this.discarded.push(`${reason}: ${sample}`) },
      uplink: { offerFor: (subdevice, _topic, message, sender) => this.#reported(subdevice, message, sender) },
      progress: {
        set: (topic, payload) => this.#note(topic.split('/').at(-1) ?? '', { topic, payload, qos: 0 }),
        remove: () => undefined,
      },
      speedOf: () => this.speed,
      deliver: (lane) => this.deliver(lane),
    });
  }

  #parts(): FirmwareOffOptions & {
    readonly storage: FirmwareStorage;
    readonly clock: Clock;
    readonly mailbox: Mailbox;
  } {
    const mailbox = new Mailbox((error) => {
      throw error;
    });
    const life = this.#life;
    const clock = {
      nowMs: () => this.time.nowMs,
      wallMs: () => this.time.nowMs,
      wakeAt: (atMs: number, wake: () => void) => this.time.at(atMs, () => life.isAlive && wake()),
    };
    return {
      storage: this.disk.open(life, (task) => mailbox.post(task)),
      clock,
      mailbox,
      facts: this.facts,
      registry: this.registry,
      sessions: { require: (_lane, _changes, then) => then() },
      subscriptions: {
        hasRoom: () => this.hasRoom,
        reject: (subdevice) => this.rejectedFilters.push(subdevice),
        request: (filter) => this.requestedFilters.push(filter),
        release: (filters) => this.releasedFilters.push(...filters),
        forget: () => undefined,
      },
      topicsOf: (subdevice) =>
        topicMap(
          { uplink: '{product_id}/{device_name}/{topic}', downlink: '{product_id}/{device_name}/{topic}' },
          { gateway: 'gw', subdevice, productId: 'PRODUCT', deviceName: subdevice },
        ),
    };
  }

  /** Gives a subdevice its messages, as the flow of downlinks does. */
  deliver(lane: number): void {
    const subdevice = this.registry.byLane(lane);
    if (subdevice === undefined || !subdevice.isAttached || this.busy.has(subdevice.id)) return;
    for (;;) {
      const message = this.flow.next(subdevice, false);
      if (message === undefined) return;
      const read = decodeFirmwareDown(message.payload);
      if (!read.ok) throw new Error(read.problem);
      const sent = this.sent.get(subdevice.id) ?? [];
      sent.push({ atMs: this.time.nowMs, message: read.value });
      this.sent.set(subdevice.id, sent);
      this.flow.ended(subdevice, { kind: 'delivered', token: 0 });
    }
  }

  #reported(subdevice: Subdevice, message: Message, sender: UplinkSender) {
    if (this.outbox === 'is full') {
      sender.refuse('congestion');
      return { kind: 'refused', why: 'congestion' } as const;
    }
    this.#note(subdevice.id, message);
    sender.safe();
    return { kind: 'shed', reason: 'expired' } as const; // the flow does not read the admission
  }

  #note(subdevice: string, { payload, qos }: Message): void {
    this.reports.push({ subdevice, qos, content: JSON.parse(new TextDecoder().decode(payload)) as unknown });
  }
}

export const URL = 'https://images.example/meter-2.bin';
export const IMAGE = new Uint8Array(randomBytes(3000));
export const CRC = crc32(IMAGE);

/** Document with which the hub offers an image. */
export function offerOf(image: Uint8Array, version = '2', url = URL) {
  const { md5, size } = digestOf(image);
  return { type: 'update_firmware', version, url, md5sum: md5.toUpperCase(), file_size: size };
}

/** Rig with a subdevice that runs version 1, and an image on the server. */
export function rigWith(...settings: ConstructorParameters<typeof FirmwareRig>): FirmwareRig {
  const rig = new FirmwareRig(...settings);
  rig.disk.served.set(URL, IMAGE);
  rig.flow.start();
  rig.up('meter', { kind: 'version', version: '1' });
  return rig;
}

/** Reports to the hub, each in three words. */
export const statesOf = (rig: FirmwareRig): string[] =>
  rig.reports.map(({ content }) => {
    const { report } = content as {
      report: { version: string; progress?: { state: string; percent: string; result_code: string } };
    };
    return report.progress === undefined
      ? `version ${report.version}`
      : `${report.progress.state} ${report.progress.percent} ${report.progress.result_code}`;
  });
