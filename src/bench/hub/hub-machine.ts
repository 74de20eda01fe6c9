/**
 * Bench hub: an emulation of the IoT hub's MQTT side, from its documents and published traces.
 *
 * `server.ts` runs it on TCP, the simulation on virtual wires. Connections come in by number; each has one session.
 * `bench-rules.ts` defines the behaviour, `faults.ts` the injected faults. The machine is a correct MQTT 3.1.1 server
 * for QoS 0 and 1, unless the rules differ.
 *
 * Source: MQTT 3.1.1 §3 and §4; the hub's documents as named in `bench-rules.ts`.
 */
import type { Decoded } from '../../base/decoded.ts';
import type { Machine } from '../../base/machine.ts';
import type { Message } from '../../base/message.ts';
import type { MqttPacket } from '../../codec/mqtt.ts';
import { LEVEL_TAG } from '../../codec/mqtt-rules.ts';
import { encodeMqtt } from '../../codec/mqtt-wire.ts';
import type { HubRules } from './bench-rules.ts';
import { ClientConnection } from './client-connection.ts';
import type { HubSession } from './client-session.ts';
import type { SessionView } from './client-sessions.ts';
import { type FaultCommand, type HubFaults, NO_FAULTS } from './faults.ts';
import { buildHubParts, type HubParts } from './hub-parts.ts';
import { type BenchHubAction, Outgoing } from './outgoing.ts';
import type { PlatformCommand } from './platform.ts';
import type { BenchService } from './service-contract.ts';

export type BenchHubInput =
  /** `proven`: client id proved by TLS. */
  | { readonly kind: 'accepted'; readonly connection: number; readonly proven?: string }
  | { readonly kind: 'bytes'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly kind: 'gone'; readonly connection: number }
  | { readonly kind: 'wake' }
  /** The application side sends a message to the subscribers. */
  | ({ readonly kind: 'applicationPublish' } & Message)
  | { readonly kind: 'fault'; readonly command: FaultCommand }
  | { readonly kind: 'platform'; readonly command: PlatformCommand };

/**
 * Largest number of connections. Own choice: a larger number means that the test does not close its connections. Beyond
 * this number, new connections are closed.
 */
const CONNECTIONS_MAX = 1000;

/** Bytes that are not MQTT: a control packet of type 0, which is reserved (table 2.1). */
const GARBAGE = new Uint8Array([0x00, 0x02, 0xde, 0xad]);

export class BenchHubMachine implements Machine<BenchHubInput, BenchHubAction> {
  readonly #rules: HubRules;
  readonly #wallMinusUpMs: number;
  readonly #outgoing = new Outgoing();
  readonly #connections = new Map<number, ClientConnection>();
  readonly #inside: HubParts;
  #faults: HubFaults = NO_FAULTS;
  #nowMs = 0;

  /**
   * @param wallMinusUpMs Unix ms minus monotonic ms, because the expiry in credentials is a wall time
   * @param services services of the hub besides `$gateway`
   */
  constructor(rules: HubRules, wallMinusUpMs: number, services: readonly BenchService[] = []) {
    this.#rules = rules;
    this.#wallMinusUpMs = wallMinusUpMs;
    this.#inside = buildHubParts(rules, services, {
      outgoing: this.#outgoing,
      send: (connection, packet) => this.#send(connection, encodeMqtt(packet)),
      sendGarbage: (connection) => this.#send(connection, GARBAGE),
      end: (connection, why) => this.#end(connection, why),
      nowMs: () => this.#nowMs,
    });
  }

  handle(input: BenchHubInput, nowMs: number): BenchHubAction[] {
    this.#nowMs = nowMs;
    switch (input.kind) {
      case 'accepted':
        this.#accept(input.connection, input.proven);
        break;
      case 'bytes':
        this.#receive(input.connection, input.bytes);
        break;
      case 'gone':
        this.#lose(input.connection, { why: 'connection lost', isAsked: false });
        break;
      case 'wake':
        this.#wake();
        break;
      case 'applicationPublish':
        this.#inside.router.route({ topic: input.topic, payload: input.payload, qos: input.qos }, { nowMs });
        break;
      case 'fault':
        this.#obey(input.command);
        break;
      case 'platform': {
        const { result, notice } = this.#inside.platform.decide(input.command);
        this.#outgoing.note({ kind: 'platformCommand', command: input.command, result });
        if (notice !== undefined) this.#inside.offer(notice.clientId, notice.message);
        break;
      }
    }
    return this.#outgoing.take(nowMs);
  }

  wakeAtMs(): number | undefined {
    const never = Number.POSITIVE_INFINITY;
    let earliestMs = Math.min(this.#outgoing.wakeAtMs ?? never, this.#inside.answers.wakeAtMs ?? never);
    for (const connection of this.#connections.values()) {
      const replayMs = connection.session?.wakeAtMs(this.#nowMs);
      earliestMs = Math.min(earliestMs, connection.deadlineMs ?? earliestMs, replayMs ?? earliestMs);
    }
    return earliestMs === never ? undefined : earliestMs;
  }

  sessions(nowMs: number): SessionView[] {
    return this.#inside.views(nowMs);
  }

  /**
   * Messages for a client: those sent and not acknowledged, and those stored. `undefined`: the client has no session.
   */
  messages(clientId: string, nowMs: number): ReturnType<HubSession['messages']> | undefined {
    return this.#inside.sessions.find(clientId, nowMs)?.messages();
  }

  #accept(number: number, proven: string | undefined): void {
    const { reach } = this.#faults;
    if (reach === 'refuses' || this.#connections.size >= CONNECTIONS_MAX) {
      this.#outgoing.end(number, 'connection refused');
      return;
    }
    const { uplinksPerS } = this.#rules;
    const connection = new ClientConnection({ number, isSilent: reach !== 'normal', proven, uplinksPerS }, this.#nowMs);
    this.#connections.set(number, connection);
  }

  #receive(number: number, bytes: Uint8Array): void {
    const connection = this.#connections.get(number);
    if (connection === undefined || connection.isSilent) return;
    for (const packet of connection.reader.push(bytes)) {
      if (connection.isSilent) return;
      const problem = this.#take(connection, packet);
      if (problem !== undefined) {
        this.#end(number, problem);
        return;
      }
      // After a DISCONNECT the connection is gone, and no further packet is read [MQTT-3.14.4-2].
      if (!this.#connections.has(number)) return;
    }
  }

  /** Reason to close the connection; `undefined`: none. */
  #take(connection: ClientConnection, read: Decoded<MqttPacket>): string | undefined {
    const { session } = connection;
    if (!read.ok) {
      // [MQTT-3.1.2-2]: another protocol level gets a CONNACK before the close.
      if (read.tag === LEVEL_TAG && session === undefined) this.#inside.connectHandler.refuse(connection, 1);
      return `${read.problem}${read.tag === undefined ? '' : ` [${read.tag}]`}`;
    }
    connection.hear(this.#nowMs);
    const packet = read.value;
    const moment = { nowMs: this.#nowMs, wallMs: this.#nowMs + this.#wallMinusUpMs, faults: this.#faults };
    if (session === undefined) {
      if (packet.kind !== 'connect') return 'no CONNECT first [MQTT-3.1.0-1]';
      return this.#inside.connectHandler.take(packet, connection, moment);
    }
    if (packet.kind === 'disconnect') {
      this.#lose(connection.number, { why: 'DISCONNECT', isAsked: true });
      this.#outgoing.end(connection.number, 'DISCONNECT');
      return undefined;
    }
    return this.#inside.requests.take(packet, { connection, session, ...moment });
  }

  #wake(): void {
    const nowMs = this.#nowMs;
    this.#inside.answers.giveDue(nowMs);
    for (const connection of [...this.#connections.values()]) {
      if ((connection.deadlineMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
        this.#end(connection.number, connection.session === undefined ? 'no CONNECT in time' : 'keep alive ran out');
        continue;
      }
      if (connection.session !== undefined) this.#inside.router.sendDue(connection.session, nowMs);
    }
  }

  /** Closes the connection. A silent connection is only forgotten: the client is not informed. */
  #end(number: number, why: string): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    this.#lose(number, { why, isAsked: false });
    if (connection.isSilent) this.#connections.set(number, connection);
    else this.#outgoing.end(number, why);
  }

  /** Removes a connection. Its session is detached, or ended if the session was clean [MQTT-3.1.2-6]. */
  #lose(number: number, ending: { readonly why: string; readonly isAsked: boolean }): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    this.#connections.delete(number);
    const { session, will } = connection;
    connection.release();
    if (session === undefined) {
      this.#outgoing.note({ kind: 'rejected', connection: number, why: ending.why });
      return;
    }
    const { clientId } = session;
    session.detach(this.#nowMs);
    if (session.isClean) this.#inside.sessions.forget(clientId);
    this.#outgoing.note({ kind: 'disconnected', clientId, why: ending.why });
    if (this.#rules.subdevicesOfflineOnGatewayLoss) this.#inside.topology.gatewayLost(clientId);
    // The will is published when the connection is lost [MQTT-3.1.2-8], but not after a DISCONNECT [MQTT-3.1.2-10].
    if (will === undefined || will.qos === 2 || ending.isAsked || this.#rules.wills !== 'published') return;
    const { topic, payload, qos, retain } = will;
    if (retain) this.#inside.retained.keep({ topic, payload, qos }); // [MQTT-3.1.2-17]
    this.#inside.router.route({ topic, payload, qos }, { nowMs: this.#nowMs, from: clientId });
  }

  #obey(command: FaultCommand): void {
    switch (command.kind) {
      case 'set':
        this.#faults = { ...this.#faults, ...command.faults };
        if (command.faults.reach === 'half-open') for (const each of this.#connections.values()) each.isSilent = true;
        return;
      case 'dropConnections':
        for (const connection of [...this.#connections.values()]) {
          connection.isSilent = false;
          this.#end(connection.number, 'dropped by command');
        }
        return;
      case 'kick':
        this.#end(this.#connectionOf(command.clientId), 'another connection has the same client id [MQTT-3.1.4-2]');
        return;
      case 'sendGarbage':
        this.#send(this.#connectionOf(command.clientId), GARBAGE);
        return;
      case 'forgetSession':
        this.#end(this.#connectionOf(command.clientId), 'its session was deleted by command');
        this.#inside.sessions.forget(command.clientId);
        this.#inside.topology.gatewayLost(command.clientId);
        this.#outgoing.note({ kind: 'sessionEnded', clientId: command.clientId, why: 'deleted by command' });
        return;
    }
  }

  /** Number of the connection of a client. 0: the client is away; no connection has the number 0. */
  #connectionOf(clientId: string): number {
    return this.#inside.sessions.find(clientId, this.#nowMs)?.connection ?? 0;
  }

  #send(connection: number, bytes: Uint8Array): void {
    if (this.#connections.get(connection)?.isSilent === false) {
      this.#outgoing.send(connection, bytes, this.#nowMs + this.#faults.sendDelayMs);
    }
  }
}
