/**
 * Checks each link once a second and runs the recovery steps. Only for links on real devices, which have a `PortCare`.
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
    for (const linkState of this.#options.links.states()) {
      if (linkState.plan.care !== undefined) this.#lookAt(linkState, linkState.plan.care);
    }
  }

  #lookAt(linkState: LinkStateView, care: PortCare): void {
    const { machine, name, driver } = linkState.plan;
    const { framesIn, crcErrors, oversizeFrames, malformedPackets } = machine.counters;
    const broken = driverNamed(driver).oversizeIsDamage ? crcErrors + oversizeFrames : crcErrors;
    const view = {
      isOpen: machine.state === 'open',
      framesIn,
      broken,
      unexpected: crcErrors + oversizeFrames + malformedPackets - broken,
      lost: linkState.lost,
      attached: machine.attachedSubdevices().length,
    };
    const hadFailure = linkState.recovery.failure !== undefined;
    const recoveryStep = linkState.recovery.look(view, this.#options.clock.nowMs());
    if (recoveryStep !== undefined) this.#runStep(name, recoveryStep, care);
    const { failure } = linkState.recovery;
    if (failure !== undefined && !hadFailure)
      this.#options.facts.emit('linkGivenUp', { link: name, trouble: failure.trouble });
  }

  #runStep(link: string, recoveryStep: LineRecoveryStep, care: PortCare): void {
    const { facts, mailbox } = this.#options;
    const report = (outcome: string): void => {
      facts.emit('linkRecovery', { link, recoveryStep, outcome });
    };
    switch (recoveryStep) {
      case 'resync':
        // the next delimiter resynchronises the framing: this step only waits for it
        return report('waiting for a valid frame');
      case 'reopen':
        this.#options.links.reopen(link);
        return report('opening the port again');
      case 'toggle':
      case 'reauthorise':
        care[recoveryStep]().then(
          (outcome) => mailbox.post(() => report(outcome)),
          (error: unknown) => mailbox.post(() => report(error instanceof Error ? error.message : String(error))),
        );
        return;
    }
  }
}
