/**
 * Composition root: builds the stations and the flows from the ports, starts them, drains and stops them. No other file
 * knows all stations and flows. This file makes no decision about a message. The operating system is outside
 * (`daemon.ts`), so the simulation builds the same gateway with virtual parts.
 */
import type { Direction } from '../base/message.ts';
import { SessionChanges } from '../commit/session-changes.ts';
import type { Config } from '../config/schema.ts';
import type { StoreOpening } from '../custody/row.ts';
import type { SafeUplink } from '../driver/driver.ts';
import type { Availability } from '../flow/availability.ts';
import { BacklogControl } from '../flow/backlog-control.ts';
import { DeadLetters } from '../flow/dead-letters.ts';
import { DownlinkFlow } from '../flow/downlink.ts';
import { FilterRequests } from '../flow/filter-requests.ts';
import type { FirmwareFlow } from '../flow/firmware-updates.ts';
import { HubConnection } from '../flow/hub-connection.ts';
import { HubSender } from '../flow/hub-sender.ts';
import { HubSessionMonitor } from '../flow/hub-session-monitor.ts';
import { Intake, noteShed } from '../flow/intake.ts';
import { LinkCare } from '../flow/link-care.ts';
import { type LinkCommand, Links } from '../flow/links.ts';
import { MessageDrops } from '../flow/message-drops.ts';
import { OperatorHolds } from '../flow/operator-holds.ts';
import { OwnDocuments } from '../flow/own-documents.ts';
import type { OwnMessages } from '../flow/own-messages.ts';
import { Pager } from '../flow/pager.ts';
import { Presence } from '../flow/presence.ts';
import { RemoteControl } from '../flow/remote-control.ts';
import { passOn, type ReportedTo } from '../flow/reports.ts';
import { SessionRequests } from '../flow/session-requests.ts';
import { SetAside } from '../flow/set-aside.ts';
import { Sleepers } from '../flow/sleepers.ts';
import { StoreOwner } from '../flow/store-owner.ts';
import { BindingFlow } from '../flow/subdevice-bindings.ts';
import { HubSubscriptions } from '../flow/subscriptions.ts';
import type { Telemetry } from '../flow/telemetry.ts';
import { TestMessages } from '../flow/test-messages.ts';
import { UnderWay } from '../flow/under-way.ts';
import { UplinkFlow } from '../flow/uplink.ts';
import { Wills } from '../flow/wills.ts';
import type { HubInput } from '../hub/client/hub-contract.ts';
import { firstDialAtMs } from '../hub/client/reconnect-policy.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Store } from '../ports.ts';
import { Housekeeping } from '../runtime/housekeeping.ts';
import type { Inbox } from '../subdevices/inbox.ts';
import { DeviceNotes } from './device-notes.ts';
import { firmwareFlow } from './firmware-flow.ts';
import { GatewayDocuments } from './gateway-documents.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { hubPacketBytesMax, planHub, planLinks } from './machines.ts';
import { RunningConfig } from './running-config.ts';
import { Stations } from './stations.ts';
import { acknowledgedOrLate, leftOrLate } from './stop-grace.ts';

export class Gateway {
  readonly parts: GatewayParts;
  readonly running: RunningConfig;
  readonly stations: Stations;
  readonly store: Store;
  readonly subscriptions: HubSubscriptions;
  readonly hubSender: HubSender;
  readonly documents: GatewayDocuments;
  readonly watch: HubSessionMonitor;
  readonly uplink: UplinkFlow;
  /** Firmware updates of subdevices; `undefined`: off. */
  readonly firmware: FirmwareFlow | undefined;
  readonly deadLetters: DeadLetters;
  readonly backlog: BacklogControl;
  readonly operatorHolds: OperatorHolds;
  readonly messageDrops: MessageDrops;
  readonly testMessages: TestMessages;
  /** Commands and configurations of the hub for the gateway itself. */
  readonly remote: RemoteControl;
  readonly hub: HubConnection;
  readonly links: Links;
  readonly deviceNotes: DeviceNotes;
  /** Inputs on which a machine threw an error. */
  readonly setAside: SetAside;
  readonly underWay: UnderWay;
  readonly intake: Intake;
  readonly owner: StoreOwner;
  /** `undefined`: the hub has no gateway operations. */
  readonly bindings: BindingFlow | undefined;
  readonly presence: Presence;
  readonly requests: SessionRequests;
  readonly #ownMessages: OwnMessages;
  readonly #wills: Wills;
  readonly #downlink: DownlinkFlow;
  readonly #pagers: readonly Pager[];
  readonly #housekeeping: Housekeeping;
  readonly #care: LinkCare;
  /** True from the beginning of a stop. */
  isStopping = false;
  /** Bytes that the history has written to the medium since the start. */
  historyBytes = 0;

  constructor(parts: GatewayParts, store: Store, opening: StoreOpening) {
    const { config, clock, facts, mailbox } = parts;
    const intake = new Intake(clock, facts, (link) => this.links.framesIn(link));
    this.running = new RunningConfig(config);
    const { running } = this;
    const stations = new Stations({
      ...parts,
      opening,
      running,
      shed: (direction, lane, reason, topic) =>
        noteShed(intake, { direction, subdevice: registry.byLane(lane)?.id, reason, topic }, this.#ownMessages),
    });
    const { committer, outbox, inbox, uplinks, downlinks, operations, services, registry, session, stamp } = stations;
    this.setAside = new SetAside(facts);
    this.underWay = new UnderWay(this.setAside, parts.marks ?? []);
    const { setAside, underWay } = this;
    this.parts = parts;
    this.store = store;
    this.stations = stations;
    this.intake = intake;

    const paging = { mailbox, isPaused: () => committer.isOverloaded };
    const uplinkPager = new Pager({ ...paging, custodian: uplinks, loaded: (...page) => this.#uplinksLoaded(...page) });
    const downlinkPager = new Pager({
      ...paging,
      custodian: downlinks,
      loaded: (...page) => this.#downlinksLoaded(...page),
    });
    this.#pagers = [uplinkPager, downlinkPager];
    const stationsAndPorts = {
      underWay,
      clock,
      mailbox,
      facts,
      registry,
      outbox,
      inbox,
      committer,
      operations,
      services,
      session,
      stamp,
      intake,
      wallClock: stations.wallClock,
      filters: new FilterRequests(outbox.poison),
      hubLimits: config.hub,
      commitMs: config.outbox.commitMs,
      isHeld: () => this.owner.isHeld,
      topicsOf: running.topicsOf,
      nameOf: running.nameOf,
      sharedTopics: running.sharedTopics,
      // the connection and the links are built last, because they report to the flows
      commandHub: (command: HubInput) => this.hub.command(command),
      commandLink: (link: string, command: LinkCommand) => this.links.command(link, command),
      acknowledge: (link: string, uplink: SafeUplink) => this.links.acknowledge(link, uplink),
    };
    const held = { ...stationsAndPorts, release: () => this.#release() };
    this.owner = new StoreOwner(held, opening.machine, parts.readMachine?.());
    const sessions = new SessionChanges(stationsAndPorts);
    const { topicMemory, version } = parts;
    const due = (): void => this.hubSender.sendSoon();
    this.documents = new GatewayDocuments({ clock, registry, running, topicMemory, version, due });
    this.hubSender = new HubSender({
      ...stationsAndPorts,
      custodian: uplinks,
      pager: uplinkPager,
      publish: (message, isSuspect) => this.hub.publish(message, isSuspect),
      acknowledge: () => this.#downlink.acknowledge(),
      queuedBytes: () => this.hub.queuedBytes,
      isExpired: stations.expiry(config.outbox.ageHoursMax),
      isRetainServed: config.hub.retain,
      documents: new OwnDocuments(this.documents.sources, outbox.poison),
    });
    const shared = { ...stationsAndPorts, hubSender: this.hubSender, send: () => this.hubSender.send() };
    this.uplink = new UplinkFlow({
      ...shared,
      alarmTopics: stations.alarmTopics,
      termsOf: running.termsOf,
      willTerms: () => running.config.outbox,
    });
    this.#wills = new Wills({ ...shared, sessions, uplink: this.uplink }, opening.wills);
    this.deadLetters = new DeadLetters({
      ...shared,
      store,
      custodian: uplinks,
      alarmTopics: stations.alarmTopics,
    });
    this.backlog = new BacklogControl({ ...shared, age: (stamp) => stations.age(stamp) }, opening.backlogLimits);
    this.subscriptions = new HubSubscriptions({ ...shared, subscriptionsMax: config.hub.subscriptionsMax });
    const { firmware, ownMessages } = firmwareFlow(parts, running, {
      ...shared,
      sessions,
      progress: this.documents.progress,
      uplink: this.uplink,
      subscriptions: this.subscriptions,
      deliver: (lane) => this.#downlink.deliver(lane),
    });
    this.firmware = firmware;
    this.#ownMessages = ownMessages;
    this.#downlink = new DownlinkFlow({
      ...shared,
      ownMessages,
      pager: downlinkPager,
      isExpired: stations.expiry(config.inbox.ageHoursMax),
      retainedCommands: stations.retainedCommands,
      configuredIds: running.configuredIds,
      acceptsUnknown: config.gateway.acceptUnknownSubdevices,
      packetBytesMax: hubPacketBytesMax(config),
      poison: outbox.poison,
      addLazy: (change) => committer.addLazy(change),
      unstoredBytes: () => downlinks.unstoredBytes,
      setReading: (isReading) => this.hub.setReading(isReading),
    });
    const queues = {
      ...shared,
      store,
      custodian: (direction: Direction) => stations.custodian(direction),
      resume: (direction: Direction) => this.#resume(direction),
    };
    this.operatorHolds = new OperatorHolds(queues);
    this.messageDrops = new MessageDrops(queues);
    this.testMessages = new TestMessages({
      ...shared,
      sessions,
      uplink: this.uplink,
      downlink: this.#downlink,
      uplinks,
      downlinks,
      linkOf: running.linkOf,
    });
    this.requests = new SessionRequests({
      ...shared,
      sessions,
      subscriptions: this.subscriptions,
      filtersOf: running.filtersOf,
    });
    this.presence = new Presence({
      ...shared,
      sessions,
      wills: this.#wills,
      uplink: this.uplink,
      downlink: this.#downlink,
      subscriptions: this.subscriptions,
      identityOf: running.identityOf,
      isAllowed: running.isAllowed,
      isConfigured: running.isConfigured,
      presenceChanged: (id) => this.documents.presenceChanged(id),
    });
    this.bindings =
      operations &&
      new BindingFlow({ ...shared, operations, subscriptions: this.subscriptions, ownerOf: running.ownerOf });
    this.watch = new HubSessionMonitor({
      ...shared,
      tracker: stations.sessionTracker,
      epochs: () => stations.wallClock.epochs,
      resyncTopic: config.hub.resyncTopic,
    });
    const { remoteRequests: requests, remoteConfiguration: configuration } = stations;
    this.remote = new RemoteControl({ ...shared, requests, configuration });
    this.hub = new HubConnection({
      ...shared,
      ...planHub(parts, stations, firstDialAtMs(stations.opening, config.hub, parts.random)),
      setAside,
      open: parts.openHub,
      downlink: this.#downlink,
      subscriptions: this.subscriptions,
      handle: (report) => this.bindings?.handle(report),
      onRemote: (report) => this.remote.handle(report),
      watch: this.watch,
      flushHeld: () => committer.flushHeld('uplink', clock.nowMs() + config.outbox.commitMs),
    });
    const reportedTo: ReportedTo = {
      underWay,
      intake,
      command: shared.commandLink,
      presence: this.presence,
      requests: this.requests,
      wills: this.#wills,
      uplink: this.uplink,
      downlink: this.#downlink,
      firmware,
      sleepers: new Sleepers({ ...shared, wills: this.#wills, downlink: this.#downlink }),
    };
    this.deviceNotes = new DeviceNotes(parts.noteFile, stations, (problem) =>
      facts.emit('deviceNotesJudged', { problem }),
    );
    this.links = new Links(
      { clock, mailbox, facts, setAside, report: (link, report) => passOn(reportedTo, link, report) },
      planLinks(parts, { known: stations.registry.all(), notes: this.deviceNotes }, config.links),
    );
    this.#care = new LinkCare({ clock, mailbox, facts, links: this.links });
    this.#housekeeping = new Housekeeping(clock, mailbox, () => {
      stations.wallClock.look();
      this.backlog.look();
      this.hubSender.expire();
      this.#downlink.expire();
      this.#downlink.retainedMarks.look();
      this.deviceNotes.look(this.links.states());
      ownMessages.look();
    });
  }

  /** Configuration that the gateway runs with. */
  get config(): Config {
    return this.running.config;
  }

  /** Health telemetry; `undefined`: off. */
  get telemetry(): Telemetry | undefined {
    return this.documents.telemetry;
  }

  /** Retained states of the gateway and of the subdevices; `undefined`: off. */
  get availability(): Availability | undefined {
    return this.documents.availability;
  }

  start(): void {
    const { committer, uplinks, downlinks, opening, wallClock } = this.stations;
    const { facts } = this.parts;
    this.parts.mailbox.post(() => {
      committer.attach(this.store);
      for (const sentence of opening.recovery) facts.emit('storeRecovered', { sentence });
      wallClock.look();
      this.backlog.look();
      this.presence.forgetEndedSessions();
      this.requests.forgetUnreceivable();
      this.#wills.start();
      for (const pager of this.#pagers) pager.attach(this.store);
      this.documents.look();
      this.owner.start();
      this.#ownMessages.start();
      this.hub.start();
      this.links.start();
      this.#housekeeping.start();
      this.#care.start();
      facts.emit('gatewayStarted', { recovered: uplinks.pending + downlinks.pending });
    });
  }

  /** Stops the links, waits for messages in flight, and commits the rest. Resolves when the store is closed. */
  async stop(reason: string): Promise<void> {
    const { mailbox, facts, clock } = this.parts;
    const { outbox, committer } = this.stations;
    mailbox.post(() => {
      this.isStopping = true;
      facts.emit('gatewayStopping', { reason });
      this.#housekeeping.stop();
      this.#care.stop();
      this.#ownMessages.stop();
      this.links.stop();
      this.hub.cancelRenewal();
    });
    await acknowledgedOrLate(outbox, clock);
    const hasLeft = await leftOrLate(this);
    mailbox.post(() => {
      this.#downlink.retainedMarks.save();
      this.hub.stop('the gateway stops', hasLeft);
    });
    await new Promise<void>((resolve) => mailbox.post(() => void committer.drain().then(resolve)));
    await this.deviceNotes.close(this.links.states());
    await this.store.close();
  }

  /** Gives each present subdevice its next downlink. */
  deliverAll(): void {
    this.#downlink.deliverAll();
  }

  /** Handles the receipt of a commit. @param historyBytes bytes that the history has written since the start */
  committed(batch: number, historyBytes = 0): void {
    this.historyBytes = historyBytes;
    this.stations.committer.committed(batch);
    for (const pager of this.#pagers) pager.turn(); // deletes may have waited for this commit
  }

  /** Begins the work that waited for the decision about a copied store. */
  #release(): void {
    this.hub.start();
    this.deliverAll();
  }

  /** Loads and sends the messages that an operator has released. */
  #resume(direction: Direction): void {
    for (const pager of this.#pagers) pager.turn();
    if (direction === 'downlink') return this.deliverAll();
    this.stations.outbox.released();
    this.hubSender.send();
  }

  #uplinksLoaded(...page: Parameters<Outbox['loaded']>): void {
    this.stations.outbox.loaded(...page);
    this.hubSender.send();
  }

  #downlinksLoaded(...page: Parameters<Inbox['loaded']>): void {
    this.stations.inbox.loaded(...page);
    this.#downlink.loaded();
  }
}
