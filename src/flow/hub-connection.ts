/** Hub end of the flows: the client machine on its pump, and the reactions to its reports. */
import type { Facts } from '../base/events.ts';
import { retaining } from '../base/message.ts';
import type { HubClient } from '../hub/client/hub-client.ts';
import type { Ended, HubAction, HubInput, HubPublish } from '../hub/client/hub-contract.ts';
import type { BindingReport, HubServiceEvent, HubServices, RemoteReport } from '../hub/gateway/hub-service.ts';
import type { Clock, OpenChannel } from '../ports.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Pump } from '../runtime/pump.ts';
import { TaskBatch } from '../runtime/task-batch.ts';
import type { DownlinkFlow } from './downlink.ts';
import { type HubClientReport, isFromHub, messageIn } from './hub-reports.ts';
import type { HubSender } from './hub-sender.ts';
import type { HubSessionMonitor } from './hub-session-monitor.ts';
import { PasswordRenewal, type RenewalCounts, type RenewalTerms, type RenewalTrouble } from './password-renewal.ts';
import type { SetAside } from './set-aside.ts';
import type { HubSubscriptions } from './subscriptions.ts';
import type { UnderWay } from './under-way.ts';
import type { WallClock } from './wall-clock.ts';

/** Client of one hub with its recorder. */
export interface HubPlan {
  readonly client: HubClient;
  readonly recorder: FlightRecorder;
  /** `host:port` of the hub. */
  readonly peer: string;
  /** Renewal of the password; `undefined`: off. */
  readonly renewal: RenewalTerms | undefined;
}

export interface HubConnectionOptions extends HubPlan {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly open: OpenChannel;
  readonly hubSender: HubSender;
  readonly downlink: DownlinkFlow;
  readonly subscriptions: HubSubscriptions;
  readonly watch: HubSessionMonitor;
  readonly services: HubServices;
  readonly wallClock: WallClock;
  readonly handle: (report: BindingReport) => void;
  readonly onRemote: (report: RemoteReport) => void;
  readonly setAside: SetAside;
  readonly underWay: UnderWay;
  /** Returns true while the gateway may not connect, because the store may be a copy. */
  readonly isHeld: () => boolean;
  /** Commits the uplinks that are held for the hub. */
  readonly flushHeld: () => void;
}

/**
 * Bytes of the payloads from which the messages of a task are sent without waiting for more: a step of this size leaves
 * room for others in the smallest useful ring of the recorder.
 */
const BATCH_BYTES = 16 * 1024;

const NOTHING = new Uint8Array(0);

export class HubConnection {
  readonly #options: HubConnectionOptions;
  #plan: HubPlan;
  #pump: Pump<HubInput, HubAction>;
  /** Messages of the present task. They precede every other command. */
  readonly #batch: TaskBatch<HubPublish>;
  #batchBytes = 0;
  #isOnline = false;
  #changedAtMs: number | undefined;
  #problem: string | undefined;
  /** Stage that the connection or attempt with the last problem had reached. */
  #stage: Extract<HubClientReport, { kind: 'offline' }>['stage'] | undefined;
  #refusal: Extract<HubClientReport, { kind: 'refused' }> | undefined;
  #attempts = 0;
  #renewal: PasswordRenewal | undefined;
  readonly #renewals: RenewalCounts = { attempts: 0, failures: 0 };

  constructor(options: HubConnectionOptions) {
    this.#options = options;
    this.#plan = options;
    this.#pump = this.#newPump(options);
    this.#renewal = this.#newRenewal(options);
    this.#batch = new TaskBatch(options.mailbox, (messages) => {
      this.#batchBytes = 0;
      this.#pump.input({ kind: 'publish', messages });
    });
  }

  start(): void {
    if (!this.#options.isHeld()) this.#pump.input({ kind: 'start' });
  }

  /** Begins no renewal of the password any more. */
  cancelRenewal(): void {
    this.#renewal?.cancel();
  }

  /**
   * Ends the connection, and connects no more until `replace` and `start`.
   * @param disconnects false: the hub publishes the will
   * @param done called when the connection is closed
   */
  stop(reason: string, disconnects: boolean, done: () => void = () => undefined): void {
    this.#renewal?.end();
    this.command({ kind: 'leave', reason, disconnects });
    this.command({ kind: 'stop' });
    this.#pump.afterClose(done);
  }

  /** Replaces the client after `stop`. */
  replace(plan: HubPlan): void {
    this.#plan = plan;
    this.#pump = this.#newPump(plan);
    this.#renewal = this.#newRenewal(plan);
    this.#refusal = undefined;
  }

  #newRenewal({ renewal }: HubPlan): PasswordRenewal | undefined {
    const { clock, mailbox, facts, hubSender, downlink } = this.#options;
    return (
      renewal &&
      new PasswordRenewal({
        ...renewal,
        counts: this.#renewals,
        clock,
        mailbox,
        facts,
        suspend: () => hubSender.suspend(),
        resume: () => hubSender.resume(),
        unanswered: () => hubSender.unanswered,
        unacknowledged: () => downlink.unacknowledged,
        stopReading: () => this.setReading(false),
        reconnect: () => this.command({ kind: 'renew' }),
      })
    );
  }

  #newPump({ client, recorder }: HubPlan): Pump<HubInput, HubAction> {
    const { open, clock, mailbox } = this.#options;
    return new Pump<HubInput, HubAction>({
      machine: client,
      recorder,
      open,
      clock,
      mailbox,
      act: (report: HubClientReport) => this.#act(report),
      contain: (input, error) => this.#contain(input, error),
    });
  }

  command(command: HubInput): void {
    this.#batch.flush();
    this.#pump.input(command);
  }

  /** Publishes after the present task, together with its other messages. A suspected message is sent alone, at once. */
  publish(message: HubPublish, isSuspect: boolean): void {
    if (isSuspect) return this.command({ kind: 'publish', messages: [message], isSuspect });
    this.#batch.add(message);
    this.#batchBytes += message.payload.length;
    if (this.#batchBytes >= BATCH_BYTES) this.#batch.flush();
  }

  /** Stops or resumes reading, as back-pressure on the hub. */
  setReading(isReading: boolean): void {
    this.#pump.setReading(isReading);
  }

  get queuedBytes(): number {
    return this.#pump.queuedBytes;
  }

  get recorder(): FlightRecorder {
    return this.#plan.recorder;
  }

  get client(): HubClient {
    return this.#plan.client;
  }

  /** True while the hub is connected, and while the connection is renewed: a renewal is no outage. */
  get isUp(): boolean {
    return this.client.state === 'online' || this.#isRenewing;
  }

  get #isRenewing(): boolean {
    return this.#renewal?.isRenewing === true;
  }

  /** State of the connection for reports, in addition to the client's own state. */
  get status(): {
    readonly changedAtMs: number | undefined;
    readonly problem: string | undefined;
    readonly problemStage: 'no connection' | 'before CONNACK' | 'accepted' | undefined;
    /** CONNACK that rejected the last attempt. */
    readonly refusal: { readonly code: number; readonly reason: string; readonly remedy: string } | undefined;
    readonly attempts: number;
    /** Problem of the last try to renew the password; the connection goes on with the present one. */
    readonly renewalTrouble: RenewalTrouble | undefined;
    /** Renewals of the password; `undefined`: off. */
    readonly renewals: Readonly<RenewalCounts> | undefined;
  } {
    return {
      changedAtMs: this.#changedAtMs,
      problem: this.#problem,
      problemStage: this.#stage,
      refusal: this.#refusal,
      attempts: this.#attempts,
      renewalTrouble: this.#renewal?.trouble,
      renewals: this.#renewal && this.#renewals,
    };
  }

  #contain(input: HubInput, error: unknown): readonly HubAction[] {
    const { recorder, client } = this.#plan;
    this.#options.setAside.note(recorder.subject.name, input, error);
    recorder.renew();
    return client.abort('the gateway failed on this connection');
  }

  #act(report: HubClientReport): void {
    const { hubSender } = this.#options;
    if (isFromHub(report)) hubSender.onReceived(report.kind !== 'message');
    const message = messageIn(report);
    if (message === undefined) return this.#handle(report);
    this.#options.underWay.handle(
      message,
      () => this.#handle(report),
      () => this.#setAside(report),
    );
  }

  #setAside(report: HubClientReport): void {
    const { downlink, watch } = this.#options;
    if (report.kind === 'message') {
      watch.message(report.message.qos, report.dup);
      downlink.setAside(report.message, report);
    } else if (report.kind === 'oversize' || report.kind === 'invalid' || report.kind === 'failed') {
      watch.message(report.qos, report.dup);
      downlink.setAside({ topic: report.topic, payload: NOTHING, qos: report.qos }, report);
    }
  }

  #handle(report: HubClientReport): void {
    const { hubSender, subscriptions } = this.#options;
    switch (report.kind) {
      case 'online':
        return this.#online(report.sessionPresent);
      case 'offline':
        return this.#offline(report);
      case 'refused':
        this.#refusal = report;
        this.#options.facts.emit('hubRefused', { reason: report.reason, remedy: report.remedy });
        return;
      case 'takenOver':
        this.#options.facts.emit('hubTakenOver', { times: report.times });
        return this.#options.watch.takenOver();
      case 'noConnack':
        this.#options.facts.emit('hubSilent', { peer: this.#plan.peer, forMs: report.forMs });
        return;
      case 'probed':
        return hubSender.probed();
      case 'alive':
        return hubSender.alive();
      case 'acknowledged':
        return hubSender.acknowledged(report.packetIds);
      case 'message':
        return this.#message(report);
      case 'oversize':
        this.#options.watch.message(report.qos, report.dup);
        return this.#options.downlink.oversize(report);
      case 'invalid':
        this.#options.watch.message(report.qos, report.dup);
        return this.#options.downlink.invalid(report);
      case 'failed': {
        this.#options.setAside.note(this.recorder.subject.name, report, new Error(report.why));
        return this.#setAside(report);
      }
      case 'unsendable': {
        this.#options.setAside.note(this.recorder.subject.name, report, new Error(report.why));
        if (report.packetId !== undefined) hubSender.setAside(report.packetId, report.why);
        return;
      }
      case 'subscribed':
        return subscriptions.answered(report);
      case 'unsubscribed':
        return subscriptions.unsubscribed(report.filter);
      case 'unanswered':
        return subscriptions.unanswered(report.request, report.filter);
      default:
        report satisfies never;
    }
  }

  #online(sessionPresent: boolean): void {
    const { hubSender, downlink, subscriptions, watch, facts, clock } = this.#options;
    const isRenewal = this.#isRenewing;
    this.#isOnline = true;
    this.#refusal = undefined;
    if (!isRenewal) {
      this.#changedAtMs = clock.nowMs();
      this.#attempts += 1;
      facts.emit('hubConnected', { sessionPresent, backlog: hubSender.pending });
    }
    this.#renewal?.connected();
    watch.connected(sessionPresent, isRenewal);
    if (this.client.takeovers(clock.nowMs()).times > 0) watch.takenOver();
    downlink.hubConnected(sessionPresent);
    subscriptions.connected(sessionPresent);
    hubSender.connected(sessionPresent, isRenewal);
  }

  #offline({ reason, ended, stage }: Extract<HubClientReport, { kind: 'offline' }>): void {
    const { facts, clock } = this.#options;
    if (ended === 'for renewal') return this.#left(ended);
    const isNews = reason !== this.#problem;
    this.#problem = reason;
    this.#stage = stage;
    if (reason !== this.#refusal?.reason) this.#refusal = undefined; // this attempt failed for another reason
    const leftAtMs = this.#isRenewing ? this.#renewal?.leftAtMs : undefined;
    this.#renewal?.disconnected();
    if (!this.#isOnline) {
      this.#attempts += 1;
      if (leftAtMs !== undefined) this.#lost(leftAtMs, reason);
      else if (isNews) facts.emit('hubUnreachable', { reason });
      return;
    }
    this.#left(ended);
    this.#lost(clock.nowMs(), reason);
  }

  /** Informs the flows of the end of an accepted connection. */
  #left(ended: Ended): void {
    const { hubSender, downlink, subscriptions, watch, flushHeld } = this.#options;
    this.#isOnline = false;
    watch.disconnected();
    downlink.hubLost();
    hubSender.disconnected(ended);
    subscriptions.disconnected();
    flushHeld();
  }

  /** An outage has begun. */
  #lost(sinceMs: number, reason: string): void {
    this.#changedAtMs = sinceMs;
    this.#options.facts.emit('hubLost', { reason });
  }

  #message(report: Extract<HubClientReport, { kind: 'message' }>): void {
    const { services, watch, downlink, hubSender, clock } = this.#options;
    const { message, dup, retained, packetId } = report;
    if (!retained) watch.message(message.qos, dup); // a retained message answers a SUBSCRIBE and was not stored for us
    if (!services.owns(message.topic)) {
      downlink.arrived(message, { dup, retained, packetId });
      return;
    }
    if (!downlink.consumed(message, dup, packetId)) return;
    const received = { ...message, ...retaining(retained) };
    for (const report of services.onReceived(received, clock.nowMs())) this.#note(report);
    hubSender.send();
  }

  #note(report: HubServiceEvent): void {
    switch (report.kind) {
      case 'notice':
        this.#options.facts.emit('hubAnswered', { sentence: report.sentence });
        return;
      case 'time':
        return this.#options.wallClock.onTime(report);
      case 'remoteCommand':
      case 'remoteRejected':
      case 'configuration':
      case 'configurationRejected':
        return this.#options.onRemote(report);
      case 'binding':
      case 'announced':
      case 'answered':
      case 'described':
        return this.#options.handle(report);
    }
  }
}
