/** The links by name, each a driver machine on its pump, and orders to them. */

import type { Facts } from '../base/events.ts';
import type { ChannelAction } from '../base/machine.ts';
import type { DriverOrder, DriverReport, LinkAction, LinkInput, LinkMachine } from '../driver/driver.ts';
import type { Clock, OpenChannel } from '../ports.ts';
import type { Mailbox } from './mailbox.ts';
import { Pump } from './pump.ts';

export interface LinkPlan {
  readonly name: string;
  readonly path: string;
  /** Its name, for people. */
  readonly driver: string;
  readonly machine: LinkMachine;
  readonly open: OpenChannel;
}

export interface LinkStanding {
  readonly plan: LinkPlan;
  /** Monotonic ms since when it is open, or since when it is not. */
  sinceMs: number;
  lastProblem: string | undefined;
}

interface Link {
  readonly standing: LinkStanding;
  readonly pump: Pump<LinkInput, LinkAction>;
}

export interface LinksOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly report: (link: string, report: DriverReport) => void;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<string, Link>();

  constructor(options: LinksOptions, plans: readonly LinkPlan[]) {
    this.#options = options;
    for (const plan of plans) this.#links.set(plan.name, this.#build(plan));
  }

  start(): void {
    for (const { pump } of this.#links.values()) pump.input({ kind: 'start' });
  }

  stop(): void {
    for (const { pump } of this.#links.values()) pump.input({ kind: 'stop' });
  }

  order(link: string, order: DriverOrder): void {
    this.#links.get(link)?.pump.input(order);
  }

  standings(): LinkStanding[] {
    return [...this.#links.values()].map(({ standing }) => standing);
  }

  #build(plan: LinkPlan): Link {
    const { clock, mailbox, facts } = this.#options;
    const standing: LinkStanding = { plan, sinceMs: clock.nowMs(), lastProblem: undefined };
    let isOpen = false;
    const pump = new Pump<LinkInput, LinkAction>({
      machine: plan.machine,
      open: plan.open,
      clock,
      mailbox,
      act: (report: Exclude<LinkAction, ChannelAction>) => this.#options.report(plan.name, report),
      onChannel: (state, reason) => {
        const { name, path } = plan;
        if (state === 'closed') standing.lastProblem = reason;
        if ((state === 'opened') !== isOpen) {
          isOpen = !isOpen;
          standing.sinceMs = clock.nowMs();
          if (isOpen) facts.emit('linkOpened', { link: name, path });
          else facts.emit('linkClosed', { link: name, path, reason });
        } else if (state === 'closed' && plan.machine.counters.openings <= 1)
          facts.emit('linkClosed', { link: name, path, reason });
      },
    });
    return { standing, pump };
  }
}
