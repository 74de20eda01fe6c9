/**
 * Device of lines on a virtual line, with the account of its messages. Without acknowledgements the account uses facts from
 * within the gateway: an unanswered line must not be lost after it has been in custody for the loss window; an unconfirmed
 * downlink must have arrived, unless the line or the device was disturbed.
 */
import type { ChannelAction } from '../../src/base/machine.ts';
import type { Message } from '../../src/base/message.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { Pump } from '../../src/runtime/pump.ts';
import { filled, LineDevice, type LineDeviceInput, type LineDeviceReport, telegramText } from './line-device.ts';
import type { LinesProtocol } from './line-protocols.ts';
import { Qos0Stream } from './qos0-stream.ts';
import { type Command, type Insight, plainCommand, type SimDevice } from './sim-device.ts';
import { numberIn, Stream } from './stream.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface SimLineDeviceOptions {
  readonly id: string;
  readonly lineProtocol: LinesProtocol;
  readonly time: VirtualTime;
  readonly open: OpenChannel;
  readonly complain: (what: string) => void;
  /** World time at which the gateway last started or connected to the hub. */
  readonly gatewayChangedAtMs: () => number;
  /** World time at which the gateway last started. It then does not know which lines it has answered. */
  readonly startedAtMs: () => number;
  /** World time at which the line last lost or corrupted bytes. */
  readonly disturbedAtMs: () => number;
}

/** Longest time on the line, unless its reader is stalled. */
const ON_THE_WIRE_MS = 2000;
/** Time for which the gateway recognises a repeated line; a later one is new. A stalled line may arrive that late. */
const KNOWN_MS = 8000;
/** Longest pause between two lines after the troubles. */
const PUBLISH_MS = 20_000;
/** Longest time for which a downlink is repeated before it is received: four times with the pause of a retry. */
const REPEATED_MS = 5000;
const QOS0_BYTES_MAX = 100;

export class SimLineDevice implements SimDevice {
  readonly id: string;
  readonly filter = 'control/+';
  readonly uplinks: Stream;
  readonly downlinks: Stream;
  readonly qos0Uplinks: Qos0Stream;
  readonly qos0Downlinks: Qos0Stream;
  readonly insight: Insight;
  readonly #options: SimLineDeviceOptions;
  #machine: LineDevice;
  #pump: Pump<LineDeviceInput, ChannelAction | LineDeviceReport>;
  readonly #mailbox = new Mailbox((error) => {
    throw error;
  });
  /** Telegrams by number. */
  readonly #telegrams: string[] = [];
  #absences = 0;
  #begunAtMs = 0;
  /** World time at which the device last could not receive. */
  #awayAtMs = Number.NEGATIVE_INFINITY;
  #answeredAtMs = 0;

  constructor(options: SimLineDeviceOptions) {
    const { id, complain, lineProtocol } = options;
    this.id = id;
    this.#options = options;
    this.uplinks = new Stream(`line of ${id}`, complain, {
      isOrdered: !lineProtocol.isAnswered || lineProtocol.window === 1,
      ...(lineProtocol.format === 'telegram' ? { numberOf: (payload) => this.#telegramIn(payload) } : {}),
    });
    this.downlinks = new Stream(`downlink to ${id}`, complain);
    this.qos0Uplinks = new Qos0Stream(`uplink of ${id}`, complain);
    this.qos0Downlinks = new Qos0Stream(`downlink to ${id}`, complain);
    this.insight = {
      accepted: (uplink) => {
        if (!lineProtocol.isAnswered) this.uplinks.accept(uplink.payload, options.time.nowMs);
      },
      refused: () => undefined,
      revoked: (uplink) => this.uplinks.revoke(uplink.payload),
      ended: (downlink, as) => {
        if (as === 'delivered' && !lineProtocol.confirms) this.#written(downlink);
      },
      crashed: () => undefined,
    };
    [this.#machine, this.#pump] = this.#boot();
  }

  get queued(): number {
    return this.#machine.queued;
  }

  get connectedAtMs(): number {
    const { time, startedAtMs } = this.#options;
    const isForgotten = time.nowMs - this.#answeredAtMs > KNOWN_MS;
    return isForgotten && this.queued > 0 ? time.nowMs : Math.max(this.#begunAtMs, startedAtMs());
  }

  start(): void {
    this.#input({ kind: 'start' });
  }

  reset(): void {
    this.#awayAtMs = this.#options.time.nowMs;
    this.#input({ kind: 'stop' });
    [this.#machine, this.#pump] = this.#boot();
    this.#absences = 0;
    this.start();
  }

  leave(): void {
    this.#absences += 1;
    this.#input({ kind: 'leave' });
  }

  comeBack(): void {
    this.#absences = Math.max(0, this.#absences - 1);
    this.wakeUp();
  }

  wakeUp(): void {
    if (this.#absences > 0) return;
    this.#awayAtMs = this.#options.time.nowMs;
    this.#input({ kind: 'return' });
  }

  command({ kind }: Parameters<SimDevice['command']>[0]): void {
    if (kind !== 'connect') return;
    this.#absences = 0;
    this.wakeUp();
    this.#publishRegularly();
  }

  /** Publishes regularly, since downlinks for a device that attaches with a line wait for its next line. */
  #publishRegularly(): void {
    this.publish('state', 0, false);
    this.#options.time.after(PUBLISH_MS, () => this.#publishRegularly());
  }

  publish(topic: string, bytes: number, isTooLarge: boolean): void {
    const { nowMs } = this.#options.time;
    if (this.#options.lineProtocol.format === 'telegram') {
      const number = this.uplinks.send(nowMs);
      this.#telegrams[number] = telegramText(number, topic);
      return this.#input({ kind: 'say', number, topic, bytes });
    }
    const number = isTooLarge ? this.uplinks.sendTooLarge(nowMs) : this.uplinks.send(nowMs);
    this.uplinks.place(new TextEncoder().encode(`n=${number};`));
    this.#input({ kind: 'say', number, topic, bytes });
  }

  /** Publishes a short line. Lines always have QoS 1. */
  publishQos0(topic: string, bytes: number): void {
    this.publish(topic, Math.min(bytes, QOS0_BYTES_MAX), false);
  }

  commandOf(command: Command): Pick<Message, 'topic' | 'payload'> {
    if (this.#options.lineProtocol.format === 'text') return plainCommand(command);
    const payload = new TextEncoder().encode(filled({ n: command.number }, command.bytes));
    return { topic: command.topic, payload };
  }

  /** Returns the number of a telegram, and complains about one that the device has not sent like that. */
  #telegramIn(payload: Uint8Array): number | undefined {
    const text = new TextDecoder().decode(payload);
    const number = Number(/^\/T(\d+) /.exec(text)?.[1]);
    if (this.#telegrams[number] === text) return number;
    this.#options.complain(`a telegram of ${this.id} was never sent: ${JSON.stringify(text)}`);
    return undefined;
  }

  #input(input: LineDeviceInput): void {
    const pump = this.#pump;
    this.#mailbox.post(() => pump.input(input));
  }

  #boot(): [LineDevice, Pump<LineDeviceInput, ChannelAction | LineDeviceReport>] {
    const { lineProtocol, time, open } = this.#options;
    const machine = new LineDevice(lineProtocol);
    const pump = new Pump<LineDeviceInput, ChannelAction | LineDeviceReport>({
      ...{ machine, open, mailbox: this.#mailbox },
      clock: { nowMs: () => time.nowMs, wallMs: () => time.nowMs, wakeAt: (atMs, wake) => time.at(atMs, wake) },
      act: (report: LineDeviceReport) => this.#note(report),
    });
    return [machine, pump];
  }

  #note(report: LineDeviceReport): void {
    const { nowMs } = this.#options.time;
    if (nowMs - this.#answeredAtMs > KNOWN_MS) this.#begunAtMs = nowMs;
    this.#answeredAtMs = nowMs;
    switch (report.kind) {
      case 'connected':
        this.#begunAtMs = nowMs;
        return;
      case 'acknowledged':
        return this.uplinks.acknowledge(report.number);
      case 'rejected':
        return this.uplinks.reject(report.number);
      case 'received':
        return this.#received(report.topic, report.payload);
    }
  }

  #received(topic: string, payload: Uint8Array): void {
    const { time, gatewayChangedAtMs, disturbedAtMs, lineProtocol } = this.#options;
    const number = numberIn(payload);
    if (number === undefined) return;
    if (topic === 'control/tell') return this.qos0Downlinks.arrive(number);
    const reasonForDuplicate = (sinceMs: number, sentAtMs: number): string | undefined => {
      if (gatewayChangedAtMs() >= sentAtMs) return 'the gateway or its connection started again';
      if (!lineProtocol.confirms) return undefined;
      return Math.max(this.#begunAtMs, disturbedAtMs()) >= sinceMs - REPEATED_MS
        ? 'its answer was not received'
        : undefined;
    };
    this.downlinks.arrive({ topic, number, nowMs: time.nowMs, reasonForDuplicate });
  }

  /** Called when custody of a downlink ended because it was written. */
  #written({ payload }: Message): void {
    const { time, complain, disturbedAtMs, gatewayChangedAtMs } = this.#options;
    const number = this.downlinks.numberOf(payload);
    if (number === undefined) return;
    // a line without its delimiter corrupts the next one too
    const healthySinceMs = Math.min(time.nowMs, this.#answeredAtMs);
    this.downlinks.release(payload, 'written without confirmation');
    time.after(ON_THE_WIRE_MS, () => {
      const disturbedSinceMs = Math.max(disturbedAtMs(), this.#awayAtMs, this.#begunAtMs, gatewayChangedAtMs());
      if (this.#absences === 0 && disturbedSinceMs < healthySinceMs && !this.downlinks.hasArrived(number))
        complain(`downlink ${number} was written to ${this.id}, but never received`);
    });
  }
}
