/** Simulated subdevice on a real PTY: runs the machine of `subdevice.ts` on a pump, and counts the messages. */
import type { ChannelAction } from '../../base/machine.ts';
import { type Message, type Qos, type Retaining, retaining } from '../../base/message.ts';
import type { FramingName } from '../../codec/framing.ts';
import type { Clock } from '../../ports.ts';
import { Mailbox } from '../../runtime/mailbox.ts';
import { Pump } from '../../runtime/pump.ts';
import { numberedPayload, numberOf, StreamAccount } from '../account.ts';
import { openPty, type Pty } from '../pty.ts';
import { SimulatedSubdevice } from './subdevice.ts';
import type { SimulatedReport, SubdeviceAction, SubdeviceInput } from './subdevice-contract.ts';
import type { SubdeviceFirmwareOptions } from './subdevice-firmware.ts';

export interface FieldSubdeviceOptions {
  readonly id: string;
  readonly clock: Clock;
  readonly framing?: FramingName;
  readonly clean?: boolean;
  readonly keepAliveMs?: number;
  readonly retryMs?: number;
  readonly window?: number;
  readonly will?: Message;
  /** Absent: the subdevice takes no firmware. */
  readonly firmware?: SubdeviceFirmwareOptions;
}

export class FieldSubdevice {
  readonly id: string;
  readonly uplinks = new StreamAccount();
  readonly downlinks = new StreamAccount();
  readonly pty: Pty;
  readonly #machine: SimulatedSubdevice;
  readonly #pump: Pump<SubdeviceInput, SubdeviceAction>;
  readonly #mailbox: Mailbox;
  readonly #clock: Clock;
  readonly #listeners = new Set<(report: SimulatedReport) => void>();
  readonly #sentAtMs = new Map<number, number>();
  /** Time from PUBLISH to PUBACK of each acknowledged message, ms; the newest 100,000. */
  readonly latenciesMs: number[] = [];
  isConnected = false;
  /** True after the gateway has answered a SUBSCRIBE: the subscription is durable. */
  isSubscribed = false;

  constructor(options: FieldSubdeviceOptions, pty: Pty) {
    const { id, clock } = options;
    this.id = id;
    this.pty = pty;
    this.#clock = clock;
    this.#machine = new SimulatedSubdevice({
      clientId: id,
      framing: options.framing ?? 'sn-cobs',
      clean: options.clean ?? false,
      keepAliveMs: options.keepAliveMs ?? 60_000,
      retryMs: options.retryMs ?? 1000,
      window: options.window ?? 4,
      packetBytesMax: 1024,
      predefinedTopics: new Map(),
      will: options.will,
      firmware: options.firmware,
    });
    this.#mailbox = new Mailbox((error) => {
      throw error;
    });
    this.#pump = new Pump<SubdeviceInput, SubdeviceAction>({
      machine: this.#machine,
      open: pty.open,
      clock,
      mailbox: this.#mailbox,
      act: (report: Exclude<SubdeviceAction, ChannelAction>) => this.#receive(report),
    });
  }

  /** Number of messages that the subdevice has accepted and the gateway has not acknowledged. */
  get queued(): number {
    return this.#machine.queued;
  }

  start(): void {
    this.#input({ kind: 'start' });
  }

  stop(): void {
    this.#input({ kind: 'stop' });
  }

  command(
    command: Extract<
      SubdeviceInput,
      { kind: 'subscribe' | 'unsubscribe' | 'connect' | 'disconnect' | 'sleep' | 'publishUnconnected' }
    >,
  ): void {
    this.#input(command);
  }

  onReport(listener: (report: SimulatedReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends the next numbered message; its payload is the given one, if any. @returns the number of the message */
  publish(
    topic: string,
    options: Retaining & { readonly bytes?: number; readonly qos?: Qos; readonly payload?: Uint8Array } = {},
  ): number {
    const { bytes = 32, qos = 1 } = options;
    const reference = this.uplinks.send();
    const payload = options.payload ?? numberedPayload(reference, bytes);
    if (qos === 1) this.#sentAtMs.set(reference, this.#clock.nowMs());
    this.#input({ kind: 'publish', topic, payload, qos, reference, ...retaining(options.retain) });
    return reference;
  }

  #input(input: SubdeviceInput): void {
    this.#mailbox.post(() => this.#pump.input(input));
  }

  #receive(report: SimulatedReport): void {
    switch (report.kind) {
      case 'connected':
      case 'disconnected':
        this.isConnected = report.kind === 'connected';
        break;
      case 'acknowledged': {
        this.uplinks.acknowledge(report.reference);
        const sentAtMs = this.#sentAtMs.get(report.reference);
        this.#sentAtMs.delete(report.reference);
        if (sentAtMs !== undefined && this.latenciesMs.length < 100_000)
          this.latenciesMs.push(this.#clock.nowMs() - sentAtMs);
        break;
      }
      case 'received': {
        const number = numberOf(report.payload);
        if (number !== undefined) this.downlinks.arrive(number);
        break;
      }
      case 'subscribed':
        this.isSubscribed = true;
        break;
      case 'slept':
      case 'rested':
      case 'rejected':
      case 'unsubscribed':
      case 'installed':
        break;
    }
    for (const listener of this.#listeners) listener(report);
  }
}

export async function newFieldSubdevice(options: FieldSubdeviceOptions): Promise<FieldSubdevice> {
  return new FieldSubdevice(options, await openPty());
}
