/** Links by name. Each is a driver machine on its pump, with its commands and the observed state of its line. */

import type { Facts } from '../base/events.ts';
import { Histogram } from '../base/histogram.ts';
import type { ChannelAction } from '../base/machine.ts';
import type { ProbeOutcome } from '../base/probe.ts';
import type { RecoveryStep } from '../base/recovery-step.ts';
import type { DriverCommand, DriverReport, LinkAction, LinkInput, LinkMachine, SafeUplink } from '../driver/driver.ts';
import { Recovery } from '../driver/line-recovery.ts';
import type { Clock, LineErrors, OpenChannel, PortCare, PortWait } from '../ports.ts';
import { FirstBytes } from '../recorder/first-bytes.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import { NewestBytes } from '../recorder/newest-bytes.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Pump } from '../runtime/pump.ts';
import { TaskBatch } from '../runtime/task-batch.ts';
import { Timer } from '../runtime/timer.ts';
import { LinkEngagements } from './link-engagements.ts';
import type { SetAside } from './set-aside.ts';

/** Command for the machine of a link, except the acknowledgements, which `Links.acknowledge` collects. */
export type LinkCommand = Exclude<DriverCommand, { kind: 'acknowledge' }>;

/** Gives a command to the machine of a link. */
export type CommandLink = (link: string, command: LinkCommand) => void;

export interface LinkPlan {
  readonly name: string;
  readonly path: string;
  /** Name of the driver. */
  readonly driver: string;
  /** Name of the `LineProtocol` of the line. */
  readonly protocol: string;
  /** Current machine. `renew` replaces it, so it is read again for each use. */
  readonly machine: LinkMachine;
  /** Replaces the machine by a new one that is not started. The state of a machine that threw is not kept. */
  readonly renew: () => void;
  readonly recorder: FlightRecorder;
  readonly open: OpenChannel;
  /**
   * Recovery steps of the port besides reopening. `undefined`: the line is not a device of this machine, so reopening
   * is the only recovery step.
   */
  readonly care: PortCare | undefined;
  /** Recovery steps, in their order. */
  readonly steps: readonly RecoveryStep[];
}

export interface LinkStateView {
  readonly plan: LinkPlan;
  readonly recovery: Recovery;
  /** Times from a QoS 1 downlink to its PUBACK, with REGISTER and repetitions. */
  readonly roundTrips: Histogram;
  /** Time of the last change between open and not open, monotonic ms. */
  sinceMs: number;
  /** Sum of the times for which the port was open, without the present one, ms. */
  openMs: number;
  lastProblem: string | undefined;
  /** Reason why the port cannot be opened yet. */
  wait: PortWait | undefined;
  /** Number of subdevices that became silent on this link since the start. */
  lost: number;
  /** Newest received bytes, valid or invalid. */
  readonly onReceived: NewestBytes;
  /** First bytes of the connection. */
  readonly greeting: FirstBytes;
}

/** Reports for the flows. The answer to a probe goes to its caller. */
export type FlowReport = Exclude<DriverReport, ProbeReport>;
type ProbeReport = Extract<DriverReport, { kind: 'probed' }>;

interface Link {
  readonly linkState: LinkStateView;
  readonly engagements: LinkEngagements;
  readonly restarts: LinkRestarts;
  /** Timer that starts the link after the pause that follows a fault. */
  readonly restart: Timer;
  readonly pump: Pump<LinkInput, LinkAction>;
  /** Uplinks to acknowledge. They precede every other command. */
  readonly safe: TaskBatch<SafeUplink>;
  /** Open probes by token. */
  readonly probes: Map<number, (outcome: ProbeOutcome) => void>;
  /** Open deliveries, one per subdevice. */
  readonly sent: Map<string, { readonly token: number; readonly atMs: number }>;
}

export interface LinksOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly report: (link: string, report: FlowReport) => void;
  readonly setAside: SetAside;
}

/** Reason for a port that a recovery step closes in order to open it again. */
export const REOPENED = 'the line does not work: opening it again';

/** True while a recovery step opens the port again, and no problem of the port is known. */
export function isReopening({ plan, lastProblem }: LinkStateView): boolean {
  const { state } = plan.machine;
  return (state === 'opening' || state === 'waiting to reopen') && lastProblem === REOPENED;
}

/** Largest number of open probes on one link: enough for a few technicians. */
const PROBES_MAX = 8;

export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<string, Link>();
  /** Engagements by link, also of removed links: an answer to a removed machine never reaches a new one. */
  readonly #engagements = new Map<string, LinkEngagements>();
  #lastProbe = 0;

  constructor(options: LinksOptions, plans: readonly LinkPlan[]) {
    this.#options = options;
    for (const plan of plans) this.#links.set(plan.name, this.#build(plan));
  }

  start(): void {
    for (const { pump } of this.#links.values()) pump.input({ kind: 'start' });
  }

  stop(): void {
    for (const { pump, safe, restart } of this.#links.values()) {
      restart.set(undefined);
      safe.flush();
      pump.input({ kind: 'stop' });
    }
  }

  /**
   * Stops a link and removes it. `done` is called when its port is closed and its subdevices are detached: at once if
   * there is no such link.
   */
  remove(name: string, done: () => void): void {
    const link = this.#links.get(name);
    if (link === undefined) return done();
    link.restart.set(undefined);
    link.safe.flush();
    this.#endProbes(link, 'the link is stopped');
    link.pump.input({ kind: 'stop' });
    link.pump.afterClose(() => {
      link.restart.set(undefined); // the machine may have failed on its last input
      for (const report of link.engagements.renew(undefined, this.#options.clock.nowMs())) this.#pass(link, report);
      this.#links.delete(name);
      done();
    });
  }

  /** Adds a link and starts it. */
  add(plan: LinkPlan): void {
    const link = this.#build(plan);
    this.#links.set(plan.name, link);
    link.pump.input({ kind: 'start' });
  }

  /** Acknowledges an uplink after the present task, together with the other ones of the link. */
  acknowledge(name: string, uplink: SafeUplink): void {
    this.#links.get(name)?.safe.add(uplink);
  }

  command(name: string, command: LinkCommand): void {
    const link = this.#links.get(name);
    link?.safe.flush();
    if (command.kind === 'deliver' && command.qos === 1)
      link?.sent.set(command.subdevice, { token: command.token, atMs: this.#options.clock.nowMs() });
    const meant = link?.engagements.translated(command);
    if (meant !== undefined) link?.pump.input(meant);
    else if (command.kind === 'attached' && command.answer.accepted) this.#sendAway(name, command.subdevice);
  }

  /** Tests the line to a subdevice, in parallel to everything else. Settles within the deadlines of its driver. */
  probe(name: string, subdevice: string): Promise<ProbeOutcome> {
    const link = this.#links.get(name);
    if (link === undefined) return Promise.resolve({ kind: 'not asked', why: `there is no link ${name}` });
    if (link.linkState.plan.machine.state !== 'open')
      return Promise.resolve({ kind: 'not asked', why: 'its port is not open' });
    if (link.probes.size >= PROBES_MAX)
      return Promise.resolve({ kind: 'not asked', why: 'too many other probes are running' });
    this.#lastProbe += 1;
    const token = this.#lastProbe;
    const { promise, resolve } = Promise.withResolvers<ProbeOutcome>();
    link.probes.set(token, resolve);
    link.pump.input({ kind: 'probe', subdevice, token });
    return promise;
  }

  /** Closes the port. The link opens it again after its pause. */
  reopen(name: string): void {
    this.#links.get(name)?.pump.closeChannel(REOPENED);
  }

  /**
   * Returns the kernel's error counters of the port. `undefined`: the driver does not count, or the port is not open.
   */
  lineErrors(name: string): LineErrors | undefined {
    return this.#links.get(name)?.pump.lineErrors;
  }

  /** Number of valid frames of a link so far. */
  framesIn(name: string): number {
    return this.#links.get(name)?.linkState.plan.machine.counters.framesIn ?? 0;
  }

  /** Puts the links in the order of the configuration. @param names of the configured links */
  arrange(names: readonly string[]): void {
    for (const name of names) {
      const link = this.#links.get(name);
      if (link === undefined) continue;
      this.#links.delete(name);
      this.#links.set(name, link);
    }
  }

  /** States of the links, in the order of the configuration. */
  states(): LinkStateView[] {
    return [...this.#links.values()].map(({ linkState }) => linkState);
  }

  #build(plan: LinkPlan): Link {
    const { clock, mailbox } = this.#options;
    const linkState: LinkStateView = {
      plan,
      sinceMs: clock.nowMs(),
      openMs: 0,
      lastProblem: undefined,
      wait: undefined,
      lost: 0,
      recovery: new Recovery(plan.steps),
      roundTrips: new Histogram(),
      onReceived: new NewestBytes(),
      greeting: new FirstBytes(),
    };
    const link: Link = {
      linkState,
      engagements: this.#engagementsOf(plan.name),
      restarts: new LinkRestarts(),
      restart: new Timer(clock, mailbox, () => link.pump.input({ kind: 'start' })),
      probes: new Map(),
      sent: new Map(),
      safe: new TaskBatch(mailbox, (uplinks) => {
        const meant = link.engagements.translated({ kind: 'acknowledge', uplinks });
        if (meant !== undefined) link.pump.input(meant);
      }),
      pump: new Pump<LinkInput, LinkAction>({
        get machine() {
          return plan.machine;
        },
        recorder: plan.recorder,
        open: plan.open,
        clock,
        mailbox,
        act: (report: Exclude<LinkAction, ChannelAction>) => {
          this.#pass(link, link.engagements.reported(report));
        },
        contain: (input: LinkInput, error: unknown) => this.#contain(link, input, error),
        onBytes: (bytes) => {
          linkState.onReceived.add(bytes);
          linkState.greeting.add(bytes);
        },
        ...this.#onlookers(linkState),
      }),
    };
    return link;
  }

  #pass(link: Link, report: DriverReport): void {
    this.#note(link, report);
    if (report.kind === 'probed') endProbe(link, report);
    else this.#options.report(link.linkState.plan.name, report);
  }

  /** Called when the machine threw: sets its input aside and starts a new machine, without any effect on the flows. */
  #contain(link: Link, input: LinkInput, error: unknown): LinkAction[] {
    const { setAside, clock, mailbox } = this.#options;
    const { plan } = link.linkState;
    setAside.note(plan.name, input, error);
    plan.renew();
    plan.recorder.renew();
    link.pump.abandonChannel('the gateway failed on this link and starts it again');
    if (input.kind !== 'stop') link.restart.set(link.restarts.fault(clock.nowMs()));
    this.#endProbes(link, 'the gateway failed on this link');
    const failed = input.kind === 'deliver' ? input.token : undefined;
    const ended = link.engagements.renew(failed, clock.nowMs());
    mailbox.post(() => {
      for (const report of ended) this.#pass(link, report);
    });
    return [];
  }

  #endProbes(link: Link, why: string): void {
    for (const token of [...link.probes.keys()])
      endProbe(link, { kind: 'probed', token, outcome: { kind: 'not asked', why } });
  }

  #engagementsOf(name: string): LinkEngagements {
    const known = this.#engagements.get(name);
    if (known !== undefined) return known;
    const engagements = new LinkEngagements();
    this.#engagements.set(name, engagements);
    return engagements;
  }

  /** Ends an attach that was accepted for a replaced machine, or for a removed link. */
  #sendAway(name: string, subdevice: string): void {
    const { clock, mailbox } = this.#options;
    mailbox.post(() => {
      const detached = this.#engagementsOf(name).detach(subdevice, clock.nowMs());
      const link = this.#links.get(name);
      if (link === undefined) this.#options.report(name, detached);
      else this.#pass(link, detached);
    });
  }

  #note({ linkState, sent }: Link, report: DriverReport): void {
    if (report.kind === 'detach') {
      sent.delete(report.subdevice);
      if (report.cause === 'no answer' || report.cause === 'keep alive ran out') linkState.lost += 1;
    } else if (report.kind === 'delivered') {
      for (const [subdevice, { token, atMs }] of sent) {
        if (token !== report.token) continue;
        sent.delete(subdevice);
        linkState.roundTrips.record(this.#options.clock.nowMs() - atMs);
      }
    }
  }

  #onlookers(linkState: LinkStateView) {
    const { clock, facts } = this.#options;
    const { plan } = linkState;
    const { name, path } = plan;
    let isOpen = false;
    return {
      onChannel: (state: 'opened' | 'closed', reason: string): void => {
        linkState.wait = undefined;
        if (state === 'opened') linkState.greeting.restart();
        if (state === 'closed') linkState.lastProblem = reason;
        if ((state === 'opened') !== isOpen) {
          const nowMs = clock.nowMs();
          if (isOpen) linkState.openMs += nowMs - linkState.sinceMs;
          isOpen = !isOpen;
          linkState.sinceMs = nowMs;
          if (isOpen) facts.emit('linkOpened', { link: name, path });
          else facts.emit('linkClosed', { link: name, path, reason });
        } else if (state === 'closed' && plan.machine.counters.openings <= 1)
          facts.emit('linkClosed', { link: name, path, reason });
      },
      onWait: (wait: PortWait): void => {
        linkState.wait = wait;
        linkState.lastProblem = wait.why;
        facts.emit('linkWaits', { link: name, path, reason: wait.why });
      },
    };
  }
}

function endProbe({ probes }: Link, { token, outcome }: ProbeReport): void {
  probes.get(token)?.(outcome);
  probes.delete(token);
}

/** Faults in a row after which the pause begins to grow. */
const SOON_MAX = 3;
const PAUSE_MS = 1000;
const PAUSE_MS_MAX = 3_600_000;
/** Time without a fault after which the count starts again. */
const FORGIVEN_AFTER_MS = 3_600_000;

/**
 * Restart times of a link whose machine threw: soon at first, later each time. A link that keeps throwing is nearly
 * stopped, while other links continue.
 */
export class LinkRestarts {
  #faults = 0;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  /** @returns monotonic ms at which the link may start again */
  fault(nowMs: number): number {
    if (nowMs - this.#lastAtMs >= FORGIVEN_AFTER_MS + PAUSE_MS_MAX) this.#faults = 0;
    this.#faults += 1;
    this.#lastAtMs = nowMs;
    return nowMs + Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** Math.max(0, this.#faults - SOON_MAX));
  }
}
