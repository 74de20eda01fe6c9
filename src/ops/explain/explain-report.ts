/** Answer of `GET /v1/explain?of=NAME` as types. Times are durations in ms. */
import type { Age } from '../../base/time.ts';
import type { ReasonCode } from './reasons.ts';

export interface ExplainReport {
  /** Name that was asked for. */
  readonly of: string;
  /** One for each subject with this name; empty: there is none. */
  readonly explanations: readonly Explanation[];
  /** Names that are similar, if there is no subject with this name. */
  readonly similar: readonly string[];
}

export interface Explanation {
  readonly kind: 'message' | 'subdevice' | 'link' | 'hub';
  readonly name: string;
  /** Answer in one sentence. */
  readonly sentence: string;
  /** Reasons, the most important one first; at least one. */
  readonly reasons: readonly Reason[];
  /** Further facts, in the order of the screen. */
  readonly facts: readonly ExplainedFact[];
  /** Place and prospects of a message; `null`: not a message, or not in custody. */
  readonly message: ExplainedMessage | null;
}

export interface Reason {
  readonly code: ReasonCode;
  /** Whole sentence with the present numbers. */
  readonly sentence: string;
  /** Remedy; `null`: wait. */
  readonly remedy: string | null;
  /** Time after which the reason ends by itself, ms; `null`: unknown. */
  readonly endsInMs: number | null;
}

export interface ExplainedFact {
  readonly label: string;
  readonly text: string;
}

export interface ExplainedMessage {
  readonly direction: 'uplink' | 'downlink';
  readonly subdevice: string;
  readonly topic: string;
  /** Bytes that the message counts for in bounds. */
  readonly bytes: number;
  readonly age: Age;
  /** `RAM`: for at most hold_ms; `being written`: part of the next or the present commit; `disk`: safe. */
  readonly custody: 'RAM' | 'being written' | 'disk';
  /** Class of its lane at the hub; `null`: a downlink. */
  readonly class: 'alarm' | 'live' | 'backlog' | null;
  /** Messages of its lane before it. A range for a row that is on disk only. */
  readonly before: CountRange;
  /** Messages of its lane. */
  readonly laneMessages: number;
  /** Bytes of the messages of its lane before it; `null`: not all of them are in RAM. */
  readonly bytesBefore: number | null;
  /** Largest number of messages of other subdevices that go before it. */
  readonly othersBefore: number;
  readonly when: Estimate;
  /** Rules that would end its custody without delivery, the nearest one first. */
  readonly shedRules: readonly ShedRule[];
}

export interface CountRange {
  readonly min: number;
  readonly max: number;
}

export interface Estimate {
  /** Time until the message goes to the next hop, ms; `null`: unknown. */
  readonly inMs: number | null;
  /** Basis of the time, or the reason why it is unknown, as a sentence. */
  readonly basis: string;
}

export interface ShedRule {
  /** `overflow` and `age` as in the configuration; `none`: no rule sheds it. */
  readonly rule: 'overflow' | 'age' | 'replaced' | 'session' | 'none';
  readonly sentence: string;
  /** Distance to the rule; `null`: not in this unit. */
  readonly messagesLeft: number | null;
  readonly bytesLeft: number | null;
  readonly msLeft: number | null;
}
