/**
 * The bench hub: an emulation of the IoT hub's MQTT side, as far as its documents and the traces of others go.
 *
 * Stands where the real hub would: `server.ts` runs it on TCP, the simulation on virtual wires. Connections come in by
 * number, each is served one session; `rules.ts` says how, `faults.ts` what goes wrong on purpose. A correct MQTT 3.1.1
 * server for QoS 0 and 1; RETAIN is ignored and QoS 2 closes the connection, since the hub serves neither.
 *
 * Source: MQTT 3.1.1 §3 and §4; the hub's documents as named in `rules.ts`.
 */
import type { Decoded } from '../../base/decoded.ts';
import type { Machine } from '../../base/machine.ts';
import type { Message } from '../../base/message.ts';
import type { MqttPacket } from '../../codec/mqtt.ts';
import { LEVEL_TAG } from '../../codec/mqtt-rules.ts';
import { Admission } from './admission.ts';
import { Connection } from './connection.ts';
import { Entrance } from './entrance.ts';
import { type FaultOrder, type HubFaults, NO_FAULTS } from './faults.ts';
import { GatewayOperations, type PresenceChange } from './gateway-operations.ts';
import { type HubAction, Outlet } from './outlet.ts';
import { Requests } from './requests.ts';
import { Router } from './router.ts';
import type { HubRules } from './rules.ts';
import { Sessions, type SessionView } from './sessions.ts';

export type HubInput =
  /** `proven`: the client id that TLS has proved. */
  | { readonly kind: 'accepted'; readonly connection: number; readonly proven?: string }
  | { readonly kind: 'bytes'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: 'gone'; readonly connection: number }
  | { readonly kind: 'wake' }
  /** The application side sends a message to whoever subscribed. */
  | ({ readonly kind: 'applicationPublish' } & Message)
  | { readonly kind: 'fault'; readonly order: FaultOrder };

/** Ours: beyond it the oldest connections are a leak of the test, and new ones are closed. */
const CONNECTIONS_MAX = 1000;

export class BenchHubMachine implements Machine<HubInput, HubAction> {
  readonly #rules: HubRules;
  readonly #wallMinusUpMs: number;
  readonly #outlet = new Outlet();
  readonly #connections = new Map<number, Connection>();
  readonly #sessions: Sessions;
  readonly #entrance: Entrance;
  readonly #gateways: GatewayOperations;
  readonly #router: Router;
  readonly #requests: Requests;
  #faults: HubFaults = NO_FAULTS;
  #nowMs = 0;

  /** @param wallMinusUpMs Unix ms minus monotonic ms: expiries in credentials are on wall time */
  constructor(rules: HubRules, wallMinusUpMs: number) {
    this.#rules = rules;
    this.#wallMinusUpMs = wallMinusUpMs;
    this.#sessions = new Sessions(rules);
    this.#gateways = new GatewayOperations(rules);
    const outlet = this.#outlet;
    const sessions = this.#sessions;
    const send = (connection: number, packet: MqttPacket): void => this.#send(connection, packet);
    const end = (connection: number, why: string): void => this.#end(connection, why);
    const router = new Router({ rules, sessions, outlet, send });
    this.#router = router;
    this.#requests = new Requests({ rules, gateways: this.#gateways, router, outlet, send });
    this.#entrance = new Entrance({ admission: new Admission(rules), sessions, router, outlet, send, end });
  }

  get faults(): HubFaults {
    return this.#faults;
  }

  handle(input: HubInput, nowMs: number): HubAction[] {
    this.#nowMs = nowMs;
    switch (input.kind) {
      case 'accepted':
        this.#accept(input.connection, input.proven);
        break;
      case 'bytes':
        this.#hear(input.connection, input.bytes);
        break;
      case 'gone':
        this.#lose(input.connection, { why: 'the connection is gone', isAsked: false });
        break;
      case 'wake':
        this.#wake();
        break;
      case 'applicationPublish':
        this.#router.route({ topic: input.topic, payload: input.payload, qos: input.qos }, { nowMs });
        break;
      case 'fault':
        this.#obey(input.order);
        break;
    }
    return this.#outlet.take(nowMs);
  }

  wakeAtMs(): number | undefined {
    let earliestMs = this.#outlet.wakeAtMs ?? Number.POSITIVE_INFINITY;
    for (const connection of this.#connections.values()) {
      const replayMs = connection.session?.wakeAtMs(this.#nowMs);
      earliestMs = Math.min(earliestMs, connection.deadlineMs ?? earliestMs, replayMs ?? earliestMs);
    }
    return earliestMs === Number.POSITIVE_INFINITY ? undefined : earliestMs;
  }

  sessions(nowMs: number): SessionView[] {
    return this.#sessions.all(nowMs).map((session) => ({
      clientId: session.clientId,
      isConnected: session.connection !== undefined,
      stored: session.storedCount(nowMs),
      inFlight: session.inFlightCount,
      dropped: session.dropped,
      subscriptions: session.subscriptions(),
      subdevicesOnline: this.#gateways.onlineSubdevices(session.clientId),
    }));
  }

  #accept(number: number, proven: string | undefined): void {
    const { reach } = this.#faults;
    if (reach === 'refuses' || this.#connections.size >= CONNECTIONS_MAX) {
      this.#outlet.end(number, 'connection refused');
      return;
    }
    this.#connections.set(number, new Connection({ number, isSilent: reach !== 'normal', proven }, this.#nowMs));
  }

  #hear(number: number, bytes: Uint8Array): void {
    const connection = this.#connections.get(number);
    if (connection === undefined || connection.isSilent) return;
    for (const packet of connection.reader.push(bytes)) {
      const problem = this.#take(connection, packet);
      if (problem !== undefined) {
        this.#end(number, problem);
        return;
      }
      // After a DISCONNECT nothing more is read [MQTT-3.14.4-2].
      if (!this.#connections.has(number)) return;
    }
  }

  /** What is so wrong that the connection must be closed; `undefined`: nothing. */
  #take(connection: Connection, read: Decoded<MqttPacket>): string | undefined {
    const { session } = connection;
    if (!read.ok) {
      // [MQTT-3.1.2-2]: another protocol level is told so before the close.
      if (read.tag === LEVEL_TAG && session === undefined) this.#entrance.refuse(connection, 1);
      return `${read.problem}${read.tag === undefined ? '' : ` [${read.tag}]`}`;
    }
    connection.hear(this.#nowMs);
    const packet = read.value;
    if (session === undefined) {
      if (packet.kind !== 'connect') return 'no CONNECT first [MQTT-3.1.0-1]';
      const wallMs = this.#nowMs + this.#wallMinusUpMs;
      return this.#entrance.take(packet, connection, { nowMs: this.#nowMs, wallMs, faults: this.#faults });
    }
    if (packet.kind === 'disconnect') {
      this.#lose(connection.number, { why: 'it said so', isAsked: true });
      this.#outlet.end(connection.number, 'DISCONNECT');
      return undefined;
    }
    return this.#requests.take(packet, { connection, session, nowMs: this.#nowMs, faults: this.#faults });
  }

  #wake(): void {
    const nowMs = this.#nowMs;
    for (const connection of [...this.#connections.values()]) {
      if ((connection.deadlineMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
        this.#end(connection.number, connection.session === undefined ? 'no CONNECT in time' : 'keep alive ran out');
        continue;
      }
      if (connection.session !== undefined) this.#router.sendDue(connection.session, nowMs);
    }
  }

  /** Closes from this side. A silent connection is only given up: its other end learns nothing. */
  #end(number: number, why: string): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    this.#lose(number, { why, isAsked: false });
    if (connection.isSilent) this.#connections.set(number, connection);
    else this.#outlet.end(number, why);
  }

  /** The connection is over; its session is detached, or over too if it was a clean one [MQTT-3.1.2-6]. */
  #lose(number: number, ending: { readonly why: string; readonly isAsked: boolean }): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    this.#connections.delete(number);
    const { session, will } = connection;
    connection.release();
    if (session === undefined) {
      this.#outlet.note({ kind: 'rejected', connection: number, why: ending.why });
      return;
    }
    const { clientId } = session;
    session.detach(this.#nowMs);
    if (session.isClean) this.#sessions.forget(clientId);
    this.#outlet.note({ kind: 'disconnected', clientId, why: ending.why });
    if (this.#rules.subdevicesOfflineOnGatewayLoss) this.#notePresence(this.#gateways.gatewayLost(clientId));
    // [MQTT-3.1.2-8], and not after a DISCONNECT [MQTT-3.1.2-10].
    if (will === undefined || will.qos === 2 || ending.isAsked || this.#rules.wills === 'ignored') return;
    this.#router.route(
      { topic: will.topic, payload: will.payload, qos: will.qos },
      { nowMs: this.#nowMs, from: clientId },
    );
  }

  #notePresence(changes: readonly PresenceChange[]): void {
    for (const change of changes) this.#outlet.note({ kind: 'presence', ...change });
  }

  #obey(order: FaultOrder): void {
    switch (order.kind) {
      case 'set':
        this.#faults = { ...this.#faults, ...order.faults };
        if (order.faults.reach === 'half-open') for (const each of this.#connections.values()) each.isSilent = true;
        return;
      case 'dropConnections':
        for (const connection of [...this.#connections.values()]) {
          connection.isSilent = false;
          this.#end(connection.number, 'dropped on order');
        }
        return;
      case 'forgetSession': {
        const connection = this.#sessions.find(order.clientId, this.#nowMs)?.connection;
        if (connection !== undefined) this.#end(connection, 'its session was forgotten on order');
        this.#sessions.forget(order.clientId);
        this.#notePresence(this.#gateways.gatewayLost(order.clientId));
        this.#outlet.note({ kind: 'sessionEnded', clientId: order.clientId, why: 'forgotten on order' });
        return;
      }
    }
  }

  #send(connection: number, packet: MqttPacket): void {
    if (this.#connections.get(connection)?.isSilent === false) {
      this.#outlet.send(connection, packet, this.#nowMs + this.#faults.sendDelayMs);
    }
  }
}
