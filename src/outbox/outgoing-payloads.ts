/**
 * Payloads as they are published: in the envelope that the configuration chooses for the link of the subdevice, or as
 * they came. On a shared topic both are inside the document that names the subdevice. A payload is enclosed when it is
 * sent, and never stored so: its time is the best one known at that moment, and a change of the configuration also
 * applies to the messages that wait. Messages to services of the hub are published as they came.
 *
 * Invariant: an accepted message is never larger than the hub allows. Admission reserves room for the largest envelope.
 * A message for which no room was reserved (accepted before the envelope was switched on) is published without its
 * envelope if that is too large, and counted. If the document alone is too large, the message is published as it came.
 */
import type { EnvelopeForm, EnvelopeNames } from '../base/envelope-form.ts';
import type { Message } from '../base/message.ts';
import type { DocumentForm } from '../base/shared-topic.ts';
import { ageOf, type Epoch, type Stamp, type WallTime, wallTimeOf } from '../base/time.ts';
import type { Entry } from '../custody/entry.ts';
import type { Row } from '../custody/row.ts';
import { Envelope, LONGEST } from './envelope.ts';
import type { Offer } from './outbox-contract.ts';
import { type DocumentHead, documentBytesMax, documentOf } from './shared-document.ts';

export interface EnvelopeSettings {
  /** Form for subdevices whose link is not in `byLink`. */
  readonly form: EnvelopeForm;
  readonly byLink: ReadonlyMap<string, EnvelopeForm>;
  readonly names: EnvelopeNames;
  /** Forms of documents by shared topic. */
  readonly documents: ReadonlyMap<string, DocumentForm>;
}

export interface OutgoingPayloadsOptions {
  readonly settings: EnvelopeSettings;
  readonly payloadBytesMax: number;
  /** Link on which the subdevice of a lane was last seen. */
  /** Returns whether a message is a report of the gateway about the firmware of the subdevice. */
  readonly isFirmwareReport: (lane: number, topic: string) => boolean;
  readonly linkOf: (lane: number) => string | undefined;
  /** Name of the subdevice of a lane in documents. */
  readonly nameOf: (lane: number) => string;
  readonly now: () => Stamp;
  readonly epochs: () => ReadonlyMap<number, Epoch>;
  /** Called when a message is published without its envelope. */
  readonly leftOut: (lane: number, topic: string, bytes: number) => void;
}

/** First character of the topics of services of the hub. */
const SERVICE_PREFIX = '$';

/** Messages that were published without their envelope, one after the other. */
export interface LeftOutEnvelopes {
  /** Number of messages since `firstAtMs`. */
  readonly recent: number;
  /** Monotonic ms. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** Topic of the last message. */
  readonly topic: string;
}

/** Time after the last message without its envelope for which the condition lasts, as for discarded messages. */
export const LEFT_OUT_LASTS_MS = 10 * 60_000;

/** Subdevice of a message that is about to be accepted. */
interface PayloadSender {
  readonly link: string | undefined;
  readonly name: string;
}

/** Parts of a message on which its size depends. */
type PublishedPayload = Pick<Message, 'topic' | 'payload'>;

/** Parts of a message on which its envelope depends. */
type SentMessage = Pick<Row, 'lane' | 'topic' | 'payload' | 'stamp' | 'retain'>;

export class OutgoingPayloads {
  readonly #options: OutgoingPayloadsOptions;
  #settings: EnvelopeSettings;
  #envelope: Envelope;
  #isOff: boolean;
  #leftOut = 0;
  #lastLeftOut: LeftOutEnvelopes | undefined;
  #nested = 0;
  /** Monotonic ms of the last CONNACK. */
  connectedAtMs = 0;

  constructor(options: OutgoingPayloadsOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#envelope = new Envelope(options.settings.names);
    this.#isOff = isOff(options.settings);
  }

  /** Replaces the settings, for the messages from now on. */
  set(settings: EnvelopeSettings): void {
    this.#settings = settings;
    this.#envelope = new Envelope(settings.names);
    this.#isOff = isOff(settings);
  }

  /** True for a topic at the hub that subdevices share, so that its payloads are documents. */
  isDocument(topic: string): boolean {
    return this.#settings.documents.has(topic);
  }

  /** True if two uplinks of one subdevice have the same topic. On a shared topic, own topics distinguish them. */
  haveOneTopic(
    { row, ownTopic }: Pick<Entry, 'row' | 'ownTopic'>,
    later: Pick<Offer, 'message' | 'ownTopic'>,
  ): boolean {
    const { topic } = later.message;
    return row.topic === topic && (ownTopic === later.ownTopic || !this.isDocument(topic));
  }

  /** Number of messages published without their envelope since the start, because it was too large for the hub. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Messages without their envelope in the last time; `undefined`: none since the start. */
  get lastLeftOut(): LeftOutEnvelopes | undefined {
    return this.#lastLeftOut;
  }

  /** Number of messages since the start whose payload the form `fields` could not extend, so it was nested. */
  get nested(): number {
    return this.#nested;
  }

  /** Returns the largest number of bytes of the payload when it is published. */
  bytesMax(lane: number, { topic, payload }: PublishedPayload): number {
    if (this.#isOff) return payload.length;
    return this.bytesMaxOn({ link: this.#options.linkOf(lane), name: this.#options.nameOf(lane) }, { topic, payload });
  }

  /** @param sender link of the subdevice, and its name in documents */
  bytesMaxOn({ link, name }: PayloadSender, { topic, payload }: PublishedPayload): number {
    const form = this.#formOf(link);
    const document = this.#settings.documents.get(topic);
    if (document !== undefined) {
      const enclosed = form === 'none' ? payload : this.#envelope.enclose(form, payload, LONGEST).bytes;
      return documentBytesMax({ form: document, name }, enclosed);
    }
    if (form === 'none') return payload.length;
    const boundBytes = this.#envelope.bytesMaxOfAny(payload.length);
    return boundBytes <= this.#options.payloadBytesMax ? boundBytes : this.#envelope.bytesMax(form, payload);
  }

  /** Returns the payload to publish for a message in custody. */
  of(row: Row): Uint8Array {
    return this.#isOff ? row.payload : this.#enclosed(row, row.seq);
  }

  /** Returns the message to publish for a message with QoS 0. */
  ofQos0(lane: number, message: Message, acceptedAtMs: number): Message {
    if (this.#isOff) return message;
    const stamp = { epoch: this.#options.now().epoch, upMs: acceptedAtMs };
    return { ...message, payload: this.#enclosed({ ...message, lane, stamp }, undefined) };
  }

  /** @param seq number of the message in custody; `undefined`: it is not in custody */
  #enclosed(message: SentMessage, seq: number | undefined): Uint8Array {
    const { lane, topic, payload, stamp, retain } = message;
    const form = this.#formOf(this.#options.linkOf(lane));
    const document = this.#headOf(lane, topic);
    // an empty message with RETAIN deletes the retained message of the topic [MQTT-3.3.1-10]
    const isLeftAlone = form === 'none' || (retain && payload.length === 0);
    if (document === undefined && isLeftAlone) return payload;
    if (this.#isOfService(lane, topic)) return payload;
    const { now, epochs, payloadBytesMax } = this.#options;
    const present = now();
    const known = epochs();
    const time = wallTimeOf(stamp, present.epoch, known);
    const enclosed = isLeftAlone
      ? { form, bytes: payload }
      : this.#envelope.enclose(form, payload, {
          time,
          age: ageOf(stamp, present, known),
          isReplayed: stamp.epoch !== present.epoch || stamp.upMs < this.connectedAtMs,
          seq,
        });
    const published = inDocument(document, enclosed.bytes, time);
    if (published.length <= payloadBytesMax) {
      if (enclosed.form !== form) this.#nested += 1;
      return published;
    }
    this.#note(topic, present.upMs);
    this.#options.leftOut(lane, topic, published.length);
    const bare = inDocument(document, payload, time);
    return bare.length <= payloadBytesMax ? bare : payload;
  }

  /** True for a document of a service, which understands only its own documents. */
  #isOfService(lane: number, topic: string): boolean {
    return topic.startsWith(SERVICE_PREFIX) || this.#options.isFirmwareReport(lane, topic);
  }

  #note(topic: string, nowMs: number): void {
    this.#leftOut += 1;
    const last = this.#lastLeftOut;
    const isNew = last === undefined || nowMs - last.lastAtMs >= LEFT_OUT_LASTS_MS;
    const { recent, firstAtMs } = isNew ? { recent: 0, firstAtMs: nowMs } : last;
    this.#lastLeftOut = { recent: recent + 1, firstAtMs, lastAtMs: nowMs, topic };
  }

  #headOf(lane: number, topic: string): DocumentHead | undefined {
    const form = this.#settings.documents.get(topic);
    return form && { form, name: this.#options.nameOf(lane) };
  }

  #formOf(link: string | undefined): EnvelopeForm {
    const { byLink, form } = this.#settings;
    return (link === undefined ? undefined : byLink.get(link)) ?? form;
  }
}

function isOff({ form, byLink, documents }: EnvelopeSettings): boolean {
  return documents.size === 0 && form === 'none' && [...byLink.values()].every((one) => one === 'none');
}

function inDocument(head: DocumentHead | undefined, payload: Uint8Array, { ms }: WallTime): Uint8Array {
  return head === undefined ? payload : documentOf({ ...head, ms }, payload);
}
