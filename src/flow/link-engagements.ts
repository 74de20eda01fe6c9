/**
 * What a link's machine and the flows owe each other: who is attached, which deliveries are under way, which tokens are
 * whose. With it a machine can be replaced: what the old one owed is ended in its place, and an answer to the old one never
 * reaches the new one, whose tokens begin again.
 *
 * Invariant: no acknowledgement is taken for a publication of another machine.
 */
import type { DriverCommand, DriverReport } from '../driver/driver.ts';

/** Tokens that one machine may draw: as many as in years at a thousand a second. */
const TOKENS = 2 ** 40;

export class LinkEngagements {
  #machines = 0;
  /** Subdevice → machine that asked to have it served. */
  readonly #attaching = new Map<string, number>();
  /** Subdevice → how long it may be silent, ms; 0 = for ever. */
  readonly #aliveMs = new Map<string, number>();
  readonly #attached = new Set<string>();
  /** Token of a delivery → its subdevice. */
  readonly #deliveries = new Set<number>();

  /** @returns the report as the flows are to have it */
  reported(report: DriverReport): DriverReport {
    switch (report.kind) {
      case 'attach':
        this.#attaching.set(report.subdevice, this.#machines);
        this.#aliveMs.set(report.subdevice, report.aliveMs);
        return report;
      case 'slept':
        this.#aliveMs.set(report.subdevice, report.aliveMs);
        return report;
      case 'detach':
        this.#attached.delete(report.subdevice);
        return report;
      case 'delivered':
      case 'undelivered':
        this.#deliveries.delete(report.token);
        return report;
      case 'uplink':
      case 'topicBound':
        return report.token === undefined ? report : { ...report, token: this.#first + report.token };
      case 'will':
      case 'subscribe':
      case 'unsubscribe':
        return { ...report, token: this.#first + report.token };
      default:
        return report;
    }
  }

  /** @returns the order as the machine is to have it; `undefined`: it was for one that is gone */
  translated(command: DriverCommand): DriverCommand | undefined {
    switch (command.kind) {
      case 'attached':
        if (!command.answer.accepted) return command;
        this.#attached.add(command.subdevice);
        return this.#attaching.get(command.subdevice) === this.#machines ? command : undefined;
      case 'deliver':
        this.#deliveries.add(command.token);
        return command;
      case 'acknowledge':
      case 'refuse':
      case 'confirm':
        return command.token < this.#first ? undefined : { ...command, token: command.token - this.#first };
      default:
        return command;
    }
  }

  /** The machine is replaced. @param failed delivery on which it threw @returns what the old one would have had to say */
  renew(failed: number | undefined, nowMs: number): DriverReport[] {
    this.#machines += 1;
    const undelivered = [...this.#deliveries].map(
      (token): DriverReport => ({ kind: 'undelivered', token, why: token === failed ? 'failed' : 'lost' }),
    );
    const detached = [...this.#attached].map((subdevice) => this.detach(subdevice, nowMs));
    this.#deliveries.clear();
    // the flows hear first that nobody is there: what is still owed then waits
    return [...detached, ...undelivered];
  }

  /** Says in the machine's place that a subdevice is there no longer. */
  detach(subdevice: string, nowMs: number): DriverReport {
    this.#attached.delete(subdevice);
    const aliveMs = this.#aliveMs.get(subdevice) ?? 0;
    const aliveUntilMs = aliveMs === 0 ? undefined : nowMs + aliveMs;
    return { kind: 'detach', subdevice, cause: 'link closed', aliveUntilMs };
  }

  get #first(): number {
    return this.#machines * TOKENS;
  }
}
