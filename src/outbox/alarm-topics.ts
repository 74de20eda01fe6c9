/**
 * Which topics are alarms: filters on the subdevice's own names (docs/decisions/0014).
 *
 * A topic must not change its lane while messages of it wait in the other: they would be overtaken. So the filters under
 * which the waiting messages came in are kept with them, and those of a changed configuration come into force at a moment
 * when nothing waits.
 */
import { filterMatches } from '../base/topic.ts';
import { alarmLaneOf } from '../custody/lane-number.ts';

export interface AlarmTopicsOptions {
  /** What the configuration says. */
  readonly configured: readonly string[];
  /** Under which whatever waits came in. */
  readonly inForce: readonly string[];
  readonly isEmpty: () => boolean;
  /** The new ones are in force: to be durable with the next message, or before it. */
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

  /** The configured ones are in force. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The lane for a message on the subdevice's own `topic`. */
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
