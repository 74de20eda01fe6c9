/**
 * Requests of a simulated subdevice to its gateway, one at a time: a REGISTER when a publication needs a topic id, and
 * SUBSCRIBE and UNSUBSCRIBE in the order of the commands. Each is repeated until it is accepted. Source: MQTT-SN 1.2
 * §6.5, §6.9.
 */
import type { Qos } from '../../base/message.ts';
import { type Packet, RETURN_CODE } from '../../codec/mqttsn-packets.ts';
import type { SubdeviceQueue } from './subdevice-queue.ts';

type Wanted =
  | { readonly kind: 'subscribe'; readonly filter: string; readonly qos: Qos }
  | { readonly kind: 'unsubscribe'; readonly filter: string };

type Asked = Wanted | { readonly kind: 'register'; readonly filter: string };

interface Request {
  readonly asked: Asked;
  readonly messageId: number;
  retryAtMs: number;
}

interface Answered {
  readonly name: string;
  /** Topic id. 0: the gateway assigned none. */
  readonly topicId: number;
}

const ANSWER_TO = { register: 'regack', subscribe: 'suback', unsubscribe: 'unsuback' } as const;

export class SubdeviceRequests {
  readonly #queue: SubdeviceQueue;
  readonly #retryMs: number;
  #wanted: Wanted[] = [];
  /** Granted subscriptions, which are requested again after a clean session. */
  readonly #granted = new Map<string, Wanted>();
  #request: Request | undefined;
  #isDue = false;

  /** @param queue queue of publications; the requests take their message ids from it */
  constructor(queue: SubdeviceQueue, retryMs: number) {
    this.#queue = queue;
    this.#retryMs = retryMs;
  }

  want(wanted: Wanted): void {
    this.#wanted.push(wanted);
  }

  /**
   * Starts a new connection. Unanswered requests are sent again. After a clean session, granted subscriptions are
   * requested again too.
   */
  rewind(clean: boolean): void {
    const asked = this.#request?.asked;
    this.#request = undefined;
    const unanswered = asked === undefined || asked.kind === 'register' ? [] : [asked];
    const again = clean ? [...this.#granted.values()] : [];
    if (clean) this.#granted.clear();
    this.#wanted = [...again, ...unanswered, ...this.#wanted];
  }

  /** Returns the request to send now: a repetition that is due, or the next request. */
  take(nowMs: number): Packet | undefined {
    if (this.#request !== undefined) return this.#isDue ? this.#resend(this.#request, nowMs) : undefined;
    const wanted = this.#wanted.shift();
    return wanted === undefined ? undefined : this.#ask(wanted, nowMs);
  }

  /** Returns a REGISTER for the topic. `undefined`: another request is unanswered. */
  register(topic: string, nowMs: number): Packet | undefined {
    return this.#request === undefined ? this.#ask({ kind: 'register', filter: topic }, nowMs) : undefined;
  }

  wake(nowMs: number): void {
    if (this.#request !== undefined && nowMs >= this.#request.retryAtMs) this.#isDue = true;
  }

  wakeAtMs(): number | undefined {
    return this.#request?.retryAtMs;
  }

  /**
   * Handles an answer. @returns the granted request; `undefined`: the packet answers no request, or asks the subdevice
   * to try again later
   */
  answer(packet: Extract<Packet, { kind: 'regack' | 'suback' | 'unsuback' }>, nowMs: number): Answered | undefined {
    const request = this.#request;
    if (request?.messageId !== packet.messageId || ANSWER_TO[request.asked.kind] !== packet.kind) return undefined;
    if (packet.kind !== 'unsuback' && packet.returnCode !== RETURN_CODE.accepted) {
      request.retryAtMs = nowMs + this.#retryMs;
      return undefined;
    }
    this.#request = undefined;
    const { asked } = request;
    if (asked.kind === 'subscribe') this.#granted.set(asked.filter, asked);
    if (asked.kind === 'unsubscribe') this.#granted.delete(asked.filter);
    return { name: asked.filter, topicId: packet.kind === 'unsuback' ? 0 : packet.topicId };
  }

  #ask(asked: Asked, nowMs: number): Packet {
    const request = { asked, messageId: this.#queue.nextMessageId(), retryAtMs: 0 };
    this.#request = request;
    return this.#resend(request, nowMs);
  }

  #resend(request: Request, nowMs: number): Packet {
    this.#isDue = false;
    request.retryAtMs = nowMs + this.#retryMs;
    const { asked, messageId } = request;
    const filter = { type: 'name', name: asked.filter } as const;
    switch (asked.kind) {
      case 'register':
        return { kind: 'register', topicId: 0, messageId, topic: asked.filter };
      case 'subscribe':
        return { kind: 'subscribe', dup: false, qos: asked.qos, messageId, filter };
      case 'unsubscribe':
        return { kind: 'unsubscribe', messageId, filter };
    }
  }
}
