/** An MQTT-SN link rig: packets instead of bytes on one side, and a clock that the test advances. */
import { sampleWords } from '../../../../src/base/discard.ts';
import type { ChannelAction } from '../../../../src/base/machine.ts';
import { type Framing, framingOf, type PacketReader } from '../../../../src/codec/framing.ts';
import { decodePacket } from '../../../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import type { ConnectPacket, Packet, PublishPacket } from '../../../../src/codec/mqttsn-packets.ts';
import type { DriverCommand, DriverReport, LinkAction, LinkMachine } from '../../../../src/driver/driver.ts';
import { createMqttsnLink, type MqttsnLinkOptions } from '../../../../src/driver/mqttsn/link.ts';
import { AddressBook, type Unaddressed } from '../address-book.ts';

export const LINK_OPTIONS: MqttsnLinkOptions = {
  name: 'bench',
  framing: 'sn-cobs',
  gatewayId: 1,
  advertiseS: 0,
  soleSubdevice: undefined,
  wasInUse: true,
  nodes: new Map(),
  packetBytesMax: 256,
  retryMs: 1000,
  retriesMax: 3,
  uplinksMax: 4,
  topicIdsMax: 3,
  predefinedTopics: new Map([[77, 'alarm/fire']]),
  reopen: { floorMs: 500, ceilingMs: 30_000 },
  random: () => 0.5,
};

export const CONNECT: ConnectPacket = { kind: 'connect', will: false, clean: false, durationS: 0, clientId: 'pump-7' };

export class LinkBench {
  readonly link: LinkMachine;
  nowMs = 1000;
  #packets: Packet[] = [];
  #reports: DriverReport[] = [];
  #channel: ChannelAction[] = [];
  /** False: the end of a connection is not durable until a test confirms it. */
  isReleasing = true;
  readonly #leaving: string[] = [];
  readonly #framing: Framing;
  readonly #reader: PacketReader;

  constructor(options: Partial<MqttsnLinkOptions> = {}) {
    this.link = createMqttsnLink({ ...LINK_OPTIONS, ...options });
    this.#framing = framingOf(options.framing ?? LINK_OPTIONS.framing);
    this.#reader = this.#framing.newReader(4096);
  }

  readonly #addresses = new AddressBook();

  input(input: Unaddressed): void {
    for (const action of this.link.handle(this.#addresses.addressed(input), this.nowMs)) {
      this.#addresses.note(action);
      this.#sort(action);
    }
    for (const subdevice of this.#leaving.splice(0)) {
      if (this.isReleasing) this.input({ kind: 'released', subdevice });
    }
  }

  open(): this {
    this.input({ kind: 'start' });
    this.input({ kind: 'opened' });
    this.#channel = [];
    // The clients that considered themselves connected were called back already; the tests cover later events.
    this.after(2 * LINK_OPTIONS.retryMs);
    this.received();
    return this;
  }

  /** Open link with pump-7 attached. */
  attach(topicIds: ReadonlyMap<number, string> = new Map(), connect: Partial<ConnectPacket> = {}): this {
    if (this.link.state !== 'open') this.open();
    this.send({ ...CONNECT, ...connect });
    this.command({ kind: 'attached', subdevice: connect.clientId ?? 'pump-7', answer: { accepted: true, topicIds } });
    this.received();
    this.reported();
    return this;
  }

  send(...packets: Packet[]): void {
    const bytes = Buffer.concat(packets.map((packet) => this.#framing.encode(encodePacket(packet))));
    this.input({ kind: 'bytes', bytes });
  }

  command(...commands: Unaddressed[]): void {
    for (const command of commands) this.input(command);
  }

  /** Advances the clock, and wakes the link whenever its timer is due. */
  after(ms: number): void {
    const endMs = this.nowMs + ms;
    for (
      let wakeAtMs = this.link.wakeAtMs();
      wakeAtMs !== undefined && wakeAtMs <= endMs;
      wakeAtMs = this.link.wakeAtMs()
    ) {
      this.nowMs = Math.max(this.nowMs, wakeAtMs);
      this.input({ kind: 'wake' });
    }
    this.nowMs = endMs;
  }

  /** Packets to the subdevice since the last call. */
  received(): Packet[] {
    return this.#packets.splice(0);
  }

  /** Reports to the flows since the last call. */
  /** Reports other than `discarded`, without texts for people. */
  reported(): DriverReport[] {
    return this.#reports.splice(0).flatMap((report): DriverReport[] => {
      if (report.kind === 'discarded') this.discards.push(`${report.reason}: ${sampleWords(report.sample)}`);
      if (report.kind !== 'undelivered') return report.kind === 'discarded' ? [] : [report];
      const { because, ...undelivered } = report;
      if (because !== undefined) this.because.push(because);
      return [undelivered];
    });
  }

  asked(): ChannelAction[] {
    return this.#channel.splice(0);
  }

  /** Reports that `reported` leaves out. */
  readonly discards: string[] = [];
  readonly because: string[] = [];

  #sort(action: LinkAction): void {
    switch (action.kind) {
      case 'open':
      case 'setSpeed':
      case 'close':
        this.#channel.push(action);
        break;
      case 'write':
        for (const frame of this.#reader.push(action.bytes, this.nowMs)) {
          const packet = decodePacket(frame);
          if (!packet.ok) throw new Error(packet.problem);
          this.#packets.push(packet.value);
        }
        break;
      default:
        if (action.kind === 'detach' && action.cause === 'asked') this.#leaving.push(action.subdevice);
        this.#reports.push(action);
    }
  }
}

/** QoS 1 PUBLISH with the short topic `t1` by default. */
export function publish(messageId: number, fields: Partial<PublishPacket> = {}): PublishPacket {
  const topic = { type: 'short', name: 't1' } as const;
  return {
    kind: 'publish',
    dup: false,
    qos: 1,
    retain: false,
    topic,
    messageId,
    payload: Uint8Array.of(messageId),
    ...fields,
  };
}

/** Delivery to pump-7 of QoS 1 on the short topic `t1` by default. */
export function delivery(
  token: number,
  fields: Partial<Extract<DriverCommand, { kind: 'deliver' }>> = {},
): DriverCommand {
  const payload = Uint8Array.of(token);
  return { kind: 'deliver', subdevice: 'pump-7', token, topic: 't1', payload, qos: 1, dup: false, ...fields };
}

/** `t1` in a TopicId field. */
const T1 = 0x7431;

/** PUBACK of the gateway for the packet of `publish`. */
export function puback(messageId: number, returnCode = 0, topicId = T1): Packet {
  return { kind: 'puback', topicId, messageId, returnCode };
}

export function tokensOf(reports: readonly DriverReport[]): number[] {
  return reports.flatMap((report) => ('token' in report && report.token !== undefined ? [report.token] : []));
}
