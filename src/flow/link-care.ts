/**
 * Looks at each link once a second and carries out what its recovery decides. Only links whose port can be cared for:
 * those on real devices.
 */
import type { Facts } from '../base/events.ts';
import { driverNamed } from '../driver/drivers.ts';
import type { LineRecoveryStep } from '../driver/line-recovery.ts';
import type { Clock, PortCare } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { LinkStateView, Links } from './links.ts';

export interface LinkCareOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly links: Pick<Links, 'states' | 'reopen'>;
}

const LOOK_MS = 1000;

export class LinkCare {
  readonly #options: LinkCareOptions;
  #isStopped = false;

  constructor(options: LinkCareOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, mailbox, links } = this.#options;
    if (!links.states().some(({ plan }) => plan.care !== undefined)) return;
    clock.wakeAt(clock.nowMs() + LOOK_MS, () => {
      if (this.#isStopped) return;
      mailbox.post(() => this.#lookAtAll());
      this.start();
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  #lookAtAll(): void {
    for (const standing of this.#options.links.states()) {
      if (standing.plan.care !== undefined) this.#lookAt(standing, standing.plan.care);
    }
  }

  #lookAt(standing: LinkStateView, care: PortCare): void {
    const { machine, name, driver } = standing.plan;
    const { framesIn, crcErrors, oversizeFrames, malformedPackets } = machine.counters;
    const broken = driverNamed(driver).oversizeIsDamage ? crcErrors + oversizeFrames : crcErrors;
    const view = {
      isOpen: machine.state === 'open',
      framesIn,
      broken,
      unexpected: crcErrors + oversizeFrames + malformedPackets - broken,
      lost: standing.lost,
      attached: machine.attachedSubdevices().length,
    };
    const hadFailure = standing.recovery.failure !== undefined;
    const recoveryStep = standing.recovery.look(view, this.#options.clock.nowMs());
    if (recoveryStep !== undefined) this.#runStep(name, recoveryStep, care);
    const { failure } = standing.recovery;
    if (failure !== undefined && !hadFailure)
      this.#options.facts.emit('linkGivenUp', { link: name, trouble: failure.trouble });
  }

  #runStep(link: string, recoveryStep: LineRecoveryStep, care: PortCare): void {
    const { facts, mailbox } = this.#options;
    const tell = (outcome: string): void => {
      facts.emit('linkRecovery', { link, recoveryStep, outcome });
    };
    switch (recoveryStep) {
      case 'resync':
        // The next delimiter is a fresh start already: this rung is the time that is given to it.
        return tell('waiting for a good frame');
      case 'reopen':
        this.#options.links.reopen(link);
        return tell('the port is opened anew');
      case 'toggle':
      case 'reauthorise':
        care[recoveryStep]().then(
          (outcome) => mailbox.post(() => tell(outcome)),
          (error: unknown) => mailbox.post(() => tell(error instanceof Error ? error.message : String(error))),
        );
        return;
    }
  }
}
