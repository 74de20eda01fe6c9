/**
 * Open exchanges between a link's machine and the flows: attached subdevices, deliveries, and tokens. This record
 * allows a machine to be replaced. The open exchanges of the old machine are ended in its place, and an answer to the
 * old machine never reaches the new one, whose tokens begin again.
 *
 * Invariant: no acknowledgement is used for a publication of another machine.
 */
import type { DriverCommand, DriverReport, SafeUplink } from '../driver/driver.ts';

/** Number of tokens that one machine may use: enough for years at a thousand a second. */
const TOKENS = 2 ** 40;

export class LinkEngagements {
  #machines = 0;
  /** Subdevice → number of the machine that requested its service. */
  readonly #attaching = new Map<string, number>();
  /** Subdevice → longest allowed silence, ms. 0: no limit. */
  readonly #aliveMs = new Map<string, number>();
  readonly #attached = new Set<string>();
  /** Tokens of open deliveries. */
  readonly #deliveries = new Set<number>();

  /** @returns the report with the tokens that the flows use */
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

  /** @returns the command with the tokens of the machine; `undefined`: the command was for a replaced machine */
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
        return this.#machines === 0 ? command : this.#ofThisMachine(command.uplinks);
      case 'refuse':
      case 'confirm':
        return command.token < this.#first ? undefined : { ...command, token: command.token - this.#first };
      default:
        return command;
    }
  }

  /**
   * Called when the machine is replaced. @param failed token of the delivery on which the machine threw; `undefined`:
   * none @returns the reports that end the exchanges of the old machine
   */
  renew(failed: number | undefined, nowMs: number): DriverReport[] {
    this.#machines += 1;
    const undelivered = [...this.#deliveries].map(
      (token): DriverReport => ({ kind: 'undelivered', token, why: token === failed ? 'failed' : 'lost' }),
    );
    const detached = [...this.#attached].map((subdevice) => this.detach(subdevice, nowMs));
    this.#deliveries.clear();
    // detach reports come first, so that unfinished messages wait
    return [...detached, ...undelivered];
  }

  /** Creates the report that a subdevice is gone, in place of the machine. */
  detach(subdevice: string, nowMs: number): Extract<DriverReport, { kind: 'detach' }> {
    this.#attached.delete(subdevice);
    const aliveMs = this.#aliveMs.get(subdevice) ?? 0;
    const aliveUntilMs = aliveMs === 0 ? undefined : nowMs + aliveMs;
    return { kind: 'detach', subdevice, cause: 'link closed', aliveUntilMs };
  }

  #ofThisMachine(all: readonly SafeUplink[]): DriverCommand | undefined {
    const uplinks = all.flatMap(({ subdevice, token }) =>
      token < this.#first ? [] : [{ subdevice, token: token - this.#first }],
    );
    return uplinks.length === 0 ? undefined : { kind: 'acknowledge', uplinks };
  }

  get #first(): number {
    return this.#machines * TOKENS;
  }
}
