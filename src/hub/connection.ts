/**
 * What belongs to one connection to the hub, and to the next one after `renew`: what is read from it, what was asked on it
 * and awaits its answer, and whether it is alive. What its packets mean is the business of `client.ts`.
 */
import type { Decoded } from '../base/decoded.ts';
import type { Restorable } from '../base/snapshot.ts';
import type { MqttPacket, Suback } from '../codec/mqtt.ts';
import { encodeMqtt, MqttReader, type MqttReaderSnapshot } from '../codec/mqtt-wire.ts';
import type { HubAction, HubClientOptions } from './contract.ts';
import { KeepAlive, type KeepAliveSnapshot } from './keep-alive.ts';
import { type Request, Requests, type RequestsSnapshot } from './requests.ts';

type ConnectionOptions = Pick<HubClientOptions, 'keepAliveS' | 'answerMsMax' | 'packetBytesMax'>;

export interface ConnectionSnapshot {
  readonly reader: MqttReaderSnapshot;
  readonly keepAlive: KeepAliveSnapshot;
  readonly requests: RequestsSnapshot;
}

/** In a SUBACK: the filter was refused (MQTT 3.1.1 §3.9.3). */
const REFUSED = 0x80;

export class Connection implements Restorable<ConnectionSnapshot> {
  readonly #options: ConnectionOptions;
  readonly #requests: Requests;
  #reader: MqttReader;
  #keepAlive: KeepAlive;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#requests = new Requests(options.answerMsMax);
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
    this.#reader = newReader(this.#options);
    this.#keepAlive = new KeepAlive(this.#options.keepAliveS * 1000, this.#options.answerMsMax);
  }

  /** It is over: nothing that was asked is answered any more. */
  closed(): void {
    this.#requests.clear();
  }

  read(bytes: Uint8Array, nowMs: number): Decoded<MqttPacket>[] {
    this.#keepAlive.heard(nowMs);
    return this.#reader.push(bytes);
  }

  send(packet: MqttPacket, nowMs: number): HubAction {
    this.#keepAlive.sent(nowMs);
    return { kind: 'write', bytes: encodeMqtt(packet) };
  }

  ask(request: Request, nowMs: number): HubAction[] {
    this.#requests.ask(request);
    return this.#sendRequests(nowMs);
  }

  /** An answer to nothing that was asked says nothing. */
  subscribed({ packetId, returnCodes }: Suback, nowMs: number): HubAction[] {
    const request = this.#requests.answer('subscribe', packetId);
    if (request === undefined) return [];
    const isGranted = returnCodes[0] !== REFUSED;
    return [{ kind: 'subscribed', filter: request.filter, isGranted }, ...this.#sendRequests(nowMs)];
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
    return this.#keepAlive.ask(nowMs) ? [this.send({ kind: 'pingreq' }, nowMs)] : [];
  }

  /** A PINGREQ, if it is time for one. */
  keepUp(nowMs: number): HubAction[] {
    return this.#keepAlive.mustAsk(nowMs) ? this.ping(nowMs) : [];
  }

  /** Why it is to be given up. */
  problem(nowMs: number): string | undefined {
    if (this.#keepAlive.isDead(nowMs)) return 'no PINGRESP: the connection is dead';
    const missing = this.#requests.overdue(nowMs);
    return missing === undefined ? undefined : `no answer to ${missing.kind.toUpperCase()} ${missing.filter}`;
  }

  snapshot(): ConnectionSnapshot {
    return {
      reader: this.#reader.snapshot(),
      keepAlive: this.#keepAlive.snapshot(),
      requests: this.#requests.snapshot(),
    };
  }

  restore({ reader, keepAlive, requests }: ConnectionSnapshot): void {
    this.#reader.restore(reader);
    this.#keepAlive.restore(keepAlive);
    this.#requests.restore(requests);
  }

  #sendRequests(nowMs: number): HubAction[] {
    return this.#requests.takeSendable(nowMs).map((packet) => this.send(packet, nowMs));
  }
}

/** A PUBLISH that is too large would be sent again in every connection if it ended this one. */
function newReader({ packetBytesMax }: ConnectionOptions): MqttReader {
  return new MqttReader({ packetBytesMax, skipsLargePublish: true });
}
