/**
 * The publications of a simulated subdevice, in the order they were ordered, until the gateway has acknowledged them.
 *
 * Invariants: what is first transmitted is always the oldest not yet transmitted; nothing is transmitted `window`
 * places or more after the oldest unanswered one; after a new connection the unanswered ones go again, oldest first,
 * before anything new.
 */
import type { Qos, Retaining } from '../../base/message.ts';
import { MESSAGE_ID_MAX, type PublishPacket, type TopicReference } from '../../codec/mqttsn-packets.ts';

interface Publication extends Retaining {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  /** The caller's, returned when it is acknowledged. */
  readonly reference: number;
}

interface Sending extends Publication {
  /** Place in the order of all publications, from 1. */
  readonly place: number;
  /** 0 until first sent. */
  messageId: number;
  /** Sent, and to be sent again at this time unless it is answered; `undefined`: to be sent now. */
  retryAtMs: number | undefined;
}

export class SubdeviceQueue {
  readonly #window: number;
  readonly #retryMs: number;
  readonly #sendings: Sending[] = [];
  #lastMessageId = 0;
  #lastPlace = 0;

  /**
   * @param window 1 is MQTT-SN 1.2 §6.6, and the only one that keeps the order when frames are lost; at most 16
   * @param retryMs pause before a publication is sent again
   */
  constructor(window: number, retryMs: number) {
    this.#window = window;
    this.#retryMs = retryMs;
  }

  /** Not acknowledged yet. */
  get length(): number {
    return this.#sendings.length;
  }

  /** Sent at least once. */
  get outstanding(): number {
    return this.#inWindow().filter((sending) => sending.messageId !== 0).length;
  }

  push(publication: Publication): void {
    this.#lastPlace += 1;
    this.#sendings.push({ ...publication, place: this.#lastPlace, messageId: 0, retryAtMs: undefined });
  }

  /** The next to be sent now; `undefined` when there is none or the window is full. */
  next(): Sending | undefined {
    return this.#inWindow().find((sending) => sending.retryAtMs === undefined);
  }

  /** Sent now: its packet. QoS 0 is done with that. */
  transmit(sending: Sending, topic: TopicReference, nowMs: number): PublishPacket {
    const { qos, payload, retain = false } = sending;
    const dup = sending.messageId !== 0;
    if (qos === 0) this.#drop(sending);
    else if (!dup) sending.messageId = this.nextMessageId();
    sending.retryAtMs = nowMs + this.#retryMs;
    return { kind: 'publish', dup, qos, retain, topic, messageId: sending.messageId, payload };
  }

  /** Takes out the one that was acknowledged. */
  acknowledge(messageId: number): Sending | undefined {
    const sending = this.find(messageId);
    if (sending !== undefined) this.#drop(sending);
    return sending;
  }

  find(messageId: number): Sending | undefined {
    return messageId === 0 ? undefined : this.#inWindow().find((sending) => sending.messageId === messageId);
  }

  /** Everything unanswered is to be sent again. */
  rewind(): void {
    for (const sending of this.#inWindow()) sending.retryAtMs = undefined;
  }

  /** What waited long enough is to be sent again. */
  wake(nowMs: number): void {
    for (const sending of this.#inWindow()) {
      if (sending.retryAtMs !== undefined && sending.retryAtMs <= nowMs) sending.retryAtMs = undefined;
    }
  }

  wakeAtMs(): number | undefined {
    const retries = this.#inWindow().flatMap(({ retryAtMs }) => retryAtMs ?? []);
    return retries.length === 0 ? undefined : Math.min(...retries);
  }

  nextMessageId(): number {
    this.#lastMessageId = this.#lastMessageId >= MESSAGE_ID_MAX ? 1 : this.#lastMessageId + 1;
    return this.#lastMessageId;
  }

  /** The window slides with the oldest unanswered one, so that no answer comes later than the gateway can remember. */
  #inWindow(): Sending[] {
    const placeMax = (this.#sendings[0]?.place ?? 0) + this.#window - 1;
    return this.#sendings.slice(0, this.#window).filter(({ place }) => place <= placeMax);
  }

  #drop(sending: Sending): void {
    const index = this.#sendings.indexOf(sending);
    if (index !== -1) this.#sendings.splice(index, 1);
  }
}
