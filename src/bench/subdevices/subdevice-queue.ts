/**
 * Publications of a simulated subdevice in the order of the commands, until the gateway has acknowledged them.
 *
 * Invariants: the next first transmission is always the oldest untransmitted publication. No publication is transmitted
 * `window` places or more after the oldest unanswered one. After a new connection the unanswered publications are sent
 * again first, the oldest before the others.
 */
import type { Qos, Retaining } from '../../base/message.ts';
import { MESSAGE_ID_MAX, type PublishPacket, type TopicReference } from '../../codec/mqttsn-packets.ts';

interface Publication extends Retaining {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  /** Reference of the caller, returned with the acknowledgement. */
  readonly reference: number;
}

interface Sending extends Publication {
  /** Position in the order of all publications, from 1. */
  readonly place: number;
  /** Message id. 0: the publication was not sent yet. */
  messageId: number;
  /**
   * Time of the next transmission if the publication is not answered. `undefined`: the publication is to be sent now.
   */
  retryAtMs: number | undefined;
}

export class SubdeviceQueue {
  readonly #window: number;
  readonly #retryMs: number;
  readonly #sendings: Sending[] = [];
  #lastMessageId = 0;
  #lastPlace = 0;

  /**
   * @param window largest number of unanswered publications, 1 to 16. 1 is the rule of MQTT-SN 1.2 §6.6, and the only
   * value that keeps the order if frames are lost
   * @param retryMs pause before a publication is sent again
   */
  constructor(window: number, retryMs: number) {
    this.#window = window;
    this.#retryMs = retryMs;
  }

  /** Number of publications not acknowledged yet. */
  get length(): number {
    return this.#sendings.length;
  }

  /** Number of publications that were sent and not acknowledged yet. */
  get outstanding(): number {
    return this.#inWindow().filter((sending) => sending.messageId !== 0).length;
  }

  push(publication: Publication): void {
    this.#lastPlace += 1;
    this.#sendings.push({ ...publication, place: this.#lastPlace, messageId: 0, retryAtMs: undefined });
  }

  /** Removes publications as a restart does. @param isForgotten by the reference */
  forget(isForgotten: (reference: number) => boolean): void {
    for (const sending of [...this.#sendings]) if (isForgotten(sending.reference)) this.#drop(sending);
  }

  /** Next publication to send. `undefined`: none, or the window is full. */
  next(): Sending | undefined {
    return this.#inWindow().find((sending) => sending.retryAtMs === undefined);
  }

  /** Marks a publication as sent, and returns its packet. A publication with QoS 0 is then complete. */
  transmit(sending: Sending, topic: TopicReference, nowMs: number): PublishPacket {
    const { qos, payload, retain = false } = sending;
    const dup = sending.messageId !== 0;
    if (qos === 0) this.#drop(sending);
    else if (!dup) sending.messageId = this.nextMessageId();
    sending.retryAtMs = nowMs + this.#retryMs;
    return { kind: 'publish', dup, qos, retain, topic, messageId: sending.messageId, payload };
  }

  /** Removes and returns an acknowledged publication. */
  acknowledge(messageId: number): Sending | undefined {
    const sending = this.find(messageId);
    if (sending !== undefined) this.#drop(sending);
    return sending;
  }

  find(messageId: number): Sending | undefined {
    return messageId === 0 ? undefined : this.#inWindow().find((sending) => sending.messageId === messageId);
  }

  /** Marks all unanswered publications to be sent again. */
  rewind(): void {
    for (const sending of this.#inWindow()) sending.retryAtMs = undefined;
  }

  /** Marks publications whose time has come to be sent again. */
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

  /**
   * Publications within the window. The window begins at the oldest unanswered publication, so that no answer comes
   * later than the gateway can remember.
   */
  #inWindow(): Sending[] {
    const placeMax = (this.#sendings[0]?.place ?? 0) + this.#window - 1;
    return this.#sendings.slice(0, this.#window).filter(({ place }) => place <= placeMax);
  }

  #drop(sending: Sending): void {
    const index = this.#sendings.indexOf(sending);
    if (index !== -1) this.#sendings.splice(index, 1);
  }
}
