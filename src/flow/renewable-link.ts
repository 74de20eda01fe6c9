/**
 * Machine of a link that can be replaced by a new one after it threw. Other code keeps its reference to this object.
 */
import type { LinkCounters } from '../base/link-counters.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../driver/driver.ts';

export class RenewableLink implements LinkMachine {
  readonly #create: () => LinkMachine;
  #machine: LinkMachine;

  constructor(create: () => LinkMachine) {
    this.#create = create;
    this.#machine = create();
  }

  /** Replaces the machine. The state of a machine that threw is not trusted and not kept. */
  renew(): void {
    this.#machine = this.#create();
  }

  get counters(): LinkCounters {
    return this.#machine.counters;
  }

  get state(): LinkMachine['state'] {
    return this.#machine.state;
  }

  attachedSubdevices(): readonly string[] {
    return this.#machine.attachedSubdevices();
  }

  sleepers(): ReadonlyMap<string, number> {
    return this.#machine.sleepers();
  }

  lastReceivedAtMs(subdevice: string): number | undefined {
    return this.#machine.lastReceivedAtMs(subdevice);
  }

  unanswered(): ReadonlyMap<string, number> {
    return this.#machine.unanswered();
  }

  probeable(): readonly string[] {
    return this.#machine.probeable();
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    return this.#machine.handle(input, nowMs);
  }

  wakeAtMs(): number | undefined {
    return this.#machine.wakeAtMs();
  }
}
