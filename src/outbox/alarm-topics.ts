/**
 * Lanes of alarms and of ordinary messages, chosen by filters on the subdevice's own topics (docs/decisions/0014).
 *
 * A topic must not change its lane while messages of the topic wait in the other lane: later messages would overtake
 * them. So the filters that were applied to the waiting messages are stored with them. The filters of a changed
 * configuration take effect when no message waits.
 */
import { filterMatches } from '../base/topic.ts';
import { alarmLaneOf } from '../custody/lane-number.ts';

export interface AlarmTopicsOptions {
  /** Filters of the configuration. */
  readonly configured: readonly string[];
  /** Filters that were applied to the waiting messages. */
  readonly inForce: readonly string[];
  readonly isEmpty: () => boolean;
  /** Called when the configured filters take effect. The caller makes them durable with the next message or earlier. */
  readonly changed: (filters: readonly string[]) => void;
}

export class AlarmTopics {
  readonly #options: AlarmTopicsOptions;
  #inForce: readonly string[];
  #isSettled: boolean;

  constructor(options: AlarmTopicsOptions) {
    this.#options = options;
    this.#inForce = options.inForce;
    const { configured, inForce } = options;
    this.#isSettled = configured.length === inForce.length && configured.every((filter) => inForce.includes(filter));
  }

  /** True if the configured filters are in effect. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Returns the lane for a message on the subdevice's own `topic`. */
  laneOf(subdevice: number, topic: string): number {
    const { configured, isEmpty, changed } = this.#options;
    if (!this.#isSettled && isEmpty()) {
      this.#isSettled = true;
      this.#inForce = configured;
      changed(configured);
    }
    const isAlarm = this.#inForce.some((filter) => filterMatches(filter, topic));
    return isAlarm ? alarmLaneOf(subdevice) : subdevice;
  }
}
