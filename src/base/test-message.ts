/** Test messages of an operator (`holdfast send`): their bounds, and what is known about each. */

/** Largest payload, bytes. A lower limit of the hub applies too. */
export const TEST_PAYLOAD_BYTES_MAX = 65_536;

export type TestWay = 'uplink' | 'downlink';

export interface TestMessageReport {
  readonly id: number;
  readonly way: TestWay;
  readonly subdevice: string;
  /** Topic at the hub. */
  readonly topic: string;
  readonly bytes: number;
  /** Time from the command until the message was safe, ms; `null`: not yet. */
  readonly safeMs: number | null;
  /** True if the message was written to disk before the next hop had it; `null`: not safe yet. */
  readonly isStored: boolean | null;
  /** Time from the command until the end of custody, ms; `null`: the message waits. */
  readonly endedMs: number | null;
  /** `delivered`: to the hub, or to the subdevice. `null`: the message waits. */
  readonly outcome: 'delivered' | 'shed' | 'dead letter' | 'damaged' | null;
  /** Reason of an outcome other than `delivered`; `null`: none. */
  readonly reason: string | null;
}
