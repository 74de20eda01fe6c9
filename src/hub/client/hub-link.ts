/**
 * State of one connection to the hub: its reader, unanswered requests and keep alive. `renew` resets the state for the
 * next connection. `hub-client.ts` interprets the packets.
 */
import type { Decoded } from '../../base/decoded.ts';
import { sooner } from '../../base/sooner.ts';
import type { MqttPacket, Suback } from '../../codec/mqtt.ts';
import { encodePublishes } from '../../codec/mqtt-uplink.ts';
import { encodeMqtt, MqttReader } from '../../codec/mqtt-wire.ts';
import { bytesSample, GREETING_BYTES_MAX, otherProtocol } from '../../codec/other-protocols.ts';
import { type Request, UnansweredFilters } from './filter-answers.ts';
import type { HubAction, HubClientOptions, HubPublish } from './hub-contract.ts';
import { KeepAlive } from './keep-alive.ts';

type ConnectionOptions = Pick<HubClientOptions, 'keepAliveS' | 'answerMsMax' | 'packetBytesMax'>;

/** SUBACK return code: the filter was rejected (MQTT 3.1.1 §3.9.3). */
const REFUSED = 0x80;
/** SUBACK return code: granted with QoS 0. The hub then stores no messages while the gateway is away. */
const GRANTED_QOS_0 = 0;
const NOTHING = new Uint8Array(0);

export class HubLink {
  private readonly options: ConnectionOptions;
  private readonly requests: UnansweredFilters;
  private reader: MqttReader;
  private keepAlive: KeepAlive;
  /** Packet identifiers of messages with QoS 2, at most 65,535. They are acknowledged with PUBREC instead of PUBACK. */
  private readonly pubrecs = new Set<number>();
  /** First bytes received on this connection, until a packet is complete. Empty after that. */
  private firstBytes: Uint8Array = NOTHING;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.requests = new UnansweredFilters(options.answerMsMax);
    this.reader = newReader(options);
    this.keepAlive = new KeepAlive(options.keepAliveS * 1000, options.answerMsMax);
  }

  /** Time at which `problem` or `keepUp` may have a result, monotonic ms. */
  get wakeAtMs(): number | undefined {
    return sooner(this.keepAlive.wakeAtMs, this.requests.deadlineMs);
  }

  /** Silence of the hub (`keep-alive.ts`). */
  get silence(): KeepAlive['silence'] {
    return this.keepAlive.silence;
  }

  /** Resets all state for a new connection. */
  renew(): void {
    this.pubrecs.clear();
    this.firstBytes = NOTHING;
    this.reader = newReader(this.options);
    this.keepAlive = new KeepAlive(this.options.keepAliveS * 1000, this.options.answerMsMax);
  }

  /** Called when the connection has ended: drops all unanswered requests. */
  closed(): void {
    this.requests.clear();
  }

  read(bytes: Uint8Array, nowMs: number): Decoded<MqttPacket>[] {
    this.keepAlive.onReceived(nowMs);
    const packets = this.reader.push(bytes);
    if (packets[0]?.ok === true) this.firstBytes = NOTHING;
    return packets;
  }

  /** Returns the protocol of a server that is no MQTT broker, recognised by its first bytes. Called before CONNACK. */
  otherProtocolIn(bytes: Uint8Array): string | undefined {
    this.firstBytes = Buffer.concat([this.firstBytes, bytes]).subarray(0, GREETING_BYTES_MAX);
    return otherProtocol(this.firstBytes);
  }

  /** Sample of the bytes received instead of a CONNACK. `undefined`: none. */
  get firstBytesSample(): string | undefined {
    return this.firstBytes.length === 0 ? undefined : bytesSample(this.firstBytes);
  }

  send(packet: MqttPacket, nowMs: number): HubAction {
    this.keepAlive.sent(nowMs);
    return { kind: 'write', bytes: encodeMqtt(packet) };
  }

  /** @throws if a message cannot be encoded; no state has changed then */
  publish(messages: readonly HubPublish[], nowMs: number): HubAction {
    const bytes = encodePublishes(messages);
    this.keepAlive.sent(nowMs);
    return { kind: 'write', bytes };
  }

  /** Called for a message with QoS 2: its packet identifier is acknowledged with PUBREC. */
  expectPubrec(packetId: number): void {
    this.pubrecs.add(packetId);
  }

  /** Returns a PUBACK, or a PUBREC for QoS 2 [MQTT-4.3.3-2]. */
  acknowledge(packetId: number, nowMs: number): HubAction {
    const kind = this.pubrecs.delete(packetId) ? 'pubrec' : 'puback';
    return this.send({ kind, packetId }, nowMs);
  }

  ask(request: Request, nowMs: number): HubAction[] {
    this.requests.ask(request);
    return this.sendRequests(nowMs);
  }

  /** Handles a SUBACK. One for an unknown packet identifier is ignored. */
  subscribed({ packetId, returnCodes, problem }: Suback, nowMs: number): HubAction[] {
    const request = this.requests.answer('subscribe', packetId);
    if (request === undefined) return [];
    const { filter } = request;
    const [code] = returnCodes;
    const answer = code === REFUSED ? 'refused' : code === GRANTED_QOS_0 ? 'granted QoS 0' : 'granted';
    const subscribed: HubAction =
      problem === undefined
        ? { kind: 'subscribed', filter, answer }
        : { kind: 'subscribed', filter, answer: 'invalid', problem };
    return [subscribed, ...this.sendRequests(nowMs)];
  }

  unsubscribed(packetId: number, nowMs: number): HubAction[] {
    const request = this.requests.answer('unsubscribe', packetId);
    if (request === undefined) return [];
    return [{ kind: 'unsubscribed', filter: request.filter }, ...this.sendRequests(nowMs)];
  }

  /** Handles a PINGRESP. */
  pinged(): HubAction[] {
    this.keepAlive.answered();
    return [{ kind: 'alive' }];
  }

  ping(nowMs: number): HubAction[] {
    return this.keepAlive.ask(nowMs) ? [this.send({ kind: 'pingreq' }, nowMs), { kind: 'probed' }] : [];
  }

  /** Sends a PINGREQ if due, reports unanswered requests, and sends waiting requests. */
  keepUp(nowMs: number): HubAction[] {
    const overdue = this.requests.takeOverdue(nowMs);
    const unanswered = overdue.map(({ kind, filter }): HubAction => ({ kind: 'unanswered', request: kind, filter }));
    const ping = this.keepAlive.mustAsk(nowMs) || unanswered.length > 0 ? this.ping(nowMs) : [];
    return [...unanswered, ...ping, ...(unanswered.length > 0 ? this.sendRequests(nowMs) : [])];
  }

  /** Returns the reason to close the connection, if any. */
  problem(nowMs: number): string | undefined {
    return this.keepAlive.isDead(nowMs) ? 'no PINGRESP: the connection is dead' : undefined;
  }

  private sendRequests(nowMs: number): HubAction[] {
    return this.requests.takeSendable(nowMs).map((packet) => this.send(packet, nowMs));
  }
}

/**
 * Creates a reader that skips a too large or invalid PUBLISH or answer: the hub would send it again in every
 * connection.
 */
function newReader({ packetBytesMax }: ConnectionOptions): MqttReader {
  return new MqttReader({ packetBytesMax, skipsLargePublish: true, passesInvalid: true, namesBytes: true });
}
