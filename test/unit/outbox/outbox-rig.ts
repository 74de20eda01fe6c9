/** Outbox with its custody on a simulated disk. */

import type { EnvelopeNames } from '../../../src/base/envelope-form.ts';
import type { Epoch, Stamp } from '../../../src/base/time.ts';
import { decodeEnvelopeNames } from '../../../src/config/envelope-config.ts';
import type { Custodian } from '../../../src/custody/custodian.ts';
import { Outbox } from '../../../src/outbox/outbox.ts';
import type { Admission, Offer, OutboxLimits, Sending, Verdict } from '../../../src/outbox/outbox-contract.ts';
import { type EnvelopeSettings, OutgoingPayloads } from '../../../src/outbox/outgoing-payloads.ts';
import type { PublishPermission } from '../../../src/outbox/publish-permission.ts';
import { BenchDisk, custodianOn, STAMP, uplink } from '../custody/custody-rig.ts';

export const LIMITS: OutboxLimits = {
  messagesMax: 1000,
  bytesMax: 1_000_000,
  unstoredBytesMax: 1_000_000,
  payloadBytesMax: 1000,
  topicBytesMax: 255,
  topicSlashesMax: 6,
  inFlightMax: 4,
  attemptsMax: 3,
  pubackMsMax: 10_000,
  sentRowsMax: 16,
  messagesPerS: 0,
  liveShare: 0.5,
};

export const NAMES: EnvelopeNames = decodeEnvelopeNames(undefined);

/** Settings and clock of the envelopes of an outbox. */
export interface EnvelopePlan {
  readonly settings?: Partial<EnvelopeSettings>;
  readonly payloadBytesMax?: number;
  readonly now?: () => Stamp;
  readonly epochs?: ReadonlyMap<number, Epoch>;
  readonly leftOut?: (lane: number, topic: string, bytes: number) => void;
}

/** Payloads of an outbox, without envelopes by default; lane 1 is on link `meters`. */
export function newPayloads(plan: EnvelopePlan = {}): OutgoingPayloads {
  return new OutgoingPayloads({
    settings: { form: 'none', byLink: new Map(), names: NAMES, documents: new Map(), ...plan.settings },
    payloadBytesMax: plan.payloadBytesMax ?? LIMITS.payloadBytesMax,
    linkOf: (lane) => (lane === 1 ? 'meters' : undefined),
    nameOf: (lane) => `Meter ${lane}`,
    isFirmwareReport: (lane, topic) => topic === `meter-${lane}/firmware/report`,
    now: plan.now ?? (() => STAMP),
    epochs: () => plan.epochs ?? new Map(),
    leftOut: plan.leftOut ?? (() => undefined),
  });
}

export class OutboxBench {
  readonly disk: BenchDisk;
  readonly custodian: Custodian;
  readonly outbox: Outbox;
  readonly safe: number[] = [];
  nowMs = 0;

  /** @param earlier disk of an earlier process */
  constructor(
    limits: Partial<OutboxLimits> = {},
    earlier?: BenchDisk,
    envelopes?: EnvelopePlan,
    permission?: PublishPermission,
  ) {
    const nextSeq = earlier === undefined ? 1 : 5000;
    this.disk = earlier ?? new BenchDisk();
    this.custodian = custodianOn(this.disk, { windowMax: 16, nextSeq });
    const payloads = newPayloads(envelopes);
    this.outbox = new Outbox({ ...LIMITS, ...limits }, this.custodian, nextSeq, payloads, permission);
  }

  /** Offers a message of one byte by default. */
  offer(topic = 't', offer: Partial<Offer> & { readonly bytes?: number } = {}): Admission {
    const { bytes, ...rest } = offer;
    return this.outbox.admit(
      {
        lane: 1,
        message: uplink(topic, bytes),
        overflow: 'reject',
        stamp: STAMP,
        ackWaiter: undefined,
        holdMs: 200,
        commitMs: 100,
        ...rest,
      },
      this.nowMs,
    );
  }

  /** Offers several messages, and commits them. */
  fill(...topics: string[]): this {
    for (const topic of topics) this.offer(topic);
    this.commit();
    return this;
  }

  commit(): void {
    this.disk.flushHeld();
    this.disk.begin();
    for (const entry of this.disk.finish()) this.custodian.stored(entry);
  }

  page(): void {
    for (let wanted = this.custodian.wanted(); wanted.size > 0; wanted = this.custodian.wanted())
      this.outbox.loaded(wanted, this.disk.page(wanted, 100));
  }

  /** All messages that can be sent now. */
  send(): Sending[] {
    const sendings: Sending[] = [];
    for (let next = this.outbox.next(this.nowMs); next !== undefined; next = this.outbox.next(this.nowMs)) {
      sendings.push(next);
      if (sendings.length > 10_000) throw new Error('the outbox never ends');
    }
    return sendings;
  }

  connect(sessionPresent = true): this {
    this.outbox.connected(sessionPresent, this.nowMs);
    return this;
  }

  disconnect(isByHub = false): Verdict | undefined {
    return this.outbox.disconnected(isByHub ? 'by hub' : 'otherwise', this.nowMs);
  }
}

/** Topics of the sent messages, in order. */
export function topicsOf(sendings: readonly Sending[]): string[] {
  return sendings.map(({ entry }) => entry.row.topic);
}
