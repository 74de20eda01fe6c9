/**
 * Payloads as they are published: in the envelope that the configuration chooses for the link of the subdevice, or as
 * they came. A payload is enclosed when it is sent, and never stored so: its time is the best one known at that moment,
 * and a change of the configuration also applies to the messages that wait.
 *
 * Invariant: an accepted message is never larger than the hub allows. Admission reserves room for the largest envelope.
 * A message for which no room was reserved (accepted before the envelope was switched on) is published as it came if
 * its envelope is too large, and counted.
 */
import type { EnvelopeForm, EnvelopeNames } from '../base/envelope-form.ts';
import type { Message } from '../base/message.ts';
import { ageOf, type Epoch, type Stamp, wallTimeOf } from '../base/time.ts';
import type { Row } from '../custody/row.ts';
import { Envelope } from './envelope.ts';

export interface EnvelopeSettings {
  /** Form for subdevices whose link is not in `byLink`. */
  readonly form: EnvelopeForm;
  readonly byLink: ReadonlyMap<string, EnvelopeForm>;
  readonly names: EnvelopeNames;
}

export interface OutgoingPayloadsOptions {
  readonly settings: EnvelopeSettings;
  readonly payloadBytesMax: number;
  /** Link on which the subdevice of a lane was last seen. */
  readonly linkOf: (lane: number) => string | undefined;
  readonly now: () => Stamp;
  readonly epochs: () => ReadonlyMap<number, Epoch>;
  /** Called when a message is published without its envelope. */
  readonly leftOut: (lane: number, topic: string, bytes: number) => void;
}

/** Parts of a message on which its envelope depends. */
type SentMessage = Pick<Row, 'lane' | 'topic' | 'payload' | 'stamp' | 'retain'>;

export class OutgoingPayloads {
  readonly #options: OutgoingPayloadsOptions;
  #settings: EnvelopeSettings;
  #envelope: Envelope;
  #isOff: boolean;
  #leftOut = 0;
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

  /** Number of messages published without their envelope since the start, because it was too large for the hub. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Returns the largest number of bytes of the payload when it is published. */
  bytesMax(lane: number, payload: Uint8Array): number {
    return this.#isOff ? payload.length : this.bytesMaxOn(this.#options.linkOf(lane), payload);
  }

  /** @param link link of the subdevice */
  bytesMaxOn(link: string | undefined, payload: Uint8Array): number {
    const form = this.#formOf(link);
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
  #enclosed({ lane, topic, payload, stamp, retain }: SentMessage, seq: number | undefined): Uint8Array {
    const form = this.#formOf(this.#options.linkOf(lane));
    // an empty message with RETAIN deletes the retained message of the topic [MQTT-3.3.1-10]
    if (form === 'none' || (retain && payload.length === 0)) return payload;
    const { now, epochs, payloadBytesMax, leftOut } = this.#options;
    const present = now();
    const known = epochs();
    const enclosed = this.#envelope.enclose(form, payload, {
      time: wallTimeOf(stamp, present.epoch, known),
      age: ageOf(stamp, present, known),
      isReplayed: stamp.epoch !== present.epoch || stamp.upMs < this.connectedAtMs,
      seq,
    });
    if (enclosed.length <= payloadBytesMax) return enclosed;
    this.#leftOut += 1;
    leftOut(lane, topic, enclosed.length);
    return payload;
  }

  #formOf(link: string | undefined): EnvelopeForm {
    const { byLink, form } = this.#settings;
    return (link === undefined ? undefined : byLink.get(link)) ?? form;
  }
}

function isOff({ form, byLink }: EnvelopeSettings): boolean {
  return form === 'none' && [...byLink.values()].every((one) => one === 'none');
}
