/**
 * Composition root: builds the stations and the flows from the ports, starts them, drains and stops them. No other file
 * knows all stations and flows. This file makes no decision about a message. The operating system is outside
 * (`daemon.ts`), so the simulation builds the same gateway with virtual parts.
 */
import type { Facts } from '../base/events.ts';
import type { MachineEvidence } from '../base/machine-identity.ts';
import type { Direction } from '../base/message.ts';
import type { MessageMark } from '../base/message-mark.ts';
import type { Random } from '../base/random.ts';
import { SessionChanges } from '../commit/session-changes.ts';
import type { Config, LinkConfig } from '../config/schema.ts';
import type { StoreOpening } from '../custody/row.ts';
import { BacklogControl } from '../flow/backlog-control.ts';
import { DeadLetters } from '../flow/dead-letters.ts';
import { DownlinkFlow } from '../flow/downlink.ts';
import { FilterRequests } from '../flow/filter-requests.ts';
import { HubConnection } from '../flow/hub-connection.ts';
import { HubSender } from '../flow/hub-sender.ts';
import { HubSessionMonitor } from '../flow/hub-session-monitor.ts';
import { Intake, noteShed } from '../flow/intake.ts';
import { LinkCare } from '../flow/link-care.ts';
import { type LinkCommand, Links } from '../flow/links.ts';
import { MessageDrops } from '../flow/message-drops.ts';
import { OperatorHolds } from '../flow/operator-holds.ts';
import { Pager } from '../flow/pager.ts';
import { Presence } from '../flow/presence.ts';
import { RemoteCommands } from '../flow/remote-commands.ts';
import { passOn, type ReportedTo } from '../flow/reports.ts';
import { SessionRequests } from '../flow/session-requests.ts';
import { SetAside } from '../flow/set-aside.ts';
import { Sleepers } from '../flow/sleepers.ts';
import { StoreOwner } from '../flow/store-owner.ts';
import { BindingFlow } from '../flow/subdevice-bindings.ts';
import { HubSubscriptions } from '../flow/subscriptions.ts';
import { Telemetry } from '../flow/telemetry.ts';
import { TestMessages } from '../flow/test-messages.ts';
import { UnderWay } from '../flow/under-way.ts';
import { UplinkFlow } from '../flow/uplink.ts';
import { Wills } from '../flow/wills.ts';
import type { Credentials } from '../hub/client/credentials.ts';
import type { HubInput } from '../hub/client/hub-contract.ts';
import { firstDialAtMs } from '../hub/client/reconnect-policy.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock, OpenChannel, OpenStore, PortCare, Store, StoreListener, TimeService } from '../ports.ts';
import { Housekeeping } from '../runtime/housekeeping.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { Inbox } from '../subdevices/inbox.ts';
import { hubPacketBytesMax, planHub, planLinks } from './machines.ts';
import { RunningConfig } from './running-config.ts';
import { Stations } from './stations.ts';
import { acknowledgedOrLate } from './stop-grace.ts';

export interface GatewayParts {
  /** Configuration at the start; `Gateway.config` is the present one. */
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly facts: Facts;
  readonly mailbox: Mailbox;
  readonly openStore: OpenStore;
  readonly openHub: OpenChannel;
  readonly openLink: (link: LinkConfig) => OpenChannel;
  /** Recovery steps for the port of a link. If `careOf` is absent, no recovery step runs. */
  readonly careOf?: (link: LinkConfig) => PortCare;
  /** Reports when the wall clock was synchronised. Without it the clock is never trusted. */
  readonly timeService?: TimeService | undefined;
  /** Version of the program, for the firmware report at the hub. */
  readonly version?: string | undefined;
  /** Device secrets of subdevices, by id. Used for `bind`. */
  readonly subdeviceSecrets?: ReadonlyMap<string, string> | undefined;
  /** Called for every CONNECT, with the Unix time in ms, if known. */
  readonly credentials: (wallMs: number | undefined) => Credentials;
  /** Reads the evidence of this machine, once the store exists. Absent: the owner of the store is not checked. */
  readonly readMachine?: (() => MachineEvidence) | undefined;
  /** Monotonic ms since which the previous process is known not to have spoken to the hub; absent: unknown. */
  readonly silentSinceMs?: number | undefined;
  /** Messages on which an earlier process ended. */
  readonly marks?: readonly MessageMark[];
  readonly unstoredBytesMax?: number; // in RAM (`stations.ts`); set in tests only
  /** Called when the storage cannot be trusted. The caller must end the process; nothing is acknowledged any more. */
  readonly onStoreFailed: StoreListener['failed'];
}

/** Opens the store and builds everything on it. Rejects with a Fault. Nothing runs before `start`. */
export async function openGateway(parts: GatewayParts): Promise<Gateway> {
  const { mailbox } = parts;
  const receipts: { gateway?: Gateway } = {};
  const { store, opening } = await parts.openStore({
    committed: (batch, historyBytes) => mailbox.post(() => receipts.gateway?.committed(batch, historyBytes)),
    full: (batch) => mailbox.post(() => receipts.gateway?.stations.committer.full(batch)),
    failed: parts.onStoreFailed,
  });
  const gateway = new Gateway(parts, store, opening);
  receipts.gateway = gateway;
  return gateway;
}

export class Gateway {
  readonly parts: GatewayParts;
  readonly running: RunningConfig;
  readonly stations: Stations;
  readonly store: Store;
  readonly subscriptions: HubSubscriptions;
  readonly hubSender: HubSender;
  /** Health telemetry; `undefined`: off. */
  readonly telemetry: Telemetry | undefined;
  readonly watch: HubSessionMonitor;
  readonly uplink: UplinkFlow;
  readonly deadLetters: DeadLetters;
  readonly backlog: BacklogControl;
  readonly operatorHolds: OperatorHolds;
  readonly messageDrops: MessageDrops;
  readonly testMessages: TestMessages;
  /** Commands of the hub to the gateway itself; `undefined`: off. */
  readonly remote: RemoteCommands | undefined;
  readonly hub: HubConnection;
  readonly links: Links;
  /** Inputs on which a machine threw an error. */
  readonly setAside: SetAside;
  readonly underWay: UnderWay;
  readonly intake: Intake;
  readonly owner: StoreOwner;
  /** `undefined`: the hub has no gateway operations. */
  readonly bindings: BindingFlow | undefined;
  readonly presence: Presence;
  readonly requests: SessionRequests;
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
    const stations = new Stations({
      ...parts,
      opening,
      shed: (direction, lane, reason, topic) =>
        noteShed(intake, { direction, subdevice: registry.byLane(lane)?.id, reason, topic }),
    });
    const { committer, outbox, inbox, uplinks, downlinks, operations, services, registry, session, stamp } = stations;
    const setAside = new SetAside(facts);
    this.setAside = setAside;
    const underWay = new UnderWay(setAside, parts.marks ?? []);
    this.underWay = underWay;
    this.parts = parts;
    this.running = new RunningConfig(config);
    const { running } = this;
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
      // the connection and the links are built last, because they report to the flows
      commandHub: (command: HubInput) => this.hub.command(command),
      commandLink: (link: string, command: LinkCommand) => this.links.command(link, command),
    };
    const release = (): void => this.#release();
    this.owner = new StoreOwner({ ...stationsAndPorts, release }, opening.machine, parts.readMachine?.());
    const sessions = new SessionChanges(stationsAndPorts);
    this.telemetry = config.telemetry && new Telemetry(config.telemetry);
    this.hubSender = new HubSender({
      ...stationsAndPorts,
      custodian: uplinks,
      pager: uplinkPager,
      publish: (message, isSuspect) => this.hub.publish(message, isSuspect),
      acknowledge: () => this.#downlink.acknowledge(),
      queuedBytes: () => this.hub.queuedBytes,
      isExpired: stations.expiry(config.outbox.ageHoursMax),
      isRetainServed: config.hub.retain,
      telemetry: this.telemetry,
    });
    const shared = { ...stationsAndPorts, hubSender: this.hubSender, send: () => this.hubSender.send() };
    this.uplink = new UplinkFlow({
      ...shared,
      acknowledge: (link, uplink) => this.links.acknowledge(link, uplink),
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
    this.#downlink = new DownlinkFlow({
      ...shared,
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
    this.subscriptions = new HubSubscriptions({ ...shared, subscriptionsMax: config.hub.subscriptionsMax });
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
    });
    this.bindings =
      operations === undefined
        ? undefined
        : new BindingFlow({ ...shared, operations, subscriptions: this.subscriptions, ownerOf: running.ownerOf });
    this.watch = new HubSessionMonitor({
      ...shared,
      tracker: stations.sessionTracker,
      epochs: () => stations.wallClock.epochs,
      resyncTopic: config.hub.resyncTopic,
    });
    const { remoteRequests: requests } = stations;
    this.remote = requests && new RemoteCommands({ ...shared, requests });
    this.hub = new HubConnection({
      ...shared,
      ...planHub(parts, stations, firstDialAtMs(stations.opening, config.hub, parts.random)),
      setAside,
      open: parts.openHub,
      downlink: this.#downlink,
      subscriptions: this.subscriptions,
      handle: (report) => this.bindings?.handle(report),
      onRemote: (report) => this.remote?.handle(report),
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
      sleepers: new Sleepers({ ...shared, wills: this.#wills, downlink: this.#downlink }),
    };
    this.links = new Links(
      { clock, mailbox, facts, setAside, report: (link, report) => passOn(reportedTo, link, report) },
      planLinks(parts, new Set(stations.opening.subdevices.map(({ link }) => link)), config.links),
    );
    this.#care = new LinkCare({ clock, mailbox, facts, links: this.links });
    this.#housekeeping = new Housekeeping(clock, mailbox, () => {
      stations.wallClock.look();
      this.backlog.look();
      this.hubSender.expire();
      this.#downlink.expire();
      this.#downlink.saveOldMarks();
    });
  }

  /** Configuration that the gateway runs with. */
  get config(): Config {
    return this.running.config;
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
      this.owner.start();
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
      this.links.stop();
    });
    await acknowledgedOrLate(outbox, clock);
    mailbox.post(() => {
      this.#downlink.saveMarks();
      this.hub.stop();
    });
    await new Promise<void>((resolve) => mailbox.post(() => void committer.drain().then(resolve)));
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
