/** Hub end of the flows: the client machine on its pump, and the reactions to its reports. */
import type { Facts } from '../base/events.ts';
import type { ChannelAction } from '../base/machine.ts';
import { retaining } from '../base/message.ts';
import type { HubClient } from '../hub/client/hub-client.ts';
import type { HubAction, HubInput, HubPublish } from '../hub/client/hub-contract.ts';
import type { BindingReport, HubServiceEvent, HubServices } from '../hub/gateway/hub-service.ts';
import type { Clock, OpenChannel } from '../ports.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Pump } from '../runtime/pump.ts';
import { TaskBatch } from '../runtime/task-batch.ts';
import type { DownlinkFlow } from './downlink.ts';
import type { HubSender } from './hub-sender.ts';
import type { HubSessionMonitor } from './hub-session-monitor.ts';
import type { RemoteReport } from './remote-commands.ts';
import type { SetAside } from './set-aside.ts';
import type { HubSubscriptions } from './subscriptions.ts';
import type { MessageOnItsWay, UnderWay } from './under-way.ts';
import type { WallClock } from './wall-clock.ts';

/** Client of one hub with its recorder. */
export interface HubPlan {
  readonly client: HubClient;
  readonly recorder: FlightRecorder;
  /** `host:port` of the hub. */
  readonly peer: string;
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

type Report = Exclude<HubAction, ChannelAction>;

/** Reports that are not caused by a packet of the hub. */
const NOT_FROM_HUB: ReadonlySet<Report['kind']> = new Set([
  'offline',
  'takenOver',
  'noConnack',
  'probed',
  'unanswered',
  'unsendable',
]);

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
  #stage: Extract<Report, { kind: 'offline' }>['stage'] | undefined;
  #refusal: Extract<Report, { kind: 'refused' }> | undefined;
  #attempts = 0;

  constructor(options: HubConnectionOptions) {
    this.#options = options;
    this.#plan = options;
    this.#pump = this.#newPump(options);
    this.#batch = new TaskBatch(options.mailbox, (messages) => {
      this.#batchBytes = 0;
      this.#pump.input({ kind: 'publish', messages });
    });
  }

  start(): void {
    if (!this.#options.isHeld()) this.#pump.input({ kind: 'start' });
  }

  stop(): void {
    this.command({ kind: 'stop' });
  }

  /** Disconnects and connects no more until `replace` and `start`. `done` is called when the connection is closed. */
  disconnect(reason: string, done: () => void): void {
    this.command({ kind: 'leave', reason, disconnects: true });
    this.command({ kind: 'stop' });
    this.#pump.afterClose(done);
  }

  /** Replaces the client after `disconnect`. */
  replace(plan: HubPlan): void {
    this.#plan = plan;
    this.#pump = this.#newPump(plan);
    this.#refusal = undefined;
  }

  #newPump({ client, recorder }: HubPlan): Pump<HubInput, HubAction> {
    const { open, clock, mailbox } = this.#options;
    return new Pump<HubInput, HubAction>({
      machine: client,
      recorder,
      open,
      clock,
      mailbox,
      act: (report: Report) => this.#act(report),
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

  /** State of the connection for reports, in addition to the client's own state. */
  get status(): {
    readonly changedAtMs: number | undefined;
    readonly problem: string | undefined;
    readonly problemStage: 'no connection' | 'before CONNACK' | 'accepted' | undefined;
    /** CONNACK that rejected the last attempt. */
    readonly refusal: { readonly code: number; readonly reason: string; readonly remedy: string } | undefined;
    readonly attempts: number;
  } {
    return {
      changedAtMs: this.#changedAtMs,
      problem: this.#problem,
      problemStage: this.#stage,
      refusal: this.#refusal,
      attempts: this.#attempts,
    };
  }

  #contain(input: HubInput, error: unknown): readonly HubAction[] {
    const { recorder, client } = this.#plan;
    this.#options.setAside.note(recorder.subject.name, input, error);
    recorder.renew();
    return client.abort('the gateway failed on this connection');
  }

  #act(report: Report): void {
    const { hubSender } = this.#options;
    if (!NOT_FROM_HUB.has(report.kind)) hubSender.onReceived(report.kind !== 'message');
    const message = messageIn(report);
    if (message === undefined) return this.#handle(report);
    this.#options.underWay.handle(
      message,
      () => this.#handle(report),
      () => this.#setAside(report),
    );
  }

  #setAside(report: Report): void {
    const { downlink, watch } = this.#options;
    if (report.kind === 'message') {
      watch.message(report.message.qos, report.dup);
      downlink.setAside(report.message, report);
    } else if (report.kind === 'oversize' || report.kind === 'invalid' || report.kind === 'failed') {
      watch.message(report.qos, report.dup);
      downlink.setAside({ topic: report.topic, payload: NOTHING, qos: report.qos }, report);
    }
  }

  #handle(report: Report): void {
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
    this.#isOnline = true;
    this.#changedAtMs = clock.nowMs();
    this.#refusal = undefined;
    this.#attempts += 1;
    facts.emit('hubConnected', { sessionPresent, backlog: hubSender.pending });
    watch.connected(sessionPresent);
    if (this.client.takeovers(clock.nowMs()).times > 0) watch.takenOver();
    downlink.hubConnected(sessionPresent);
    subscriptions.connected(sessionPresent);
    hubSender.connected(sessionPresent);
  }

  #offline({ reason, ended, stage }: Extract<Report, { kind: 'offline' }>): void {
    const { hubSender, downlink, subscriptions, watch, facts, clock, flushHeld } = this.#options;
    const isNews = reason !== this.#problem;
    this.#problem = reason;
    this.#stage = stage;
    if (!this.#isOnline) {
      this.#attempts += 1;
      if (isNews) facts.emit('hubUnreachable', { reason });
      return;
    }
    this.#isOnline = false;
    this.#changedAtMs = clock.nowMs();
    watch.disconnected();
    downlink.hubLost();
    hubSender.disconnected(ended);
    subscriptions.disconnected();
    flushHeld();
    facts.emit('hubLost', { reason });
  }

  #message(report: Extract<Report, { kind: 'message' }>): void {
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
        return this.#options.onRemote(report);
      case 'binding':
      case 'announced':
      case 'answered':
      case 'described':
        return this.#options.handle(report);
    }
  }
}

/** Returns the message of a report. `undefined`: the report has none, or one that the hub need not send again. */
function messageIn(report: Report): MessageOnItsWay | undefined {
  switch (report.kind) {
    case 'message':
      return { way: 'arrival', whose: '', topic: report.message.topic, payload: report.message.payload };
    case 'oversize':
    case 'invalid':
    case 'failed':
      return { way: 'arrival', whose: '', topic: report.topic };
    case 'subscribed':
    case 'unsubscribed':
    case 'unanswered':
      return { way: 'answer', whose: report.kind, topic: report.filter };
    default:
      return undefined;
  }
}
