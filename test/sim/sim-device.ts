/** Device at the far end of a line, with the account of its messages. */
import type { Message } from '../../src/base/message.ts';
import { numberedPayload } from '../../src/bench/account.ts';
import type { SimulatedCommand } from '../../src/bench/subdevices/subdevice-contract.ts';
import { filled } from './line-device.ts';
import type { Qos0Stream } from './qos0-stream.ts';
import type { Stream } from './stream.ts';
import type { UnitBehaviour } from './unit-answers.ts';

export interface SimDevice {
  readonly id: string;
  readonly uplinks: Stream;
  readonly downlinks: Stream;
  readonly qos0Uplinks: Qos0Stream;
  readonly qos0Downlinks: Qos0Stream;
  /** Filter on the device's own topics. Without it at the hub the device gets no downlinks. */
  readonly filter: string;
  /** Number of messages that are not sent or not acknowledged. */
  readonly queued: number;
  /** World time of the last connection to the gateway, which may cause a second delivery. */
  readonly connectedAtMs: number;
  /** Observer of messages in the gateway, for a device that gets no acknowledgements. */
  readonly insight?: Insight;
  start(): void;
  /** Simulates a power cycle, which loses the RAM. */
  reset(): void;
  /** Restarts the device with another program. Ignored by a device without sessions. */
  reprogram?(program: Program): void;
  /** Begins a behaviour for some time. Modbus units only. */
  begin?(behaviour: UnitBehaviour, ms: number): void;
  leave(): void;
  comeBack(): void;
  wakeUp(): void;
  /** Executes a command. Ignored if the device does not support it. */
  command(command: SimulatedCommand): void;
  /** @param isTooLarge for the hub */
  publish(topic: string, bytes: number, isTooLarge: boolean): void;
  publishQos0(topic: string, bytes: number): void;
  /** Returns the own topic of an uplink. Missing: it is not known. */
  topicOf?(payload: Uint8Array): string | undefined;
  /** Returns whether the message with this number has RETAIN. Missing: no message has it. */
  retains?(number: number): boolean;
  /** Returns the message of a command from the application. */
  commandOf(command: Command): Pick<Message, 'topic' | 'payload'>;
}

/** Other program of a subdevice under the same client id. */
export interface Program {
  /** The session has the other kind than the original program: clean or lasting. */
  readonly isOther: boolean;
  readonly disconnects: boolean;
  readonly will: Message | undefined;
  readonly filters: readonly string[];
  /** Topics that it publishes on first, so that it gets their topic ids in this order. */
  readonly topics: readonly string[];
}

export interface Command {
  readonly topic: string;
  readonly number: number;
  readonly bytes: number;
  /** True for a command that the device rejects. */
  readonly isTooLarge: boolean;
  /** The content is a JSON object, as in a document of a shared topic. */
  readonly isObject: boolean;
}

/** Called by the custody observer for the messages of the device. */
export interface Insight {
  /** Called when an uplink is accepted, or shed at once by a policy. @param isPutBack it was a dead letter */
  accepted(uplink: Message, isPutBack: boolean): void;
  /** Called when an uplink is rejected. */
  refused(uplink: Message): void;
  /** Called when an accepted uplink is revoked because the disk is full. */
  revoked(uplink: Message): void;
  /** Called when custody of a downlink ends. @param as `delivered` or the reason */
  ended(downlink: Message, as: string): void;
  /** Called when the process ends. @param sinceMs later accepted uplinks may be lost */
  crashed(sinceMs: number): void;
}

/** Returns the command as most devices expect it. */
export function plainCommand({ topic, number, bytes, isObject }: Command): Pick<Message, 'topic' | 'payload'> {
  if (isObject) return { topic, payload: new TextEncoder().encode(filled({ n: number }, bytes)) };
  return { topic, payload: numberedPayload(number, bytes) };
}
