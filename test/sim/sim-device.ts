/** What a world knows of whatever is at the far end of a line: a subdevice with its side of the books. */
import type { Message } from '../../src/base/message.ts';
import { numberedPayload } from '../../src/bench/account.ts';
import type { SimulatedCommand } from '../../src/bench/subdevices/subdevice-contract.ts';
import type { Qos0Stream } from './qos0-stream.ts';
import type { Stream } from './stream.ts';
import type { UnitMood } from './unit-answers.ts';

export interface SimDevice {
  readonly id: string;
  readonly uplinks: Stream;
  readonly downlinks: Stream;
  readonly qos0Uplinks: Qos0Stream;
  readonly qos0Downlinks: Qos0Stream;
  /** On its own topics: without it at the hub nothing reaches it. */
  readonly filter: string;
  /** What it still has to say. */
  readonly queued: number;
  /** World time at which it last came into being for its gateway: a reason for a second delivery. */
  readonly connectedAtMs: number;
  /** Of one that is not told what is safe. */
  readonly insight?: Insight;
  start(): void;
  /** Its power fails and comes back: RAM is gone. */
  reset(): void;
  /** One that has no sessions passes it over. */
  reprogram?(program: Program): void;
  /** One that is no Modbus unit has none of these moods. */
  begin?(mood: UnitMood, ms: number): void;
  leave(): void;
  comeBack(): void;
  wakeUp(): void;
  /** One that it does not understand is passed over. */
  command(command: SimulatedCommand): void;
  /** @param isTooLarge for the hub */
  publish(topic: string, bytes: number, isTooLarge: boolean): void;
  publishQos0(topic: string, bytes: number): void;
  /** Whether it publishes the message of this number with RETAIN; one that cannot has none. */
  retains?(number: number): boolean;
  /** What the application tells it. */
  commandOf(command: Command): Pick<Message, 'topic' | 'payload'>;
}

/** What a subdevice is made to do, for a moment, under the same client id. */
export interface Program {
  /** Its session is clean where its own is lasting, and the other way round. */
  readonly isOther: boolean;
  readonly saysGoodBye: boolean;
  readonly will: Message | undefined;
  readonly filters: readonly string[];
  /** What it publishes first: so it gets topic ids in this order. */
  readonly topics: readonly string[];
}

export interface Command {
  readonly topic: string;
  readonly number: number;
  readonly bytes: number;
  /** It is to be one that the device cannot take. */
  readonly isTooLarge: boolean;
}

/** What happens to its messages within the gateway, as the witness sees it. */
export interface Insight {
  /** In custody from now on, or shed at once by a policy. @param isPutBack it was a dead letter */
  taken(uplink: Message, isPutBack: boolean): void;
  /** At the door. */
  refused(uplink: Message): void;
  /** Taken, and given back for want of room on the disk. */
  withdrawn(uplink: Message): void;
  /** The end of custody: delivered, or the reason why it was let go. */
  ended(downlink: Message, as: string): void;
  /** @param sinceMs what was taken later may be lost */
  crashed(sinceMs: number): void;
}

/** As most devices are told. */
export function plainCommand({ topic, number, bytes }: Command): Pick<Message, 'topic' | 'payload'> {
  return { topic, payload: numberedPayload(number, bytes) };
}
