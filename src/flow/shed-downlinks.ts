/**
 * Downlinks that end without delivery. Each is counted in the ledger, here or before, and noted in the intake with its
 * subdevice, the reason and a sample.
 */
import { type ExcessSize, sampleWords } from '../base/discard.ts';
import type { Facts } from '../base/events.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { DriverReport, UndeliveredReason } from '../driver/driver.ts';
import type { Delivery } from '../subdevices/delivery-state.ts';
import type { Inbox } from '../subdevices/inbox.ts';
import { NOBODY, type SubdeviceRegistry } from '../subdevices/registry.ts';
import type { OpenedDocument, SharedTopics } from '../subdevices/shared-topics.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import type { Intake, IntakeReason } from './intake.ts';
import type { OwnMessages } from './own-messages.ts';

export interface ShedDownlinksOptions {
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly inbox: Pick<Inbox, 'countShed'>;
  readonly intake: Pick<Intake, 'note'>;
  readonly topicsOf: (subdevice: string) => TopicMap;
  readonly sharedTopics: () => SharedTopics;
  /** Knows the downlinks that the hub sends again, which are no loss. */
  readonly ownMessages: Pick<OwnMessages, 'wasShed'>;
  /** Ids of the subdevices in the configuration. */
  readonly configuredIds: () => ReadonlySet<string>;
  /** True if subdevices that are not in the configuration are served too. */
  readonly acceptsUnknown: boolean;
  /** Bytes of the largest packet taken from the hub. */
  readonly packetBytesMax: number;
}

type Undelivered = Extract<DriverReport, { kind: 'undelivered' }>;

/** Reason under which the intake notes each reason of a driver. `undefined`: noted elsewhere, or not noted. */
const REASONS: Readonly<Record<UndeliveredReason, IntakeReason | undefined>> = {
  refused: 'command refused',
  invalid: 'command invalid',
  unanswered: 'command unanswered',
  'too large': 'too large for the link',
  empty: undefined,
  failed: undefined,
  lost: undefined,
};

export class ShedDownlinks {
  readonly #options: ShedDownlinksOptions;

  constructor(options: ShedDownlinksOptions) {
    this.#options = options;
  }

  /** Notes a downlink that its driver did not deliver and that is no longer pending. */
  undelivered({ lane, message: { topic } }: Delivery, { why, because, size }: Undelivered): void {
    const reason = REASONS[why];
    if (reason !== undefined) {
      const { id: subdevice, link } = this.#options.registry.byLane(lane) ?? {};
      const sample = because === undefined ? topic : `${topic}: ${because}`;
      this.#options.intake.note({ link, subdevice, direction: 'downlink', reason, sample, count: 1, size });
    }
    if (why !== 'lost') this.#report(topic, because ?? (size === undefined ? why : `${why}: ${sizeWords(size)}`));
  }

  /**
   * Counts and notes a downlink that no subdevice has subscribed to. @param addressee subdevice that its payload names
   */
  unclaimed(topic: string, addressee?: string): void {
    this.#options.inbox.countShed(NOBODY, 'no subscriber');
    this.#report(topic, 'no subscriber');
    const owners = addressee === undefined ? this.#ownersOf(topic) : [addressee];
    if (owners.some((id) => this.#options.ownMessages.wasShed(id, topic))) return;
    const isForeign = !this.#options.acceptsUnknown && owners.every((id) => !this.#isConfigured(id));
    const subdevice = owners.length === 1 ? owners[0] : undefined;
    this.#options.intake.note({
      link: subdevice === undefined ? undefined : this.#options.registry.byId(subdevice)?.link,
      subdevice,
      direction: 'downlink',
      reason: isForeign ? 'subdevice not configured' : 'no subscriber',
      sample: topic,
      count: 1,
    });
  }

  /** Counts and notes a downlink on a shared topic whose payload names no subdevice. */
  unaddressed(topic: string, { kind: reason, why }: Exclude<OpenedDocument, { kind: 'named' }>): void {
    this.#options.inbox.countShed(NOBODY, reason);
    const sample = `${topic}: ${why}`;
    const nobody = { link: undefined, subdevice: undefined };
    this.#options.intake.note({ ...nobody, direction: 'downlink', reason, sample, count: 1 });
    this.#report(topic, `${reason}: ${sampleWords(why)}`);
  }

  /** Counts and notes a downlink that is too large for the gateway. */
  oversize(topic: string, bytes: number): void {
    const reason = 'too large for the gateway';
    const size = { bytes, bytesMax: this.#options.packetBytesMax };
    for (const { lane, subdevice } of this.#takersOf(topic)) {
      this.#options.inbox.countShed(lane, reason);
      this.#options.intake.note({
        link: undefined,
        subdevice,
        direction: 'downlink',
        reason,
        sample: topic,
        count: 1,
        size,
      });
    }
    this.#report(topic, `${reason}: ${sizeWords(size)}`);
  }

  /** Counts a downlink that MQTT 3.1.1 forbids. */
  forbidden(topic: string, problem: string): void {
    this.#options.inbox.countShed(NOBODY, 'invalid message');
    this.#report(sampleWords(topic), `invalid message: ${problem}`);
  }

  /** Counts a downlink that the program failed on. */
  setAside(topic: string): void {
    const reason: ShedReason = 'set aside after a fault';
    for (const { lane } of this.#takersOf(topic)) this.#options.inbox.countShed(lane, reason);
    this.#report(topic, reason);
  }

  #takersOf(topic: string): { readonly lane: number; readonly subdevice: string | undefined }[] {
    const { registry, sharedTopics } = this.#options;
    // the payload, which names the subdevice, is not known
    if (sharedTopics().ownTopicOf(topic) !== undefined) return [{ lane: NOBODY, subdevice: undefined }];
    const takers = registry.route(topic).map(({ subdevice: { lane, id } }) => ({ lane, subdevice: id }));
    return takers.length === 0 ? [{ lane: NOBODY, subdevice: undefined }] : takers;
  }

  /** Returns the known and configured subdevices to which the topic may belong. */
  #ownersOf(topic: string): string[] {
    const { registry, configuredIds, topicsOf } = this.#options;
    const ids = new Set([...configuredIds(), ...[...registry.all()].map(({ id }) => id)]);
    return [...ids].filter((id) => topicsOf(id).toSubdevice(topic) !== undefined);
  }

  #isConfigured(id: string): boolean {
    return this.#options.configuredIds().has(id);
  }

  #report(topic: string, reason: string): void {
    this.#options.facts.emit('downlinkShed', { topic, reason });
  }
}

function sizeWords({ bytes, bytesMax }: ExcessSize): string {
  return `${bytes} bytes, ${bytesMax} allowed`;
}
