/** Simulated MQTT-SN subdevice on a virtual line, with the account of its messages. A power cycle loses unsent messages. */
import type { ChannelAction } from '../../src/base/machine.ts';
import { retaining } from '../../src/base/message.ts';
import { numberedPayload } from '../../src/bench/account.ts';
import { SimulatedSubdevice } from '../../src/bench/subdevices/subdevice.ts';
import type {
  SimulatedCommand,
  SubdeviceAction,
  SubdeviceInput,
} from '../../src/bench/subdevices/subdevice-contract.ts';
import type { SubdeviceFirmwareOptions } from '../../src/bench/subdevices/subdevice-firmware.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { Pump } from '../../src/runtime/pump.ts';
import { LineTap } from './line-tap.ts';
import { Qos0Stream } from './qos0-stream.ts';
import { type Program, plainCommand, type SimDevice } from './sim-device.ts';
import { numberIn, Stream } from './stream.ts';
import type { VirtualTime } from './virtual-time.ts';

const FILTER = 'control/+';
/** Every third message has RETAIN. */
const RETAINED_EVERY = 3;
/** Will without a number, which no account contains. */
const SAMPLE = new TextEncoder().encode('sample');

export interface SimSubdeviceOptions {
  readonly id: string;
  readonly clean: boolean;
  readonly window: number;
  readonly packetBytesMax: number;
  readonly time: VirtualTime;
  readonly open: OpenChannel;
  readonly complain: (what: string) => void;
  /** World time at which the gateway last started or connected to the hub, which may cause a second delivery. */
  readonly gatewayChangedAtMs: () => number;
  /** Filter of a shared topic, which `filter` does not include. */
  readonly sharedFilter?: string | undefined;
  /** Absent: the subdevice takes no firmware. Its flash keeps its content over power cycles. */
  readonly firmware?: SubdeviceFirmwareOptions | undefined;
}

type Report = Exclude<SubdeviceAction, ChannelAction>;

export class SimSubdevice implements SimDevice {
  readonly id: string;
  readonly filter = FILTER;
  readonly commandOf = plainCommand;
  readonly uplinks: Stream;
  readonly downlinks: Stream;
  readonly qos0Uplinks: Qos0Stream;
  readonly qos0Downlinks: Qos0Stream;
  readonly #options: SimSubdeviceOptions;
  /** Number of an uplink → its topic. */
  readonly #topics: string[] = [];
  #machine: SimulatedSubdevice;
  #pump: Pump<SubdeviceInput, SubdeviceAction>;
  readonly #mailbox = new Mailbox((error) => {
    throw error;
  });
  /** Number of overlapping reasons for its absence. */
  #absences = 0;
  /** World time of the last CONNACK. */
  connectedAtMs = 0;

  constructor(options: SimSubdeviceOptions) {
    const { id, complain } = options;
    this.id = id;
    this.#options = options;
    this.uplinks = new Stream(`uplink of ${id}`, complain);
    this.downlinks = new Stream(`downlink to ${id}`, complain);
    this.qos0Uplinks = new Qos0Stream(`uplink of ${id}`, complain);
    this.qos0Downlinks = new Qos0Stream(`downlink to ${id}`, complain);
    [this.#machine, this.#pump] = this.#boot();
  }

  get queued(): number {
    return this.#machine.queued;
  }

  start(): void {
    this.#input({ kind: 'start' });
    this.#subscribe(FILTER);
  }

  #subscribe(filter: string): void {
    this.command({ kind: 'subscribe', filter, qos: 1 });
    const { sharedFilter } = this.#options;
    if (filter === FILTER && sharedFilter !== undefined)
      this.command({ kind: 'subscribe', filter: sharedFilter, qos: 1 });
  }

  /** Simulates a power cycle, which loses the RAM with the unsent messages. */
  reset(): void {
    this.#input({ kind: 'stop' });
    [this.#machine, this.#pump] = this.#boot();
    this.#absences = 0;
    this.start();
  }

  /**
   * Simulates a power cycle after which another program begins with the same client id: with either kind of session, with or
   * without a will, with another filter first.
   */
  reprogram(program: Program): void {
    if (this.#absences > 0) return;
    if (program.disconnects) this.command({ kind: 'disconnect' });
    this.#input({ kind: 'stop' });
    [this.#machine, this.#pump] = this.#boot(program);
    this.#input({ kind: 'start' });
    for (const filter of program.filters) this.#subscribe(filter);
    for (const topic of program.topics) this.command({ kind: 'publish', topic, payload: SAMPLE, qos: 1, reference: 0 });
  }

  leave(): void {
    this.#absences += 1;
    this.command({ kind: 'disconnect' });
  }

  comeBack(): void {
    this.#absences = Math.max(0, this.#absences - 1);
    if (this.#absences === 0) this.command({ kind: 'connect' });
  }

  /** Wakes the subdevice for the rest of the world, unless it is away. */
  wakeUp(): void {
    if (this.#absences === 0) this.command({ kind: 'connect' });
  }

  command(command: SimulatedCommand): void {
    this.#input(command);
  }

  /** @param isTooLarge for the hub */
  publish(topic: string, bytes: number, isTooLarge: boolean): void {
    const { nowMs } = this.#options.time;
    const reference = isTooLarge ? this.uplinks.sendTooLarge(nowMs) : this.uplinks.send(nowMs);
    const payload = numberedPayload(reference, bytes);
    this.uplinks.place(payload);
    this.#topics[reference] = topic;
    this.command({ kind: 'publish', topic, payload, qos: 1, reference, ...retaining(this.retains(reference)) });
  }

  topicOf(payload: Uint8Array): string | undefined {
    return this.#topics[numberIn(payload) ?? 0];
  }

  publishQos0(topic: string, bytes: number): void {
    const number = this.qos0Uplinks.send();
    const payload = numberedPayload(number, bytes);
    this.command({ kind: 'publish', topic, payload, qos: 0, reference: 0, ...retaining(this.retains(number)) });
  }

  retains(number: number): boolean {
    return number % RETAINED_EVERY === 0;
  }

  #input(input: SubdeviceInput | { readonly kind: 'start' | 'stop' }): void {
    const pump = this.#pump;
    this.#mailbox.post(() => pump.input(input));
  }

  #boot(program: Partial<Program> = {}): [SimulatedSubdevice, Pump<SubdeviceInput, SubdeviceAction>] {
    const { id, window, packetBytesMax, time, open, complain, firmware } = this.#options;
    const clean = program.isOther === true ? !this.#options.clean : this.#options.clean;
    const machine = new SimulatedSubdevice({
      framing: 'sn-cobs',
      clientId: id,
      clean,
      keepAliveMs: 60_000,
      retryMs: 1000,
      ...{ window, packetBytesMax },
      predefinedTopics: new Map(),
      will: program.will,
      firmware,
    });
    const tap = new LineTap(id, complain);
    const pump = new Pump<SubdeviceInput, SubdeviceAction>({
      machine,
      open: (listener) =>
        open({
          ...listener,
          bytes: (bytes) => {
            tap.down(bytes);
            listener.bytes(bytes);
          },
        }),
      clock: {
        nowMs: () => time.nowMs,
        wallMs: () => time.nowMs,
        wakeAt: (atMs, wake) => time.at(atMs, wake),
      },
      mailbox: this.#mailbox,
      act: (report: Report) => this.#note(report),
    });
    return [machine, pump];
  }

  #note(report: Report): void {
    const { time, gatewayChangedAtMs } = this.#options;
    if (report.kind === 'connected') this.connectedAtMs = time.nowMs;
    else if (report.kind === 'acknowledged' && report.reference > 0) this.uplinks.acknowledge(report.reference);
    else if (report.kind === 'rejected') this.uplinks.reject(report.reference);
    else if (report.kind === 'received') {
      const number = numberIn(report.payload);
      if (number === undefined) return;
      if (report.qos === 0) return this.qos0Downlinks.arrive(number);
      const reasonForDuplicate = (sinceMs: number, sentAtMs: number): string | undefined => {
        if (report.dup) return 'DUP';
        if (this.connectedAtMs >= sinceMs) return 'the subdevice connected again';
        // the hub may have sent a second copy while the first one was waiting here
        return gatewayChangedAtMs() >= sentAtMs ? 'the gateway or its connection started again' : undefined;
      };
      this.downlinks.arrive({ topic: report.topic, number, nowMs: time.nowMs, reasonForDuplicate });
    }
  }
}
