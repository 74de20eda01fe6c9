/**
 * Presence of subdevices: they attach and leave, and their sessions begin and end. The hub is informed of it.
 *
 * The registry changes at once; the answer to the subdevice is sent when the change is committed.
 */
import type { Facts } from '../base/events.ts';
import type { HubIdentity } from '../base/hub-identity.ts';
import { retaining } from '../base/message.ts';
import type { Committer } from '../commit/committer.ts';
import type { SessionChanges } from '../commit/session-changes.ts';
import type { Change } from '../custody/change.ts';
import type { AttachAnswer, DriverReport, RefuseReason } from '../driver/driver.ts';
import type { GatewayOperations } from '../hub/gateway/gateway-operations.ts';
import type { Clock } from '../ports.ts';
import type { SessionEnd } from '../subdevices/delivery-state.ts';
import type { Inbox } from '../subdevices/inbox.ts';
import { rowOf, type Subdevice, type SubdeviceRegistry } from '../subdevices/registry.ts';
import type { DownlinkFlow } from './downlink.ts';
import type { HubSender } from './hub-sender.ts';
import type { Intake } from './intake.ts';
import type { CommandLink } from './links.ts';
import type { HubSubscriptions } from './subscriptions.ts';
import { UnlistedDevices } from './unlisted-devices.ts';
import type { UplinkFlow } from './uplink.ts';
import type { Wills } from './wills.ts';

export interface PresenceOptions {
  readonly clock: Clock;
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly inbox: Inbox;
  readonly committer: Committer;
  readonly sessions: SessionChanges;
  readonly operations: GatewayOperations | undefined;
  readonly subscriptions: HubSubscriptions;
  readonly commandLink: CommandLink;
  readonly hubSender: HubSender;
  readonly downlink: DownlinkFlow;
  readonly uplink: UplinkFlow;
  readonly wills: Wills;
  readonly identityOf: (subdevice: string) => HubIdentity | undefined;
  /** Returns whether this client id is served on this link. */
  readonly isAllowed: (subdevice: string, link: string) => boolean;
  readonly isConfigured: (subdevice: string) => boolean;
  readonly intake: Pick<Intake, 'note'>;
  readonly commitMs: number;
  /** Called when a subdevice has attached or detached. */
  readonly presenceChanged: (subdevice: string) => void;
}

type Report<Kind extends DriverReport['kind']> = Extract<DriverReport, { kind: Kind }>;

interface Refusal {
  readonly reason: string;
  readonly why: RefuseReason;
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly unlisted: UnlistedDevices;
  /** Subdevices that sent a DISCONNECT. Their absence is no problem. */
  readonly disconnected = new Set<string>();
  readonly #refusals: ReportedRefusals;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.unlisted = new UnlistedDevices(options.clock);
    this.#refusals = new ReportedRefusals(options.facts);
  }

  /** Called at the start. Ends the clean sessions that were connected when the last process ended. */
  forgetEndedSessions(): void {
    const { registry, sessions } = this.#options;
    for (const subdevice of registry.all()) if (!subdevice.lasting) sessions.addLazy(this.#clear(subdevice));
  }

  /**
   * Ends the session of a subdevice that is not in the configuration, by command of an operator.
   * @param done called with the number of its waiting downlinks, once the end is durable
   * @returns whether there is such a session
   */
  forget(id: string, done: (discarded: number) => void): boolean {
    const { registry, inbox, isConfigured, sessions } = this.#options;
    const subdevice = registry.byId(id);
    if (subdevice === undefined || subdevice.isAttached || isConfigured(id)) return false;
    const discarded = inbox.pending(subdevice.lane);
    subdevice.lasting = false; // a start after a crash then ends the session too
    const row: Change = { kind: 'subdevice', row: rowOf(subdevice) };
    sessions.require(subdevice.lane, [row, ...this.#clear(subdevice, 'forgotten by hand')], () => done(discarded));
    return true;
  }

  attach(link: string, report: Report<'attach'>): void {
    const { registry, commandLink, inbox, sessions, wills } = this.#options;
    const { subdevice: id, clean, will } = report;
    const refusal = this.#refusalOf(id, link, will);
    if (refusal !== undefined) {
      this.#reportRefusal(id, link, refusal);
      commandLink(link, { kind: 'attached', subdevice: id, answer: { accepted: false, why: refusal.why } });
      return;
    }
    this.#refusals.forget(id);
    this.unlisted.attached(link, id);
    this.disconnected.delete(id);
    const { subdevice, isNew } = registry.enter(id, link);
    const wasLasting = !isNew && subdevice.lasting;
    const ended = clean || !subdevice.lasting ? this.#clear(subdevice) : []; // a clean session ends with its connection
    const isChanged = isNew || subdevice.link !== link || subdevice.lasting === clean;
    subdevice.link = link;
    subdevice.lasting = !clean;
    const row: Change[] = isChanged ? [{ kind: 'subdevice', row: rowOf(subdevice) }] : [];
    const willChanges = wills.attached(subdevice, report);
    const changes = [...ended, ...row, ...willChanges];
    // a new row alone needs no commit before the answer, and a clean session ends in a crash anyway
    const isPromise = ended.length + willChanges.length > 0 && (wasLasting || subdevice.lasting);
    if (!isPromise) sessions.addLazy(changes);
    inbox.slept(subdevice.lane); // a subdevice that connects again gets no message before its answer
    sessions.require(subdevice.lane, isPromise ? changes : [], () => this.#completeAttach(link, subdevice));
  }

  /** Called when the will of CONNECT and the end of an earlier session are durable. */
  #completeAttach(link: string, subdevice: Subdevice): void {
    const { inbox, commandLink, facts, clock } = this.#options;
    const { id } = subdevice;
    const answer = (what: AttachAnswer): void => commandLink(link, { kind: 'attached', subdevice: id, answer: what });
    if (subdevice.link !== link) return answer({ accepted: false, why: 'congestion' }); // on another link meanwhile
    subdevice.isAttached = true;
    inbox.attached(subdevice.lane, clock.nowMs());
    answer({ accepted: true, topicIds: new Map(subdevice.topicIds) });
    const waiting = inbox.pending(subdevice.lane);
    facts.emit('subdeviceAttached', { subdevice: id, link, lasting: subdevice.lasting, waiting });
    this.#announce(id, true);
    this.#options.downlink.deliver(subdevice.lane);
  }

  detach(link: string, report: Report<'detach'>): void {
    const { registry, inbox, facts, committer, sessions, clock, commitMs } = this.#options;
    const subdevice = registry.byId(report.subdevice);
    const release = (): void => this.#options.commandLink(link, { kind: 'released', subdevice: report.subdevice });
    if (subdevice?.link !== link || !subdevice.isAttached) return release(); // on another link meanwhile
    subdevice.isAttached = false;
    if (report.cause === 'asked') this.disconnected.add(subdevice.id);
    this.#options.subscriptions.forget(subdevice.id);
    inbox.detached(subdevice.lane, !subdevice.lasting);
    committer.flushHeld('downlink', clock.nowMs() + commitMs);
    this.#options.wills.detached(subdevice, report.cause, report.aliveUntilMs);
    if (!subdevice.lasting) sessions.addLazy(this.#clear(subdevice));
    facts.emit('subdeviceDetached', { subdevice: subdevice.id, link, reason: report.cause });
    this.#announce(subdevice.id, false);
    if (report.cause === 'asked') sessions.require(subdevice.lane, [], release);
  }

  /** Handles a message published without a connection: QoS 0, from a subdevice that may never have attached. */
  passOn(link: string, { subdevice: id, topic, payload, retain }: Report<'unconnected'>): void {
    const { registry, sessions, uplink } = this.#options;
    const refusal = this.#refusalOf(id, link, 'unchanged');
    if (refusal !== undefined) return this.#reportRefusal(id, link, refusal);
    const { subdevice, isNew } = registry.enter(id, link);
    if (isNew) sessions.addLazy([{ kind: 'subdevice', row: rowOf(subdevice) }]);
    uplink.offer(link, {
      kind: 'uplink',
      subdevice: id,
      topic,
      payload,
      qos: 0,
      token: undefined,
      ...retaining(retain),
    });
  }

  /**
   * Clears a session that begins as clean or has ended: nothing of it is kept, and its filters are released at the hub.
   * @returns changes to make durable
   */
  #clear(subdevice: Subdevice, reason: SessionEnd = 'session ended'): Change[] {
    const { registry, downlink, subscriptions } = this.#options;
    const filters = [...subdevice.subscriptions.keys()];
    const hadWill = this.#options.wills.forget(subdevice);
    const hadAnything = hadWill || filters.length > 0 || subdevice.topicIds.size > 0;
    registry.clear(subdevice);
    downlink.endSession(subdevice.lane, reason);
    subscriptions.release(filters);
    return hadAnything ? [{ kind: 'cleanSession', lane: subdevice.lane }] : [];
  }

  /**
   * Returns why a subdevice is rejected. An unbound subdevice gets "congestion", since it may be bound when it tries
   * again.
   */
  #refusalOf(id: string, link: string, will: Report<'attach'>['will']): Refusal | undefined {
    const { isAllowed, identityOf, operations, wills } = this.#options;
    if (!isAllowed(id, link)) return { reason: 'it is not configured for this link', why: 'not allowed' };
    if (will !== 'unchanged' && will !== undefined && !wills.isPossible(id, link, will))
      return { reason: `the hub does not accept its will on ${will.topic}`, why: 'not supported' };
    const identity = identityOf(id);
    const unbound = identity === undefined ? undefined : operations?.bindings.of(identity)?.unbound;
    if (unbound === undefined) return undefined;
    return { reason: `it is not bound at the hub (${unbound.sentence})`, why: 'congestion' };
  }

  /** Reports a rejection. One with "congestion" is no loss and has a condition of its own. */
  #reportRefusal(id: string, link: string, { reason, why }: Refusal): void {
    const { isAllowed, isConfigured, intake } = this.#options;
    this.#refusals.report(id, link, reason);
    if (!isAllowed(id, link)) this.unlisted.note(link, id);
    if (why === 'congestion') return;
    const subdevice = isConfigured(id) ? id : undefined;
    intake.note({ link, subdevice, reason: 'client refused', sample: `${id}: ${reason}`, count: 1 });
  }

  #announce(id: string, isPresent: boolean): void {
    this.#options.presenceChanged(id);
    const identity = this.#options.identityOf(id);
    if (identity === undefined || this.#options.operations === undefined) return;
    this.#options.operations.setPresent(identity, isPresent);
    this.#options.hubSender.send();
  }
}

/** Largest number kept: a device on a line may use many client ids. */
const REFUSALS_MAX = 256;

/** Rejections of subdevices that were reported: each once, since a subdevice may try every second for days. */
class ReportedRefusals {
  readonly #facts: Facts;
  /** Client id → link and reason of the last reported rejection. */
  readonly #reported = new Map<string, string>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  report(subdevice: string, link: string, reason: string): void {
    const what = `${link} ${reason}`;
    if (this.#reported.get(subdevice) === what) return;
    if (this.#reported.size >= REFUSALS_MAX) this.#reported.clear();
    this.#reported.set(subdevice, what);
    this.#facts.emit('subdeviceRefused', { subdevice, link, reason });
  }

  forget(subdevice: string): void {
    this.#reported.delete(subdevice);
  }
}
