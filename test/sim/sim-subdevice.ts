/** A simulated subdevice on a virtual line, with its side of the books. */
import type { ChannelAction } from '../../src/base/machine.ts';
import { numberedPayload, numberOf, StreamAccount } from '../../src/bench/account.ts';
import { Subdevice } from '../../src/bench/subdevice.ts';
import type { SubdeviceAction, SubdeviceInput } from '../../src/bench/subdevice-contract.ts';
import { Mailbox } from '../../src/flow/mailbox.ts';
import { Pump } from '../../src/flow/pump.ts';
import type { VirtualLine } from './virtual-line.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface SimSubdeviceOptions {
  readonly id: string;
  readonly time: VirtualTime;
  readonly line: VirtualLine;
  readonly window: number;
}

export class SimSubdevice {
  readonly id: string;
  readonly uplinks = new StreamAccount();
  readonly downlinks = new StreamAccount();
  readonly #machine: Subdevice;
  readonly #pump: Pump<SubdeviceInput, SubdeviceAction>;
  readonly #mailbox: Mailbox;

  constructor({ id, time, line, window }: SimSubdeviceOptions) {
    this.id = id;
    this.#machine = new Subdevice({
      clientId: id,
      clean: false,
      keepAliveMs: 60_000,
      retryMs: 1000,
      window,
      packetBytesMax: 1024,
      predefinedTopics: new Map(),
    });
    this.#mailbox = new Mailbox((error) => {
      throw error;
    });
    const clock = {
      nowMs: () => time.nowMs,
      wallMs: () => time.nowMs,
      wakeAt: (atMs: number, wake: () => void) => time.at(atMs, wake),
    };
    this.#pump = new Pump<SubdeviceInput, SubdeviceAction>({
      machine: this.#machine,
      open: line.subdeviceEnd,
      clock,
      mailbox: this.#mailbox,
      act: (report: Exclude<SubdeviceAction, ChannelAction>) => {
        if (report.kind === 'acknowledged') this.uplinks.acknowledge(report.reference);
        if (report.kind !== 'received') return;
        const number = numberOf(report.payload);
        if (number !== undefined) this.downlinks.arrive(number);
      },
    });
  }

  get queued(): number {
    return this.#machine.queued;
  }

  start(): void {
    this.#mailbox.post(() => this.#pump.input({ kind: 'start' }));
    this.#mailbox.post(() => this.#pump.input({ kind: 'subscribe', filter: 'control', qos: 1 }));
  }

  publish(topic: string, bytes: number): void {
    const reference = this.uplinks.send();
    const payload = numberedPayload(reference, bytes);
    this.#mailbox.post(() => this.#pump.input({ kind: 'publish', topic, payload, qos: 1, reference }));
  }
}
