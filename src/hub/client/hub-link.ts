/**
 * What belongs to one connection to the hub, and to the next one after `renew`: what is read from it, what was asked on it
 * and awaits its answer, and whether it is alive. What its packets mean is the business of `client.ts`.
 */
import type { Decoded } from '../../base/decoded.ts';
import type { Restorable } from '../../base/snapshot.ts';
import type { MqttPacket, Suback } from '../../codec/mqtt.ts';
import { encodeMqtt, MqttReader, type MqttReaderSnapshot } from '../../codec/mqtt-wire.ts';
import { bytesSample, GREETING_BYTES_MAX, otherProtocol } from '../../codec/other-protocols.ts';
import { type Request, UnansweredFilters, type UnansweredFiltersSnapshot } from './filter-answers.ts';
import type { HubAction, HubClientOptions } from './hub-contract.ts';
import { KeepAlive, type KeepAliveSnapshot } from './keep-alive.ts';

type ConnectionOptions = Pick<HubClientOptions, 'keepAliveS' | 'answerMsMax' | 'packetBytesMax'>;

export interface HubLinkSnapshot {
  readonly reader: MqttReaderSnapshot;
  readonly keepAlive: KeepAliveSnapshot;
  readonly requests: UnansweredFiltersSnapshot;
  readonly pubrecs: readonly number[];
  readonly greeting: Uint8Array;
}

/** In a SUBACK: the filter was refused (MQTT 3.1.1 §3.9.3). */
const REFUSED = 0x80;
/** In a SUBACK: granted, and what comes comes with QoS 0, so the hub keeps nothing while we are away. */
const GRANTED_QOS_0 = 0;
const NOTHING = new Uint8Array(0);

export class HubLink implements Restorable<HubLinkSnapshot> {
  readonly #options: ConnectionOptions;
  readonly #requests: UnansweredFilters;
  #reader: MqttReader;
  #keepAlive: KeepAlive;
  /** Packet identifiers of messages of QoS 2, at most 65,535: acknowledged with PUBREC instead of PUBACK. */
  readonly #pubrecs = new Set<number>();
  /** First bytes received on this connection, until a packet is complete; empty after that. */
  #greeting: Uint8Array = NOTHING;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#requests = new UnansweredFilters(options.answerMsMax);
    this.#reader = newReader(options);
    this.#keepAlive = new KeepAlive(options.keepAliveS * 1000, options.answerMsMax);
  }

  /** When `problem` or `keepUp` may have something to say. */
  get wakeAtMs(): number | undefined {
    const times = [this.#keepAlive.wakeAtMs, this.#requests.deadlineMs];
    const soonest = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  /** Nothing of the last connection is left in a new one. */
  renew(): void {
    this.#pubrecs.clear();
    this.#greeting = NOTHING;
    this.#reader = newReader(this.#options);
    this.#keepAlive = new KeepAlive(this.#options.keepAliveS * 1000, this.#options.answerMsMax);
  }

  /** It is over: nothing that was asked is answered any more. */
  closed(): void {
    this.#requests.clear();
  }

  read(bytes: Uint8Array, nowMs: number): Decoded<MqttPacket>[] {
    this.#keepAlive.onReceived(nowMs);
    const packets = this.#reader.push(bytes);
    if (packets[0]?.ok === true) this.#greeting = NOTHING;
    return packets;
  }

  /** Protocol of a server that is no MQTT broker, by its first bytes. Called before CONNACK. */
  greetedBy(bytes: Uint8Array): string | undefined {
    this.#greeting = Buffer.concat([this.#greeting, bytes]).subarray(0, GREETING_BYTES_MAX);
    return otherProtocol(this.#greeting);
  }

  /** Bytes received instead of a CONNACK, as a sample; `undefined`: none. */
  get greetingSample(): string | undefined {
    return this.#greeting.length === 0 ? undefined : bytesSample(this.#greeting);
  }

  send(packet: MqttPacket, nowMs: number): HubAction {
    this.#keepAlive.sent(nowMs);
    return { kind: 'write', bytes: encodeMqtt(packet) };
  }

  /** The message that came with this packet identifier has QoS 2. */
  owePubrec(packetId: number): void {
    this.#pubrecs.add(packetId);
  }

  /** PUBACK, or PUBREC for QoS 2 [MQTT-4.3.3-2]. */
  acknowledge(packetId: number, nowMs: number): HubAction {
    const kind = this.#pubrecs.delete(packetId) ? 'pubrec' : 'puback';
    return this.send({ kind, packetId }, nowMs);
  }

  ask(request: Request, nowMs: number): HubAction[] {
    this.#requests.ask(request);
    return this.#sendRequests(nowMs);
  }

  /** An answer to nothing that was asked says nothing. */
  subscribed({ packetId, returnCodes }: Suback, nowMs: number): HubAction[] {
    const request = this.#requests.answer('subscribe', packetId);
    if (request === undefined) return [];
    const [code] = returnCodes;
    const answer = code === REFUSED ? 'refused' : code === GRANTED_QOS_0 ? 'granted QoS 0' : 'granted';
    return [{ kind: 'subscribed', filter: request.filter, answer }, ...this.#sendRequests(nowMs)];
  }

  unsubscribed(packetId: number, nowMs: number): HubAction[] {
    const request = this.#requests.answer('unsubscribe', packetId);
    if (request === undefined) return [];
    return [{ kind: 'unsubscribed', filter: request.filter }, ...this.#sendRequests(nowMs)];
  }

  /** PINGRESP. */
  pinged(): HubAction[] {
    this.#keepAlive.answered();
    return [{ kind: 'alive' }];
  }

  ping(nowMs: number): HubAction[] {
    return this.#keepAlive.ask(nowMs) ? [this.send({ kind: 'pingreq' }, nowMs), { kind: 'probed' }] : [];
  }

  /** A PINGREQ, if it is time for one; requests that the hub leaves unanswered, and what waited for a place. */
  keepUp(nowMs: number): HubAction[] {
    const overdue = this.#requests.takeOverdue(nowMs);
    const told = overdue.map(({ kind, filter }): HubAction => ({ kind: 'unanswered', request: kind, filter }));
    const ping = this.#keepAlive.mustAsk(nowMs) || told.length > 0 ? this.ping(nowMs) : [];
    return [...told, ...ping, ...(told.length > 0 ? this.#sendRequests(nowMs) : [])];
  }

  /** Why it is to be given up. */
  problem(nowMs: number): string | undefined {
    return this.#keepAlive.isDead(nowMs) ? 'no PINGRESP: the connection is dead' : undefined;
  }

  snapshot(): HubLinkSnapshot {
    return {
      reader: this.#reader.snapshot(),
      keepAlive: this.#keepAlive.snapshot(),
      requests: this.#requests.snapshot(),
      pubrecs: [...this.#pubrecs],
      greeting: this.#greeting,
    };
  }

  restore({ reader, keepAlive, requests, pubrecs, greeting }: HubLinkSnapshot): void {
    this.#greeting = greeting;
    for (const packetId of pubrecs) this.#pubrecs.add(packetId);
    this.#reader.restore(reader);
    this.#keepAlive.restore(keepAlive);
    this.#requests.restore(requests);
  }

  #sendRequests(nowMs: number): HubAction[] {
    return this.#requests.takeSendable(nowMs).map((packet) => this.send(packet, nowMs));
  }
}

/** A PUBLISH that is too large, or invalid, would be sent again in every connection if it ended each of them. */
function newReader({ packetBytesMax }: ConnectionOptions): MqttReader {
  return new MqttReader({ packetBytesMax, skipsLargePublish: true, passesInvalidPublish: true, namesBytes: true });
}
