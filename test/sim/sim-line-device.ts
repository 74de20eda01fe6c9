/**
 * A device of lines on a virtual line, with its side of the books. What it is not told, the books learn from within the
 * gateway: an unanswered line is promised once it has been in custody for the window of loss; a downlink that nobody
 * confirms has arrived, unless something has happened to the line or to the device.
 */
import type { ChannelAction } from '../../src/base/machine.ts';
import type { Message } from '../../src/base/message.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { Pump } from '../../src/runtime/pump.ts';
import { filled, LineDevice, type LineDeviceInput, type LineDeviceReport } from './line-device.ts';
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
  /** When the gateway last began a life, or a connection to the hub. */
  readonly upheavalAtMs: () => number;
  /** When the gateway last began a life: it does not know then what it has answered. */
  readonly startedAtMs: () => number;
  /** When the line last lost or spoilt something. */
  readonly disturbedAtMs: () => number;
}

/** A line written has arrived after so long, unless its reader is stalled. */
const ON_THE_WIRE_MS = 2000;
/** The gateway knows a repeated line for ten of its pauses; one that comes later is new. A stall may keep one so long. */
const KNOWN_MS = 8000;
/** In peace it says something at least so often. */
const HERE_MS = 20_000;
/** A downlink may have been written over and over for so long before it was heard: four times, one retry apart. */
const REPEATED_MS = 5000;
const QUICK_BYTES_MAX = 100;

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
  #absences = 0;
  #begunAtMs = 0;
  /** It could not listen, or was not there. */
  #awayAtMs = Number.NEGATIVE_INFINITY;
  #answeredAtMs = 0;

  constructor(options: SimLineDeviceOptions) {
    const { id, complain, lineProtocol } = options;
    this.id = id;
    this.#options = options;
    this.uplinks = new Stream(`line of ${id}`, complain, {
      isOrdered: !lineProtocol.isAnswered || lineProtocol.window === 1,
    });
    this.downlinks = new Stream(`downlink to ${id}`, complain);
    this.qos0Uplinks = new Qos0Stream(`uplink of ${id}`, complain);
    this.qos0Downlinks = new Qos0Stream(`downlink to ${id}`, complain);
    this.insight = {
      taken: (uplink) => {
        if (!lineProtocol.isAnswered) this.uplinks.take(uplink.payload, options.time.nowMs);
      },
      refused: () => undefined,
      withdrawn: (uplink) => this.uplinks.withdraw(uplink.payload),
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
    this.#speakOn();
  }

  /** What is owed to one that attaches with a line, or falls silent, waits for its next. */
  #speakOn(): void {
    this.publish('state', 0, false);
    this.#options.time.after(HERE_MS, () => this.#speakOn());
  }

  publish(topic: string, bytes: number, isTooLarge: boolean): void {
    const { nowMs } = this.#options.time;
    const number = isTooLarge ? this.uplinks.sendTooLarge(nowMs) : this.uplinks.send(nowMs);
    this.uplinks.place(new TextEncoder().encode(`n=${number};`));
    this.#input({ kind: 'say', number, topic, bytes });
  }

  /** Every line is of QoS 1; those said in passing are short. */
  publishQos0(topic: string, bytes: number): void {
    this.publish(topic, Math.min(bytes, QUICK_BYTES_MAX), false);
  }

  commandOf(command: Command): Pick<Message, 'topic' | 'payload'> {
    if (this.#options.lineProtocol.format === 'text') return plainCommand(command);
    const payload = new TextEncoder().encode(filled({ n: command.number }, command.bytes));
    return { topic: command.topic, payload };
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
    const { time, upheavalAtMs, disturbedAtMs, lineProtocol } = this.#options;
    const number = numberIn(payload);
    if (number === undefined) return;
    if (topic === 'control/tell') return this.qos0Downlinks.arrive(number);
    const excuse = (sinceMs: number, sentAtMs: number): string | undefined => {
      if (upheavalAtMs() >= sentAtMs) return 'the gateway or its connection began anew';
      if (!lineProtocol.confirms) return undefined;
      return Math.max(this.#begunAtMs, disturbedAtMs()) >= sinceMs - REPEATED_MS
        ? 'its answer was not heard'
        : undefined;
    };
    this.downlinks.arrive({ topic, number, nowMs: time.nowMs, excuse });
  }

  /** Custody has ended with the writing. */
  #written({ payload }: Message): void {
    const { time, complain, disturbedAtMs, upheavalAtMs } = this.#options;
    const number = this.downlinks.numberOf(payload);
    if (number === undefined) return;
    // a line that has lost its end spoils the next one too
    const wellSinceMs = Math.min(time.nowMs, this.#answeredAtMs);
    this.downlinks.flushHeld(payload, 'written, and nobody says whether it was heard');
    time.after(ON_THE_WIRE_MS, () => {
      const wentWrongAtMs = Math.max(disturbedAtMs(), this.#awayAtMs, this.#begunAtMs, upheavalAtMs());
      if (this.#absences === 0 && wentWrongAtMs < wellSinceMs && !this.downlinks.hasArrived(number))
        complain(`downlink ${number} was written to ${this.id}, and never heard`);
    });
  }
}
