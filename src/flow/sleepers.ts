/**
 * Sleeping subdevices (MQTT-SN 1.2 §6.14). Their downlinks wait in the inbox. At each waking they get the messages that
 * have waited until then, and are informed when there are no more (`flow/downlink.ts`). The hub is not informed: it
 * still serves them.
 */
import type { Facts } from '../base/events.ts';
import type { Committer } from '../commit/committer.ts';
import type { DriverReport } from '../driver/driver.ts';
import type { Clock } from '../ports.ts';
import type { Inbox } from '../subdevices/inbox.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import type { DownlinkFlow } from './downlink.ts';
import type { Wills } from './wills.ts';

export interface SleepersOptions {
  readonly clock: Clock;
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly inbox: Inbox;
  readonly committer: Committer;
  readonly wills: Wills;
  readonly downlink: DownlinkFlow;
  readonly commitMs: number;
}

export class Sleepers {
  readonly #options: SleepersOptions;

  constructor(options: SleepersOptions) {
    this.#options = options;
  }

  slept(link: string, { subdevice: id, aliveMs }: Extract<DriverReport, { kind: 'slept' }>): void {
    const { inbox, wills, committer, clock, facts, commitMs } = this.#options;
    const subdevice = this.#attached(link, id);
    if (subdevice === undefined) return;
    inbox.slept(subdevice.lane);
    wills.slept(subdevice, aliveMs);
    committer.flushHeld('downlink', clock.nowMs() + commitMs); // a sleeping subdevice does not acknowledge soon
    facts.emit('subdeviceSlept', { subdevice: id, aliveMs });
  }

  woke(link: string, { subdevice: id }: Extract<DriverReport, { kind: 'woke' }>): void {
    const { inbox, downlink } = this.#options;
    const subdevice = this.#attached(link, id);
    if (subdevice === undefined) return;
    inbox.woke(subdevice.lane);
    downlink.deliver(subdevice.lane);
  }

  /** Returns the subdevice that is attached on this link. `undefined`: it is gone, or on another link meanwhile. */
  #attached(link: string, id: string): Subdevice | undefined {
    const subdevice = this.#options.registry.byId(id);
    if (subdevice?.link !== link || !subdevice.isAttached) return undefined;
    return subdevice;
  }
}
