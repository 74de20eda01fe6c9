/**
 * Device that speaks only when asked, on a line with others, with the account of its messages. Each text that it sends is
 * unique, and a message must be exactly such a text of this device.
 */
import type { Message } from '../../src/base/message.ts';
import { AskedDevice } from '../../src/bench/subdevices/asked-device.ts';
import { ReadoutMeter } from '../../src/bench/subdevices/readout-meter.ts';
import { appendCheck } from '../../src/codec/line-check.ts';
import type { Cancel } from '../../src/ports.ts';
import type { PolledLine, PolledMachine } from './polled-line.ts';
import { ASK_RETRY_MS, type PolledProtocol, polledAddressOf } from './polled-protocols.ts';
import { Qos0Stream } from './qos0-stream.ts';
import { type Command, type Insight, plainCommand, type SimDevice } from './sim-device.ts';
import { Stream } from './stream.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface SimPolledDeviceOptions {
  readonly id: string;
  readonly protocol: PolledProtocol;
  readonly time: VirtualTime;
  readonly line: PolledLine;
  readonly random: () => number;
  readonly complain: (what: string) => void;
  /** Returns whether the gateway considers the device connected; `undefined`: no gateway. */
  readonly isAttached: () => boolean | undefined;
}

const CRC32 = { kind: 'crc32', separator: new TextEncoder().encode('*') } as const;
const CR = 0x0d;
const QUICK_MS = 20;
/** Time after which a device expects a new request. A meter waits 1500 ms for the next message (IEC 62056-21 §6.4.1). */
const GIVES_UP_MS = 1900;
/** Largest delay of a slow answer, in deadlines. An answer after more than two may be taken for the next one. */
const LATE_MAX = 1.9;

export class SimPolledDevice implements SimDevice {
  readonly id: string;
  readonly filter = 'none';
  readonly uplinks: Stream;
  readonly downlinks: Stream;
  readonly qos0Uplinks: Qos0Stream;
  readonly qos0Downlinks: Qos0Stream;
  readonly insight: Insight;
  /** A text has a new number when it is sent again. */
  readonly connectedAtMs = Number.NEGATIVE_INFINITY;
  readonly #options: SimPolledDeviceOptions;
  readonly #machine: PolledMachine;
  /** Text → its number. */
  readonly #sent = new Map<string, number>();
  #cancelWake: Cancel = () => undefined;
  #absences = 0;
  #slowUntilMs = 0;
  #receivedAtMs = 0;

  constructor(options: SimPolledDeviceOptions) {
    const { id, complain, time, line, protocol } = options;
    this.id = id;
    this.#options = options;
    this.uplinks = new Stream(`text of ${id}`, complain, { numberOf: (payload) => this.#numberOf(payload) });
    this.downlinks = new Stream(`downlink to ${id}`, complain);
    this.qos0Uplinks = new Qos0Stream(`uplink of ${id}`, complain);
    this.qos0Downlinks = new Qos0Stream(`downlink to ${id}`, complain);
    this.insight = {
      accepted: ({ payload }: Message) => this.uplinks.accept(payload, time.nowMs),
      refused: () => undefined,
      revoked: ({ payload }: Message) => this.uplinks.revoke(payload),
      ended: () => undefined,
      crashed: () => undefined,
    };
    this.#machine = protocol.way === 'meters' ? this.#meter() : this.#asked();
    line.join(this);
  }

  get queued(): number {
    return this.#options.isAttached() === true ? 0 : 1;
  }

  start(): void {}

  reset(): void {
    this.#feed({ kind: 'closed', reason: 'power cycle' });
  }

  leave(): void {
    this.#absences += 1;
  }

  comeBack(): void {
    this.#absences = Math.max(0, this.#absences - 1);
  }

  wakeUp(): void {}

  command({ kind }: Parameters<SimDevice['command']>[0]): void {
    if (kind === 'connect') this.#absences = 0;
  }

  publish(): void {}

  publishQos0(): void {}

  commandOf(command: Command): Pick<Message, 'topic' | 'payload'> {
    return plainCommand(command);
  }

  slowDown(ms: number): void {
    this.#slowUntilMs = this.#options.time.nowMs + ms;
  }

  receive(bytes: Uint8Array): void {
    if (this.#absences > 0) return;
    const { nowMs } = this.#options.time;
    if (nowMs - this.#receivedAtMs > GIVES_UP_MS) this.#feed({ kind: 'closed', reason: 'nothing came' });
    this.#receivedAtMs = nowMs;
    this.#feed({ kind: 'bytes', bytes });
  }

  /** Returns a new text of one or several lines. */
  #newText(end: string): string {
    const number = this.uplinks.send(this.#options.time.nowMs);
    const text = `${polledAddressOf(this.id)} ${this.id}(${number})${end}`;
    this.#sent.set(text, number);
    return text;
  }

  #meter(): PolledMachine {
    const { line } = this.#options;
    return new ReadoutMeter({
      identification: '/ISk5MT174-0001',
      address: polledAddressOf(this.id),
      reactionMs: 200,
      waitsForSpeed: true,
      dataOf: () => this.#newText('\r\n'),
      portSpeed: () => line.portSpeed,
      fault: () => undefined,
    });
  }

  #asked(): PolledMachine {
    const { time, random } = this.#options;
    return new AskedDevice({
      end: CR,
      answerMs: () => (time.nowMs < this.#slowUntilMs ? random() * LATE_MAX * ASK_RETRY_MS : QUICK_MS),
      answerTo: (request) => {
        if (!request.endsWith(`${polledAddressOf(this.id)}W\r`)) return undefined;
        const checked = appendCheck(new TextEncoder().encode(this.#newText('')), CRC32);
        return `${Buffer.from(checked).toString('latin1')}\r`;
      },
    });
  }

  #numberOf(payload: Uint8Array): number | undefined {
    const text = new TextDecoder().decode(payload);
    const number = this.#sent.get(text);
    if (number === undefined)
      this.#options.complain(`a text of ${this.id} was never sent by it: ${JSON.stringify(text)}`);
    return number;
  }

  #feed(input: Parameters<PolledMachine['handle']>[0]): void {
    const { time, line } = this.#options;
    for (const action of this.#machine.handle(input, time.nowMs)) if (action.kind === 'write') line.send(action.bytes);
    this.#cancelWake();
    const wakeAtMs = this.#machine.wakeAtMs();
    if (wakeAtMs !== undefined) this.#cancelWake = time.at(wakeAtMs, () => this.#feed({ kind: 'wake' }));
  }
}
