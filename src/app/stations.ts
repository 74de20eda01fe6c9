/**
 * Stations of one gateway, built from the configuration and from the opened store. Stations do not know each other;
 * `gateway.ts` connects them by flows.
 */
import { hash } from 'node:crypto';
import type { Facts } from '../base/events.ts';
import { identityKey } from '../base/hub-identity.ts';
import type { Direction } from '../base/message.ts';
import type { Random } from '../base/random.ts';
import { type Age, ageOf, type Stamp } from '../base/time.ts';
import { Committer } from '../commit/committer.ts';
import { LAZY_CHANGES_MAX } from '../commit/segments.ts';
import type { Config } from '../config/schema.ts';
import type { Change } from '../custody/change.ts';
import { Custodian } from '../custody/custodian.ts';
import { EarlierSendings } from '../custody/earlier-sendings.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { StoreOpening } from '../custody/row.ts';
import { AnnouncedUplinks } from '../flow/announced-uplinks.ts';
import { Losses } from '../flow/losses.ts';
import { WallClock } from '../flow/wall-clock.ts';
import { FirmwareReport } from '../hub/gateway/firmware-report.ts';
import { GatewayOperations } from '../hub/gateway/gateway-operations.ts';
import { HubServices } from '../hub/gateway/hub-service.ts';
import { RemoteConfiguration } from '../hub/gateway/remote-configuration.ts';
import { RemoteRequests } from '../hub/gateway/remote-requests.ts';
import { HubTime } from '../hub/session/hub-time.ts';
import { HubSessionState, sessionOwner } from '../hub/session/session-state.ts';
import { HUB_TERMS, HubSessionTracker } from '../hub/session/session-tracker.ts';
import { AlarmTopics } from '../outbox/alarm-topics.ts';
import { Outbox } from '../outbox/outbox.ts';
import { type EnvelopeSettings, OutgoingPayloads } from '../outbox/outgoing-payloads.ts';
import type { Clock, TimeService } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Inbox } from '../subdevices/inbox.ts';
import { type Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import { RetainedCommands } from '../subdevices/retained-commands.ts';
import type { RunningConfig } from './running-config.ts';

/**
 * Largest number of entries in the window of one lane, and of rows of one lane in a page. Enough for the messages in
 * flight of a fast subdevice.
 */
export const WINDOW_MAX = 64;
/**
 * Largest number of rows of a lane that were sent before a crash and are still on disk: those in flight, and those whose
 * deletion waits. The commit that runs may delete as many as wait.
 */
const SENT_ROWS_MAX = WINDOW_MAX + 2 * LAZY_CHANGES_MAX;
/** Largest number of unstored bytes in RAM before subdevices must wait. Large enough for a slow SD card. */
const UNSTORED_BYTES_MAX = 16 * 1024 * 1024;
const HOUR_MS = 3_600_000;

const sha256 = (of: string | Uint8Array): string => hash('sha256', of, 'base64');

export interface StationsOptions {
  /** Time of the part of the same name in `GatewayParts`. */
  readonly silentSinceMs?: number | undefined;
  readonly config: Config;
  /** Lookups in the configuration that the gateway runs with. */
  readonly running: Pick<RunningConfig, 'nameOf' | 'identityOf' | 'ownerOf' | 'isFirmwareReport'>;
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly random: Random;
  /** Device secrets by subdevice id. Used for `bind`. */
  readonly subdeviceSecrets?: ReadonlyMap<string, string> | undefined;
  readonly timeService?: TimeService | undefined;
  /** Version of the program, for the firmware report. Absent: it is not reported. */
  readonly version?: string | undefined;
  readonly opening: StoreOpening;
  /** Replaces `UNSTORED_BYTES_MAX` in tests. */
  readonly unstoredBytesMax?: number | undefined;
  /** Called when a message was shed. */
  readonly shed: (direction: Direction, lane: number, reason: ShedReason, topic: string | undefined) => void;
}

export class Stations {
  readonly opening: StoreOpening;
  readonly committer: Committer;
  readonly uplinks: Custodian;
  readonly downlinks: Custodian;
  readonly outbox: Outbox;
  readonly alarmTopics: AlarmTopics;
  readonly losses: Losses;
  readonly inbox: Inbox;
  readonly retainedCommands: RetainedCommands;
  readonly registry: SubdeviceRegistry;
  readonly session: HubSessionState;
  readonly sessionTracker: HubSessionTracker;
  /** `undefined`: the hub has no gateway operations. */
  readonly operations: GatewayOperations | undefined;
  readonly services: HubServices;
  /** Commands of the hub to the gateway itself; `undefined`: none are allowed. */
  readonly remoteRequests: RemoteRequests | undefined;
  /** Configurations that the hub sends; `undefined`: the hub may not change the configuration. */
  readonly remoteConfiguration: RemoteConfiguration | undefined;
  readonly wallClock: WallClock;
  readonly #clock: Clock;
  /** Device secrets of subdevices by the key of their identity. */
  #secrets: ReadonlyMap<string, string>;

  constructor(options: StationsOptions) {
    const { config, clock, mailbox, facts, timeService, opening, unstoredBytesMax = UNSTORED_BYTES_MAX } = options;
    const { hub, outbox, inbox } = config;
    this.#clock = clock;
    const { identityOf, ownerOf } = options.running;
    this.#secrets = secretsByIdentity(config, options.subdeviceSecrets);
    this.opening = opening;
    this.committer = new Committer({
      clock,
      mailbox,
      stored: (direction, entry) => this.custodian(direction).stored(entry),
      unstored: (direction, entry) => this.custodian(direction).unstored(entry),
      fullChanged: (isFull) => {
        this.outbox.isClosed = isFull;
        facts.emit('storeFull', { isFull });
      },
    });
    this.losses = new Losses(opening.losses, this.committer);
    const addLazy = (change: Change): void => this.committer.addLazy(change);
    const hubTime = hub.credentials.kind === 'device' ? new HubTime(hub.credentials) : undefined;
    const doubted = (nowMs: number): void => hubTime?.ask(nowMs);
    this.wallClock = new WallClock({ clock, facts, timeService, ...opening, addLazy, doubted });
    this.uplinks = this.#newCustodian('uplink', options);
    this.downlinks = this.#newCustodian('downlink', options);
    const limits = { ...outbox, ...hub, sentRowsMax: SENT_ROWS_MAX, unstoredBytesMax };
    this.registry = new SubdeviceRegistry(opening);
    const announced = new AnnouncedUplinks({
      identityOf,
      ownerOf,
      registry: this.registry,
      operations: () => this.operations,
      outbox: () => this.outbox,
    });
    this.outbox = new Outbox(limits, this.uplinks, opening.nextSeq.uplink, this.#newPayloads(options), announced);
    this.alarmTopics = new AlarmTopics({
      configured: outbox.alarmTopics,
      inForce: opening.alarmTopics,
      isEmpty: () => this.uplinks.pending === 0,
      changed: (filters) => this.committer.require([{ kind: 'alarmTopics', filters }], clock.nowMs(), () => undefined),
    });
    this.inbox = new Inbox(
      { ...inbox, commitMs: outbox.commitMs },
      this.downlinks,
      new EarlierSendings(opening.nextSeq.downlink, SENT_ROWS_MAX),
    );
    this.retainedCommands = new RetainedCommands(inbox.retainedCommands, opening.commandMarks, sha256);
    this.session = new HubSessionState(opening.hubSession, opening.grantedFilters, sessionOwner(hub));
    const terms = hub.profile === 'generic' ? undefined : HUB_TERMS;
    const { now: openedAt } = opening;
    const { silentSinceMs: upMs } = options;
    const silentSince = upMs === undefined ? undefined : { epoch: openedAt.epoch, upMs };
    this.sessionTracker = new HubSessionTracker({ terms, gap: opening.hubGap, openedAt, silentSince });
    this.operations = this.#newOperations(options, announced);
    this.remoteRequests = newRemoteRequests(config);
    this.remoteConfiguration = newRemoteConfiguration(config);
    const firmware = newFirmwareReport(options);
    this.services = new HubServices(
      [this.operations, hubTime, this.remoteRequests, this.remoteConfiguration, firmware].flatMap((one) => one ?? []),
    );
  }

  custodian(direction: Direction): Custodian {
    return direction === 'uplink' ? this.uplinks : this.downlinks;
  }

  /** Returns the current time in this boot. */
  readonly stamp = (): Stamp => ({ epoch: this.opening.now.epoch, upMs: this.#clock.nowMs() });

  age(stamp: Stamp): Age {
    return ageOf(stamp, this.stamp(), this.wallClock.epochs);
  }

  /** Returns a test for messages that are certainly older than `hoursMax`. 0: messages never expire. */
  expiry(hoursMax: number): ((stamp: Stamp) => boolean) | undefined {
    if (hoursMax === 0) return undefined;
    return (stamp) => this.age(stamp).ms >= hoursMax * HOUR_MS;
  }

  /** Applies the parts of a new configuration that stations read. @param secrets device secrets by subdevice id */
  reconfigure(config: Config, secrets: ReadonlyMap<string, string>): void {
    this.#secrets = secretsByIdentity(config, secrets);
    this.operations?.bindings.setConfigured(config.subdevices.flatMap(({ hubIdentity }) => hubIdentity ?? []));
    this.outbox.setLimits({ ...config.outbox, ...config.hub });
    this.outbox.payloads.set(envelopesIn(config));
    this.inbox.setLimits({ ...config.inbox, commitMs: config.outbox.commitMs });
    this.session.setOwner(sessionOwner(config.hub));
  }

  #newPayloads({ config, facts, running }: StationsOptions): OutgoingPayloads {
    const subdeviceOf = (lane: number): Subdevice | undefined => this.registry.byLane(lane);
    return new OutgoingPayloads({
      settings: envelopesIn(config),
      payloadBytesMax: config.hub.payloadBytesMax,
      linkOf: (lane) => subdeviceOf(lane)?.link,
      nameOf: (lane) => running.nameOf(subdeviceOf(lane)?.id ?? ''),
      isFirmwareReport: (lane, topic) => running.isFirmwareReport(subdeviceOf(lane)?.id ?? '', topic),
      now: this.stamp,
      epochs: () => this.wallClock.epochs,
      leftOut: (lane, topic, bytes) =>
        facts.emit('envelopeLeftOut', { subdevice: subdeviceOf(lane)?.id ?? '', topic, bytes }),
    });
  }

  #newOperations({ config, random }: StationsOptions, { hasUplinks }: AnnouncedUplinks): GatewayOperations | undefined {
    const { credentials, bind, operationsBatchMax, payloadBytesMax } = config.hub;
    if (credentials.kind !== 'device') return undefined;
    return new GatewayOperations({
      bind,
      operationsBatchMax,
      payloadBytesMax,
      hasUplinks,
      random,
      signMethod: credentials.signMethod,
      gateway: credentials,
      configured: config.subdevices.flatMap(({ hubIdentity }) => hubIdentity ?? []),
      secretOf: (identity) => this.#secrets.get(identityKey(identity)),
      wallMs: () => this.wallClock.wallMs(),
    });
  }

  #newCustodian(direction: Direction, { opening, shed }: StationsOptions): Custodian {
    return new Custodian({
      direction,
      windowMax: WINDOW_MAX,
      nextSeq: opening.nextSeq[direction],
      backlog: opening.backlog.filter((lane) => lane.direction === direction),
      counts: opening.counts.filter((lane) => lane.direction === direction),
      durability: this.committer,
      holds: opening.holds.filter((hold) => hold.direction === direction),
      shed: (lane, reason, topic) => shed(direction, lane, reason, topic),
    });
  }
}

function envelopesIn({ outbox, links, sharedTopics }: Config): EnvelopeSettings {
  const byLink = new Map(links.map(({ name, envelope }) => [name, envelope]));
  const documents = new Map(sharedTopics.map(({ topic, form }) => [topic, form]));
  return { form: outbox.envelope, byLink, names: outbox.envelopeNames, documents };
}

function secretsByIdentity(
  { subdevices }: Config,
  secrets: ReadonlyMap<string, string> | undefined,
): ReadonlyMap<string, string> {
  return new Map(
    subdevices.flatMap(({ id, hubIdentity }) => {
      const secret = secrets?.get(id);
      return hubIdentity === undefined || secret === undefined ? [] : [[identityKey(hubIdentity), secret] as const];
    }),
  );
}

function newRemoteRequests({ remote, hub }: Config): RemoteRequests | undefined {
  if (remote === undefined || remote.commands.length === 0) return undefined;
  const limits = { allowed: remote.commands, perMinute: remote.requestsPerMinute };
  if (remote.topics !== undefined) {
    const { request, answer } = remote.topics;
    return new RemoteRequests({ ...limits, filter: request, answerTopic: () => answer });
  }
  if (hub.credentials.kind !== 'device') return undefined;
  const { productId, deviceName } = hub.credentials;
  const answerTopic = (call: string): string => call.replace('$rrpc/rxd/', () => '$rrpc/txd/');
  return new RemoteRequests({ ...limits, filter: `$rrpc/rxd/${productId}/${deviceName}/+`, answerTopic });
}

function newRemoteConfiguration({ remote, hub }: Config): RemoteConfiguration | undefined {
  const terms = remote?.configuration;
  if (remote === undefined || terms === undefined) return undefined;
  const { topic, reportTopic } = terms;
  const base = { reportTopic, perMinute: remote.requestsPerMinute };
  if (topic !== undefined) return new RemoteConfiguration({ ...base, topic, requestTopic: undefined });
  if (hub.credentials.kind !== 'device') return undefined;
  const identity = `${hub.credentials.productId}/${hub.credentials.deviceName}`;
  const [answers, requests] = [`$config/operation/result/${identity}`, `$config/operation/${identity}`];
  return new RemoteConfiguration({ ...base, topic: answers, requestTopic: requests });
}

function newFirmwareReport({ config: { remote, hub }, version }: StationsOptions): FirmwareReport | undefined {
  if (remote?.reportFirmware !== true || hub.credentials.kind !== 'device' || version === undefined) return undefined;
  return new FirmwareReport(hub.credentials, version);
}
